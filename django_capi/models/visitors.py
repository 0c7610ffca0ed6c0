"""Models of the visitors who created objects, and of withdrawals of consent."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Snapshot(models.Model):
    """The visitor who created an object, kept until a webhook or a cron job makes it a conversion."""

    id = models.BigAutoField(primary_key=True)
    object_ref = models.CharField(_("object"), max_length=120, unique=True)
    visitor = models.JSONField(_("visitor"))
    fbp = models.CharField(max_length=16, blank=True, db_index=True)  # the same digest as in the visitor's events
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
    """What identifies the visitor of a withdrawal."""

    FBP = 1, "fbp"
    EXTERNAL_ID = 2, "external_id"
    SESSION = 3, _("session")


class Withdrawal(models.Model):
    """A visitor has withdrawn consent: nothing decided until then is sent. The digests are those of events."""

    id = models.BigAutoField(primary_key=True)
    kind = models.PositiveSmallIntegerField(choices=WithdrawalKind)
    digest = models.CharField(max_length=16)
    withdrawn_at = models.DateTimeField(db_index=True)
    is_swept = models.BooleanField(default=False)  # the data that was stored of the visitor has been erased

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["digest", "kind"], name="capi_one_withdrawal_per_key")]
        indexes = [models.Index(fields=["is_swept", "withdrawn_at"], name="capi_withdrawal_swept")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.digest}"
