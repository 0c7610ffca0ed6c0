"""The model of events."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_capi.clock import Now
from django_capi.consent import Consent
from django_capi.models.choices import BrowserFamily, BrowserState, Origin, Rank, Status
from django_capi.models.querysets import EventQuerySet


class Event(models.Model):
    """One customer action for one pixel: the server copy as JSON, and what the browser reported of its copy."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel"), max_length=32)
    event_name = models.CharField(_("event name"), max_length=50)
    event_id = models.CharField(_("event id"), max_length=100)
    event_time = models.BigIntegerField(_("event time"), help_text=_("Unix seconds; never changed"))
    action_source = models.CharField(_("action source"), max_length=20)
    origin = models.PositiveSmallIntegerField(_("noticed by"), choices=Origin, default=Origin.TRACK)
    object_ref = models.CharField(_("object"), max_length=120, blank=True)
    consent = models.PositiveSmallIntegerField(_("consent"), choices=Consent)
    consented_at = models.DateTimeField(_("consent decided"), null=True)  # empty means before any withdrawal
    # What custom_data says, for the admin's figures: both or neither. Rows of earlier releases have none.
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, null=True, blank=True)  # noqa: DJ001  # as the value
    test_event_code = models.CharField(_("test code"), max_length=20, blank=True)
    # For the admin's figures by page and browser. Database defaults let processes of an older release insert rows.
    page = models.CharField(_("page"), max_length=100, blank=True, default="", db_default="")
    browser_family = models.PositiveSmallIntegerField(
        _("browser"), choices=BrowserFamily, default=BrowserFamily.UNKNOWN, db_default=0
    )
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    status = models.PositiveSmallIntegerField(_("server copy"), choices=Status, default=Status.PENDING)
    rank = models.PositiveSmallIntegerField(_("rank"), choices=Rank, default=Rank.FIRST)
    due_at = models.DateTimeField(_("due"))
    deadline = models.DateTimeField(_("deadline"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    ambiguous = models.PositiveIntegerField(_("attempts without an answer"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    batch = models.ForeignKey("Batch", models.DO_NOTHING, db_constraint=False, null=True, blank=True, db_index=False)
    error_code = models.IntegerField(_("code"), null=True, blank=True)
    error_subcode = models.IntegerField(_("subcode"), null=True, blank=True)
    error_reason = models.CharField(_("reason"), max_length=250, blank=True)
    payload = models.TextField(_("payload"), blank=True)
    match_keys = models.PositiveIntegerField(_("match keys"), default=0)
    left_out = models.CharField(_("left out"), max_length=250, blank=True, help_text=_("key:reason, no values"))
    server_fbp = models.CharField(max_length=16, blank=True)
    server_external_id = models.CharField(max_length=16, blank=True)
    # 16 bits of a keyed digest of the address: they tell a proxy from many visitors, and identify no visitor.
    server_ip = models.CharField(max_length=4, null=True, blank=True)  # noqa: DJ001  # as the value
    server_ip_version = models.PositiveSmallIntegerField(null=True, blank=True)  # 4 or 6

    browser_state = models.PositiveSmallIntegerField(_("browser copy"), choices=BrowserState, default=BrowserState.NONE)
    browser_at = models.DateTimeField(_("first receipt"), null=True, blank=True)
    browser_count = models.PositiveIntegerField(_("receipts"), default=0)
    browser_fbp = models.CharField(max_length=16, blank=True)
    browser_external_id = models.CharField(max_length=16, blank=True)
    # What the page gave to Meta's pixel, by the first receipt; a claim of the browser.
    browser_value = models.DecimalField(
        _("value in the browser"), max_digits=20, decimal_places=4, null=True, blank=True
    )
    browser_currency = models.CharField(  # noqa: DJ001  # as the value
        _("currency in the browser"), max_length=3, null=True, blank=True
    )
    shared_id = models.BooleanField(_("one id, several visitors"), default=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)  # of a column that tallies count

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [
            ("view_payload", _("Can view event payloads")),
            ("resend_event", _("Can resend events")),
            ("send_test_event", _("Can send test events")),
            ("withdraw_event", _("Can withdraw events")),
        ]
        constraints = [
            # The id comes first, so that the index also serves a search for one id.
            models.UniqueConstraint(fields=["event_id", "event_name", "pixel_id"], name="capi_one_row_per_event"),
        ]
        indexes = [
            # Not partial: SQLite ignores a partial index if the status is a parameter.
            models.Index(fields=["status", "pixel_id", "rank", "deadline", "id"], name="capi_event_due"),
            models.Index(fields=["event_time", "event_name"], name="capi_event_time"),
            models.Index(fields=["event_name", "event_time"], name="capi_event_name"),
            models.Index(fields=["status", "event_time"], name="capi_event_status"),
            models.Index(fields=["changed_at", "pixel_id", "event_time"], name="capi_event_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} {self.event_id}"


class Overview(Event):
    """Every event name and the state of delivery: a page of the admin, with a permission of its own to see it."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        # The admin sorts an app's pages by name, and this is the first one.
        verbose_name = _("at a glance")
        verbose_name_plural = _("at a glance")


class Deduplication(Event):
    """A page of the admin on how many events have both copies, with a permission of its own."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("deduplication")
        verbose_name_plural = _("deduplication")


class CustomerInformation(Event):
    """A page of the admin on which customer keys the events carry, with a permission of its own."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("customer information")
        verbose_name_plural = _("customer information")


class DataFreshness(Event):
    """A page of the admin on how soon Meta has an event, with a permission of its own."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("data freshness")
        verbose_name_plural = _("data freshness")
