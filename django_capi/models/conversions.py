"""Models of the conversions that are owed, and of how far the search for them has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_capi.models.choices import ConversionState, NotSent
from django_capi.models.querysets import ConversionMarkQuerySet


class ConversionMark(models.Model):
    """The conversion of one object: owed until it is stored as an event or has a reason for not being sent.

    It is never pruned, so that an old order never converts again.
    """

    id = models.BigAutoField(primary_key=True)
    object_ref = models.CharField(_("object"), max_length=120)
    reference = models.CharField(_("reference"), max_length=64, blank=True, db_index=True)
    event_name = models.CharField(_("event name"), max_length=50)
    state = models.PositiveSmallIntegerField(_("state"), choices=ConversionState, default=ConversionState.OPEN)
    reason = models.CharField(_("why not sent"), max_length=20, choices=NotSent, blank=True)
    excluded_as = models.CharField(_("excluded as"), max_length=60, blank=True)  # a crawler's name, or EXCLUDE
    event_id = models.CharField(_("event id"), max_length=100, blank=True)
    pixel_ids = models.TextField(_("pixels"), blank=True, help_text=_("separated by spaces"))
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    happened_at = models.DateTimeField(_("happened"), null=True, blank=True)
    check_at = models.DateTimeField(_("next check"), null=True, blank=True)
    shown_at = models.DateTimeField(_("browser copy rendered"), null=True, blank=True)

    objects = ConversionMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversion")
        verbose_name_plural = _("conversions")
        constraints = [
            models.UniqueConstraint(fields=["object_ref", "event_name"], name="capi_one_mark_per_object"),
        ]
        indexes = [
            models.Index(fields=["state", "check_at"], name="capi_mark_check"),
            models.Index(fields=["state", "happened_at"], name="capi_mark_happened"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} {self.object_ref}"


class ConversionSource(models.Model):
    """A conversion class in one database: when this app first saw it, and how far the sweep has come."""

    id = models.BigAutoField(primary_key=True)
    model = models.CharField(max_length=100, help_text="app_label.model_name")
    database = models.CharField(max_length=60)
    event_name = models.CharField(max_length=50)
    met_at = models.DateTimeField(auto_now_add=True)
    met_pk = models.BigIntegerField(null=True, help_text="the highest primary key then; empty without numbers")
    swept_at = models.DateTimeField(null=True)
    # New objects are read in laps by primary key. A lap begins where every earlier transaction has ended.
    cursor = models.BigIntegerField(default=0)
    lap_start = models.BigIntegerField(default=0)
    lap_end = models.BigIntegerField(default=0)
    lap_at = models.DateTimeField(null=True)
    # The objects of Conversion.candidates() are read in laps as well.
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
