"""Models of what Meta reports of a dataset's quality, which is never mixed with this site's own figures."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class QualityProblem(models.TextChoices):
    """Why Meta's figures could not be read."""

    NO_TOKEN = "no_token", _("The pixel has no access token.")
    TOKEN = "token", _("Meta does not accept the access token.")
    PERMISSION = "permission", _("The token may not read the quality of this dataset.")
    DATASET = "dataset", _("Meta knows no such dataset, or the token may not see it.")
    SETTINGS = "settings", _("Meta or this app refuses the call because of a setting.")
    THROTTLED = "throttled", _("Meta asks for fewer calls.")
    UNREACHABLE = "unreachable", _("Meta gave no answer, or an error of its own.")
    UNREADABLE = "unreadable", _("Meta's answer has an unknown form.")
    FIELDS = "fields", _("Meta knows none of the fields that were asked for.")


class DatasetQuality(models.Model):
    """What Meta reported of one event name of a pixel on one day. Percentages and the score are as Meta gives them."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel"), max_length=32)
    event_name = models.CharField(_("event name"), max_length=50)
    day = models.DateField(_("day"), help_text=_("in UTC"))
    retrieved_at = models.DateTimeField(_("retrieved"))
    composite_score = models.FloatField(_("match quality score"), null=True, blank=True, help_text=_("of 10"))
    match_keys = models.JSONField(_("customer information"), default=list, blank=True)
    event_coverage = models.FloatField(_("event coverage"), null=True, blank=True)
    coverage_goal = models.FloatField(_("goal of the coverage"), null=True, blank=True)
    dedupe_keys = models.JSONField(_("deduplication keys"), default=list, blank=True)
    upload_frequency = models.CharField(_("data freshness"), max_length=32, blank=True)
    acr = models.FloatField(_("additional conversions reported"), null=True, blank=True)
    diagnostics = models.JSONField(_("diagnostics"), default=list, blank=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("reported by Meta")
        verbose_name_plural = _("reported by Meta")
        constraints = [
            models.UniqueConstraint(fields=["pixel_id", "day", "event_name"], name="capi_one_quality_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} {self.day}"


class QualityPull(models.Model):
    """The last attempt to read Meta's figures of a pixel, and the last one that succeeded."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(max_length=32, unique=True)
    attempted_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)
    events = models.PositiveIntegerField(default=0)  # names in the last answer
    unknown_fields = models.CharField(max_length=250, blank=True)  # that Meta does not have
    problem = models.CharField(max_length=20, blank=True)  # a QualityProblem; of the last attempt
    reason = models.CharField(max_length=250, blank=True)
    error_code = models.IntegerField(null=True, blank=True)
    error_subcode = models.IntegerField(null=True, blank=True)
    fbtrace_id = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.pixel_id
