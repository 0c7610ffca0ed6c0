"""Models of the diagnostics: what is wrong with the events, since when, and when that was last determined."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DiagnosticQuerySet(models.QuerySet["Diagnostic"]):
    """Diagnostics by whether they are open, and whether staff have muted them."""

    def open(self) -> DiagnosticQuerySet:
        return self.filter(is_open=True)

    def closed(self) -> DiagnosticQuerySet:
        return self.filter(is_open=None)

    def heard(self, now: datetime) -> DiagnosticQuerySet:
        """Return those that are not muted."""
        return self.filter(Q(muted_until=None) | Q(muted_until__lte=now))


class Diagnostic(models.Model):
    """One problem of a pixel, or of one of its event names, from the refresh that found it until one that did not."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=40)
    pixel_id = models.CharField(_("pixel"), max_length=32, blank=True)
    event_name = models.CharField(_("event name"), max_length=50, blank=True)
    detail = models.CharField(_("detail"), max_length=250, blank=True, help_text=_("names and codes, no values"))
    affected = models.PositiveIntegerField(_("affected"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, db_index=True)
    # True or empty, never False: a unique key of any database ignores rows with an empty part.
    is_open = models.BooleanField(_("open"), null=True, default=True)

    objects = DiagnosticQuerySet.as_manager()

    class Meta:
        verbose_name = _("diagnostic")
        verbose_name_plural = _("diagnostics")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "pixel_id", "event_name", "is_open"], name="capi_one_open_diagnostic"
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.code, self.event_name)))


class DiagnosticRefresh(models.Model):
    """The single row that says when the diagnostics were last determined, by the database's clock."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    refreshed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.refreshed_at}"
