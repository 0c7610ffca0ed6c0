"""An order, and the same model without conversions to compare it with."""

from __future__ import annotations

from django.db import models


class BaseOrder(models.Model):
    status = models.CharField(max_length=10, default="open")
    total = models.DecimalField(max_digits=8, decimal_places=2, default=20)
    note = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True


class Order(BaseOrder):
    """Its conversion is registered in `benchmarks.conversions`."""


class PlainOrder(BaseOrder):
    """Nobody watches it."""
