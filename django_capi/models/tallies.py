"""Models of hourly counts: of events, which are kept when the events are pruned, and of what never became one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_capi.models.choices import BrowserState, NotSent, Status


class Span(models.IntegerChoices):
    """What a tally covers. Days are in UTC."""

    HOUR = 0, _("an hour")
    DAY = 1, _("a day")
    PRUNED = 2, _("what the hour has lost to pruning")  # included in the count of the hour


class Tally(models.Model):
    """How many events of an hour or a day have one state of both copies."""

    id = models.BigAutoField(primary_key=True)
    span = models.PositiveSmallIntegerField(choices=Span)
    start = models.BigIntegerField(help_text="Unix seconds")
    pixel_id = models.CharField(max_length=32)
    event_name = models.CharField(max_length=50)
    status = models.PositiveSmallIntegerField(choices=Status)
    browser_state = models.PositiveSmallIntegerField(choices=BrowserState)
    currency = models.CharField(max_length=3, blank=True, db_default="")
    reason = models.CharField(max_length=250, blank=True, db_default="")  # of a rejected or expired server copy
    counted_at = models.DateTimeField()
    events = models.PositiveIntegerField()
    shared_ids = models.PositiveIntegerField()
    # For each key: events whose browser copy has it, whose server copy has it, where both do, and where both are equal.
    fbp_browser = models.PositiveIntegerField()
    fbp_server = models.PositiveIntegerField()
    fbp_pairs = models.PositiveIntegerField()
    fbp_equal = models.PositiveIntegerField()
    external_id_browser = models.PositiveIntegerField()
    external_id_server = models.PositiveIntegerField()
    external_id_pairs = models.PositiveIntegerField()
    external_id_equal = models.PositiveIntegerField()
    far_apart = models.PositiveIntegerField(db_default=0)  # pairs of which Meta no longer drops the second copy
    value = models.DecimalField(max_digits=24, decimal_places=4, db_default=Decimal(0))
    # Accepted events by the time from the event to Meta's answer; the longer ones are the rest.
    delay_1s = models.PositiveIntegerField(db_default=0)
    delay_10s = models.PositiveIntegerField(db_default=0)
    delay_1m = models.PositiveIntegerField(db_default=0)
    delay_5m = models.PositiveIntegerField(db_default=0)
    delay_1h = models.PositiveIntegerField(db_default=0)
    delay_2h = models.PositiveIntegerField(db_default=0)
    delay_1d = models.PositiveIntegerField(db_default=0)
    delay_longer = models.PositiveIntegerField(db_default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["span", "start", "pixel_id", "event_name", "status", "browser_state", "currency", "reason"],
                name="capi_one_tally_per_state",
            ),
        ]
        indexes = [models.Index(fields=["span", "counted_at"], name="capi_tally_counted")]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start} {self.event_name}"


class KeyTally(models.Model):
    """How many events of an hour or a day have one state of the server copy and the same match keys."""

    id = models.BigAutoField(primary_key=True)
    span = models.PositiveSmallIntegerField(choices=Span)
    start = models.BigIntegerField(help_text="Unix seconds")
    pixel_id = models.CharField(max_length=32)
    event_name = models.CharField(max_length=50)
    status = models.PositiveSmallIntegerField(choices=Status)
    match_keys = models.PositiveIntegerField()  # as bits, as in an event
    counted_at = models.DateTimeField()
    events = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["span", "start", "pixel_id", "event_name", "status", "match_keys"],
                name="capi_one_tally_per_keys",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start} {self.event_name}"


class UntrackedTally(models.Model):
    """How many events of an hour or a day were not tracked for one reason. They have no row, so these are added to."""

    id = models.BigAutoField(primary_key=True)
    span = models.PositiveSmallIntegerField(choices=Span)
    start = models.BigIntegerField(help_text="Unix seconds")
    pixel_id = models.CharField(max_length=32)
    event_name = models.CharField(max_length=50)
    reason = models.CharField(max_length=20, choices=NotSent)
    events = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["span", "start", "pixel_id", "event_name", "reason"], name="capi_one_untracked_tally"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start} {self.event_name}"


class Count(models.Model):
    """The single row that says how far the tallies have come. A writer of tallies increments its version first."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)  # the tallies include what changed before this
    took = models.FloatField(default=0.0, db_default=0.0, help_text="seconds")  # the last count
    # The hours before this one have not been counted yet.
    remaining = models.BigIntegerField(null=True, help_text="Unix seconds")
    checked = models.BigIntegerField(default=0, help_text="Unix seconds")  # the hour that was last verified

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.version}"

    @property
    def complete_at(self) -> datetime | None:
        """When it was last counted, or None while older hours have not been counted at all."""
        return None if self.remaining is not None else self.counted_at
