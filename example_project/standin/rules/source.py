"""In: the facts of one event. Out: what each action source needs: website, app, CRM and business messaging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from example_project.standin.rules.table import Facts, Rule, either, is_flag, is_object, one_of

EXTINFO_SLOTS = 16
EXTINFO_KINDS = ("a2", "i2")
EXTINFO_OS_VERSION = 4

MESSAGING_NAMES = frozenset(
    {
        "Purchase",
        "LeadSubmitted",
        "InitiateCheckout",
        "AddToCart",
        "ViewContent",
        "OrderCreated",
        "OrderShipped",
        "OrderDelivered",
        "OrderCanceled",
        "OrderReturned",
        "CartAbandoned",
        "QualifiedLead",
        "RatingProvided",
        "ReviewProvided",
    }
)


@dataclass(frozen=True, kw_only=True)
class Need:
    """A channel needs one of these keys in user_data; the first name is the one an error shows."""

    channel: str
    any_of: tuple[str, ...]
    subcode: int | None


NEEDS = (
    Need(channel="messenger", any_of=("page_id",), subcode=2804069),
    Need(channel="messenger", any_of=("page_scoped_user_id",), subcode=None),
    Need(channel="whatsapp", any_of=("page_id", "whatsapp_business_account_id"), subcode=2804116),
    Need(channel="whatsapp", any_of=("ctwa_clid",), subcode=2804087),
    # Meta's page says instagram_business_account_id; the API that answers wants this one.
    Need(channel="instagram", any_of=("ig_account_id",), subcode=2804079),
    Need(channel="instagram", any_of=("ig_sid",), subcode=None),
)
CHANNELS = frozenset(need.channel for need in NEEDS)
_is_tracking_flag = either(is_flag, one_of(0, 1))


def _website(facts: Facts) -> Iterable[str]:
    if facts.action_source == "website":
        if facts.event.get("event_source_url") is None:
            yield "event_source_url"
        if "client_user_agent" not in facts.user_data:
            yield "client_user_agent"


def _app(facts: Facts) -> Iterable[str]:
    if facts.action_source == "app":
        if not is_object(facts.event.get("app_data")):
            yield "app_data"
        elif not _is_tracking_flag(facts.app_data.get("advertiser_tracking_enabled")):
            yield "advertiser_tracking_enabled"


def _extinfo(facts: Facts) -> Iterable[str]:
    """An app event needs it; app_data on any other event must be as good."""
    is_wanted = facts.action_source == "app" or "extinfo" in facts.app_data
    if is_wanted and not _is_extinfo(facts.app_data.get("extinfo")):
        yield "extinfo"


def _is_extinfo(value: object) -> bool:
    if not isinstance(value, list) or len(value) != EXTINFO_SLOTS or not all(isinstance(slot, str) for slot in value):
        return False
    return value[0] in EXTINFO_KINDS and bool(value[EXTINFO_OS_VERSION].strip())


def _crm(facts: Facts) -> Iterable[str]:
    is_crm = facts.action_source == "system_generated" and facts.custom_data.get("event_source") == "crm"
    if is_crm and not facts.custom_data.get("lead_event_source"):
        yield "lead_event_source"


def _channel(facts: Facts) -> Iterable[str]:
    if facts.action_source == "business_messaging" and facts.event.get("messaging_channel") not in CHANNELS:
        yield "messaging_channel"


def _messaging_name(facts: Facts) -> Iterable[str]:
    if facts.action_source == "business_messaging" and facts.event_name not in MESSAGING_NAMES:
        yield "event_name"


def _unmet(need: Need, facts: Facts) -> Iterable[str]:
    if facts.action_source != "business_messaging" or facts.event.get("messaging_channel") != need.channel:
        return
    if not any(key in facts.user_data for key in need.any_of):
        yield need.any_of[0]


def _need_rule(need: Need) -> Rule:
    return Rule(
        name=f"{need.channel}_{need.any_of[0]}",
        says=f"The {need.channel} channel needs {' or '.join(need.any_of)}.",
        faulty=lambda facts: _unmet(need, facts),
        subcode=need.subcode,
    )


SOURCE_RULES = (
    Rule(name="website_needs", says="A website event needs its URL and the user agent.", faulty=_website),
    Rule(name="app_needs", says="An app event needs app_data with advertiser_tracking_enabled.", faulty=_app),
    Rule(
        name="extinfo_malformed",
        says="extinfo has 16 slots, the kind and the OS version among them.",
        faulty=_extinfo,
        subcode=2804043,
    ),
    Rule(name="crm_needs", says="A CRM event needs lead_event_source.", faulty=_crm),
    Rule(name="channel_unknown", says="Messaging needs messenger, whatsapp or instagram.", faulty=_channel),
    Rule(
        name="messaging_name",
        says="This event name is not allowed for business messaging.",
        faulty=_messaging_name,
        subcode=2804066,
    ),
    *map(_need_rule, NEEDS),
)
