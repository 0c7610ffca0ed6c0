"""Rules for what each action source requires: website, app, messaging and CRM. As of 2026-11-22."""

from __future__ import annotations

from typing import Any, Final

from django_capi.meta.events.app import EXTINFO_PLATFORMS, EXTINFO_SLOTS, OS_VERSION_SLOT
from django_capi.meta.events.names import MESSAGING_EVENTS, ActionSource, MessagingChannel
from django_capi.meta.normalize.ids import lead_id
from django_capi.meta.rules.problem import Parts, Rule, Severity, is_one_of
from django_capi.meta.translatable import gettext_noop as _

_CHANNELS: Final = frozenset(MessagingChannel)


def _website_lacks(key: str, parts: Parts) -> bool:
    part = parts.event if key == "event_source_url" else parts.user
    return parts.source == ActionSource.WEBSITE and not part.get(key)


def _no_app_data(parts: Parts) -> bool:
    return parts.source == ActionSource.APP and not isinstance(parts.event.get("app_data"), dict)


def _no_tracking_flag(parts: Parts) -> bool:
    app = parts.event.get("app_data")
    return isinstance(app, dict) and app.get("advertiser_tracking_enabled") not in (0, 1)


def _bad_extinfo(parts: Parts) -> bool:
    app = parts.event.get("app_data")
    return isinstance(app, dict) and not _is_extinfo(app.get("extinfo"))


def _is_extinfo(slots: Any) -> bool:
    if not isinstance(slots, list) or len(slots) != EXTINFO_SLOTS or not all(isinstance(slot, str) for slot in slots):
        return False
    return slots[0] in EXTINFO_PLATFORMS and bool(slots[OS_VERSION_SLOT].strip())


def _is_messaging(parts: Parts, channel: MessagingChannel | None = None) -> bool:
    if parts.source != ActionSource.BUSINESS_MESSAGING:
        return False
    return channel is None or parts.event.get("messaging_channel") == channel


def _no_channel(parts: Parts) -> bool:
    return _is_messaging(parts) and not is_one_of(_CHANNELS, parts.event.get("messaging_channel"))


def _not_a_messaging_event(parts: Parts) -> bool:
    return _is_messaging(parts) and not is_one_of(MESSAGING_EVENTS, parts.event.get("event_name"))


def _messenger_lacks(key: str, parts: Parts) -> bool:
    return _is_messaging(parts, MessagingChannel.MESSENGER) and not parts.user.get(key)


def _whatsapp_without_account(parts: Parts) -> bool:
    if not _is_messaging(parts, MessagingChannel.WHATSAPP):
        return False
    return not (parts.user.get("whatsapp_business_account_id") or parts.user.get("page_id"))


def _whatsapp_without_click(parts: Parts) -> bool:
    return _is_messaging(parts, MessagingChannel.WHATSAPP) and not parts.user.get("ctwa_clid")


def _instagram_lacks(key: str, parts: Parts) -> bool:
    return _is_messaging(parts, MessagingChannel.INSTAGRAM) and not parts.user.get(key)


def _bad_lead_id(parts: Parts) -> bool:
    value = parts.user.get("lead_id")
    if value is None:
        return False
    return isinstance(value, bool) or not isinstance(value, int | str) or lead_id(str(value)) != str(value)


def _crm_without_system(parts: Parts) -> bool:
    return parts.custom.get("event_source") == "crm" and not parts.custom.get("lead_event_source")


def _crm_source(parts: Parts) -> bool:
    return parts.custom.get("event_source") == "crm" and parts.source != ActionSource.SYSTEM_GENERATED


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

SOURCE_RULES: Final = (
    Rule("website_url", "event_source_url", _REFUSED, None, lambda parts: _website_lacks("event_source_url", parts),
         _("A website event needs the URL of its page; for actions without a visitor use another action source."),
         "Server Event Parameters"),
    Rule("website_agent", "user_data.client_user_agent", _REFUSED, None,
         lambda parts: _website_lacks("client_user_agent", parts),
         _("A website event needs the visitor's user agent; for actions without a visitor use another action source."),
         "Best Practices; Customer Information Parameters"),
    Rule("app_data_present", "app_data", _REFUSED, None, _no_app_data,
         _("An app event needs app_data."), "App Events"),
    Rule("app_tracking_flag", "app_data.advertiser_tracking_enabled", _REFUSED, None, _no_tracking_flag,
         _("Say with 0 or 1 whether tracking is allowed on the device."), "App Events"),
    Rule("extinfo_form", "app_data.extinfo", _REFUSED, 2804043, _bad_extinfo,
         _("Send sixteen strings, a2 or i2 first and the OS version fifth; leave app_data out of web events."),
         "App Events; captured answer"),
    Rule("messaging_channel_known", "messaging_channel", _REFUSED, None, _no_channel,
         _("Send messenger, whatsapp or instagram."), "Business Messaging"),
    Rule("messaging_event_name", "event_name", _REFUSED, 2804066, _not_a_messaging_event,
         _("Business messaging accepts other events than websites do; send LeadSubmitted instead of Lead."),
         "Business Messaging; captured answer"),
    Rule("messenger_page", "user_data.page_id", _REFUSED, 2804069, lambda parts: _messenger_lacks("page_id", parts),
         _("A Messenger event needs the page's id."), "Business Messaging; captured answer"),
    Rule("messenger_user", "user_data.page_scoped_user_id", _REFUSED, None,
         lambda parts: _messenger_lacks("page_scoped_user_id", parts),
         _("A Messenger event needs the person's id on the page."), "Business Messaging"),
    Rule("whatsapp_account", "user_data.whatsapp_business_account_id", _REFUSED, 2804116, _whatsapp_without_account,
         _("A WhatsApp event needs the account's id or the page's."), "Business Messaging; captured answer"),
    Rule("whatsapp_click", "user_data.ctwa_clid", _REFUSED, 2804087, _whatsapp_without_click,
         _("A WhatsApp event needs the click id of the advertisement."), "Business Messaging; captured answer"),
    Rule("instagram_account", "user_data.ig_account_id", _REFUSED, 2804079,
         lambda parts: _instagram_lacks("ig_account_id", parts),
         _("An Instagram event needs ig_account_id; Meta's page names another key, its API wants this one."),
         "captured answer"),
    Rule("instagram_user", "user_data.ig_sid", _REFUSED, None, lambda parts: _instagram_lacks("ig_sid", parts),
         _("An Instagram event needs the person's id (ig_sid)."), "Business Messaging"),
    Rule("lead_id_form", "user_data.lead_id", _REFUSED, 2804036, _bad_lead_id,
         _("A lead id has 15 to 17 digits; leave a wrong one out."), "CRM integration; captured answer"),
    Rule("crm_system", "custom_data.lead_event_source", _REFUSED, None, _crm_without_system,
         _("Name the CRM in lead_event_source."), "CRM integration"),
    Rule("crm_action_source", "action_source", _WARNED, None, _crm_source,
         _("Lead events of a CRM are system_generated."), "CRM integration"),
)  # fmt: skip
