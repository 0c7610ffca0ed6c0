"""The tables. A row of `Event` is one customer action for one pixel, with its two copies side by side."""

from __future__ import annotations

from enum import IntFlag

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_capi.clock import Now
from django_capi.consent import Consent

MATCH_KEYS = (
    "em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id",
    "client_ip_address", "client_user_agent", "fbc", "fbp",
    "subscription_id", "fb_login_id", "lead_id", "anon_id", "madid",
)  # fmt: skip
MatchKey = IntFlag("MatchKey", MATCH_KEYS)  # type: ignore[misc]  # the order is stored: append only


class Status(models.IntegerChoices):
    """Where the server copy is. All but PENDING are final."""

    PENDING = 0, _("pending")
    ACCEPTED = 1, _("accepted")
    REJECTED = 2, _("rejected")
    EXPIRED = 3, _("expired")
    WITHDRAWN = 4, _("withdrawn")
    IN_DOUBT = 5, _("in doubt")


class BrowserState(models.IntegerChoices):
    """What the page reported of the browser copy; the larger value is the better news."""

    NONE = 0, _("no receipt")
    BLOCKED = 1, _("blocked")
    FIRED = 2, _("fired")


class Rank(models.IntegerChoices):
    """Who goes first when many wait: a conversion is worth more than a page view.

    What Meta's servers fail at goes last and by itself, so that it holds nothing up.
    """

    FIRST = 0, _("first")
    PAGE_VIEW = 1, _("page views")
    ALONE = 2, _("alone")


class Origin(models.IntegerChoices):
    """Where the action was noticed."""

    PAGE = 0, _("page")
    TRACK = 1, _("track()")
    CONVERSION = 2, _("conversion")
    BROWSER = 3, _("browser")


class Event(models.Model):
    """One action for one pixel: the server copy as finished JSON text, and what the browser reported."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel"), max_length=32)
    event_name = models.CharField(_("event name"), max_length=50)
    event_id = models.CharField(_("event id"), max_length=100)
    event_time = models.BigIntegerField(_("event time"), help_text=_("Unix seconds; never changed"))
    action_source = models.CharField(_("action source"), max_length=20)
    origin = models.PositiveSmallIntegerField(_("noticed by"), choices=Origin, default=Origin.TRACK)
    object_ref = models.CharField(_("object"), max_length=120, blank=True)
    consent = models.PositiveSmallIntegerField(_("consent"), choices=Consent)
    consented_at = models.DateTimeField(_("consent decided"), null=True)  # empty: before any withdrawal
    test_event_code = models.CharField(_("test code"), max_length=20, blank=True)
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

    browser_state = models.PositiveSmallIntegerField(_("browser copy"), choices=BrowserState, default=BrowserState.NONE)
    browser_at = models.DateTimeField(_("first receipt"), null=True, blank=True)
    browser_count = models.PositiveIntegerField(_("receipts"), default=0)
    browser_fbp = models.CharField(max_length=16, blank=True)
    browser_external_id = models.CharField(max_length=16, blank=True)
    shared_id = models.BooleanField(_("one id, several visitors"), default=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)  # in what is counted

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [
            ("view_payload", _("Can view event payloads")),
            ("resend_event", _("Can resend events")),
        ]
        constraints = [
            # The id first: the index serves the search for one id, too.
            models.UniqueConstraint(fields=["event_id", "event_name", "pixel_id"], name="capi_one_row_per_event"),
        ]
        indexes = [
            # Full, not partial: SQLite scans past a partial index when the state comes as a parameter.
            models.Index(fields=["status", "pixel_id", "rank", "deadline", "id"], name="capi_event_due"),
            models.Index(fields=["event_time", "event_name"], name="capi_event_time"),
            models.Index(fields=["changed_at", "pixel_id", "event_time"], name="capi_event_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} {self.event_id}"


class Deduplication(Event):
    """How far the two copies of each event met: a page of the admin, with a permission of its own to see it."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("deduplication")
        verbose_name_plural = _("deduplication")


class Span(models.IntegerChoices):
    """What a tally is of. Days are those of UTC."""

    HOUR = 0, _("an hour")
    DAY = 1, _("a day")
    PRUNED = 2, _("what the hour has lost to pruning")  # contained in the hour's


class Tally(models.Model):
    """How many events of a while were in one state of both copies. The counts outlive the rows."""

    id = models.BigAutoField(primary_key=True)
    span = models.PositiveSmallIntegerField(choices=Span)
    start = models.BigIntegerField(help_text="Unix seconds")
    pixel_id = models.CharField(max_length=32)
    event_name = models.CharField(max_length=50)
    status = models.PositiveSmallIntegerField(choices=Status)
    browser_state = models.PositiveSmallIntegerField(choices=BrowserState)
    counted_at = models.DateTimeField()
    events = models.PositiveIntegerField()
    shared_ids = models.PositiveIntegerField()
    # Of each key: the events whose browser's or server's copy carries it, both do, both carry the same.
    fbp_browser = models.PositiveIntegerField()
    fbp_server = models.PositiveIntegerField()
    fbp_pairs = models.PositiveIntegerField()
    fbp_equal = models.PositiveIntegerField()
    external_id_browser = models.PositiveIntegerField()
    external_id_server = models.PositiveIntegerField()
    external_id_pairs = models.PositiveIntegerField()
    external_id_equal = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["span", "start", "pixel_id", "event_name", "status", "browser_state"],
                name="capi_one_tally_per_state",
            ),
        ]
        indexes = [models.Index(fields=["span", "counted_at"], name="capi_tally_counted")]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start} {self.event_name}"


class Count(models.Model):
    """The one row that says how far the tallies have come. Whoever writes tallies raises its version first."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)  # what changed before is in the tallies
    checked = models.BigIntegerField(default=0, help_text="Unix seconds")  # the hour that was counted unasked

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.version}"


class Lane(models.Model):
    """The right to send for one pixel: who holds it until when, and whether Meta asked us to wait."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel"), max_length=32)
    shard = models.PositiveSmallIntegerField(default=0)
    owner = models.CharField(_("held by"), max_length=64, blank=True)
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    pause_reason = models.CharField(_("why paused"), max_length=250, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    max_batch = models.PositiveIntegerField(_("events in a request"), default=500)
    seen_at = models.DateTimeField(_("a worker looked"), null=True, blank=True)
    last_ok_at = models.DateTimeField(_("last accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")
        constraints = [models.UniqueConstraint(fields=["pixel_id", "shard"], name="capi_one_lane_per_shard")]

    def __str__(self) -> str:
        return f"{self.pixel_id}/{self.shard}"


class Batch(models.Model):
    """One request to Meta: written before it is sent, closed with the answer."""

    id = models.BigAutoField(primary_key=True)
    lane = models.ForeignKey(Lane, models.CASCADE, related_name="batches")
    fence = models.BigIntegerField()
    started_at = models.DateTimeField(_("sent"))
    finished_at = models.DateTimeField(_("answered"), null=True, blank=True)
    events = models.PositiveIntegerField(_("events"))
    size = models.PositiveIntegerField(_("bytes"))
    event_pks = models.JSONField(default=list, help_text=_("emptied when the batch is closed"))
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.IntegerField(_("code"), null=True, blank=True)
    error_subcode = models.IntegerField(_("subcode"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    fbtrace_id = models.CharField("fbtrace_id", max_length=64, blank=True)

    class Meta:
        verbose_name = _("request to Meta")
        verbose_name_plural = _("requests to Meta")
        indexes = [models.Index(fields=["lane", "finished_at"], name="capi_batch_open")]

    def __str__(self) -> str:
        return f"{self.pk}"


class ConversionState(models.IntegerChoices):
    """What has become of an object's conversion. OPEN and INCOMPLETE are still owed."""

    OPEN = 0, _("has not happened")
    INCOMPLETE = 1, _("stored, to be completed")  # in a transaction: its data is read again after the commit
    STORED = 2, _("stored")
    NOT_SENT = 3, _("not sent")


class NotSent(models.TextChoices):
    """Why a conversion that has happened has no event."""

    BEFORE = "before", _("it happened before this app knew the model")
    DENIED = "denied", _("the customer declined")
    UNKNOWN = "unknown", _("the customer's consent is not known")
    WITHDRAWN = "withdrawn", _("the customer withdrew consent")
    EXCLUDED = "excluded", _("it came from a crawler or an excluded request")
    NO_PIXEL = "no_pixel", _("it belongs to no pixel")
    TOO_OLD = "too_old", _("it was found too late for Meta")


class ConversionMark(models.Model):
    """One conversion of one object: owed until it is stored as an event or has a reason why it is not.

    Outlives the ledger, so that an old order never fires again.
    """

    id = models.BigAutoField(primary_key=True)
    object_ref = models.CharField(_("object"), max_length=120)
    event_name = models.CharField(_("event name"), max_length=50)
    state = models.PositiveSmallIntegerField(_("state"), choices=ConversionState, default=ConversionState.OPEN)
    reason = models.CharField(_("why not sent"), max_length=20, choices=NotSent, blank=True)
    event_id = models.CharField(_("event id"), max_length=100, blank=True)
    pixel_ids = models.TextField(_("pixels"), blank=True, help_text=_("separated by spaces"))
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    happened_at = models.DateTimeField(_("happened"), null=True, blank=True)
    check_at = models.DateTimeField(_("next check"), null=True, blank=True)
    shown_at = models.DateTimeField(_("browser copy rendered"), null=True, blank=True)

    class Meta:
        verbose_name = _("conversion")
        verbose_name_plural = _("conversions")
        constraints = [
            models.UniqueConstraint(fields=["object_ref", "event_name"], name="capi_one_mark_per_object"),
        ]
        indexes = [models.Index(fields=["state", "check_at"], name="capi_mark_check")]

    def __str__(self) -> str:
        return f"{self.event_name} {self.object_ref}"


class ConversionSource(models.Model):
    """A conversion class in one database: when this app first met it, and how far the sweep has come."""

    id = models.BigAutoField(primary_key=True)
    model = models.CharField(max_length=100, help_text="app_label.model_name")
    database = models.CharField(max_length=60)
    event_name = models.CharField(max_length=50)
    met_at = models.DateTimeField(auto_now_add=True)
    met_pk = models.BigIntegerField(null=True, help_text="the highest primary key then; empty without numbers")
    swept_at = models.DateTimeField(null=True)
    # New objects are read in laps by primary key. The next lap begins where all is known to be committed.
    cursor = models.BigIntegerField(default=0)
    lap_start = models.BigIntegerField(default=0)
    lap_end = models.BigIntegerField(default=0)
    lap_at = models.DateTimeField(null=True)
    # What Conversion.candidates() gives is read in laps, too.
    since = models.DateTimeField(null=True)
    next_since = models.DateTimeField(null=True)
    candidate_pk = models.CharField(max_length=120, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["model", "database", "event_name"], name="capi_one_source_per_class"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} of {self.model} in {self.database}"


class Snapshot(models.Model):
    """The visitor who made an object, kept until a webhook or a cron job turns it into a conversion."""

    id = models.BigAutoField(primary_key=True)
    object_ref = models.CharField(_("object"), max_length=120, unique=True)
    visitor = models.JSONField(_("visitor"))
    fbp = models.CharField(max_length=16, blank=True, db_index=True)  # as an event's, to find it by
    external_id = models.CharField(max_length=16, blank=True, db_index=True)
    session = models.CharField(max_length=16, blank=True, db_index=True)
    consented_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("visitor of an object")
        verbose_name_plural = _("visitors of objects")

    def __str__(self) -> str:
        return self.object_ref


class WithdrawalKind(models.IntegerChoices):
    """What a withdrawal names the visitor by."""

    FBP = 1, "fbp"
    EXTERNAL_ID = 2, "external_id"
    SESSION = 3, _("session")


class Withdrawal(models.Model):
    """A visitor's consent ended: what was decided until then is not sent. The digests are those of events."""

    id = models.BigAutoField(primary_key=True)
    kind = models.PositiveSmallIntegerField(choices=WithdrawalKind)
    digest = models.CharField(max_length=16)
    withdrawn_at = models.DateTimeField(db_index=True)
    is_swept = models.BooleanField(default=False)  # what the ledger had kept of the visitor is gone

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["digest", "kind"], name="capi_one_withdrawal_per_key")]
        indexes = [models.Index(fields=["is_swept", "withdrawn_at"], name="capi_withdrawal_swept")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.digest}"
