"""The model of the daily e-mail digest."""

from __future__ import annotations

from django.db import models


class SentDigest(models.Model):
    """The single row that says on which day the digest was last sent, so that two workers do not both send it."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    day = models.DateField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}"
