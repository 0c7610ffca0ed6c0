"""Models of delivery: a lane for each pixel, and the requests to Meta."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_ANSWER: Final = 2000  # characters that are kept of the text of an answer; Meta's have some hundred


class Lane(models.Model):
    """The right to send for one pixel: which worker holds it and until when, and whether it is paused.

    A pixel with several shards has a lane for each. All its lanes store the same number of shards; those beyond it were
    in use before.
    """

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel"), max_length=32)
    shard = models.PositiveSmallIntegerField(default=0)
    shards = models.PositiveSmallIntegerField(default=1, db_default=1)
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
    """One request to Meta: stored before it is sent, closed with the answer."""

    id = models.BigAutoField(primary_key=True)
    lane = models.ForeignKey(Lane, models.CASCADE, related_name="batches")
    fence = models.BigIntegerField()
    started_at = models.DateTimeField(_("sent"))
    finished_at = models.DateTimeField(_("answered"), null=True, blank=True)
    events = models.PositiveIntegerField(_("events"))
    size = models.PositiveIntegerField(_("bytes"))
    event_pks = models.JSONField(default=list)  # of its events, for which Event.batch has no index
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.IntegerField(_("code"), null=True, blank=True)
    error_subcode = models.IntegerField(_("subcode"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    fbtrace_id = models.CharField("fbtrace_id", max_length=64, blank=True)
    test_event_code = models.CharField(_("test code"), max_length=20, blank=True, db_default="")
    answer_text = models.CharField(
        _("answer as it came"), max_length=LONGEST_ANSWER, blank=True, db_default=""
    )  # to tests

    class Meta:
        verbose_name = _("request to Meta")
        verbose_name_plural = _("requests to Meta")
        indexes = [
            models.Index(fields=["lane", "finished_at"], name="capi_batch_open"),
            models.Index(fields=["fbtrace_id"], name="capi_batch_trace"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
