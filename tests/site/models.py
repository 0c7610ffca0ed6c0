"""An order, and a note that has nothing to do with us: what the tests sell."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    PENDING = "pending"
    PAID = "paid"

    status = models.CharField(max_length=10, default=PENDING)
    total = models.DecimalField(max_digits=8, decimal_places=2, default=20)
    email = models.CharField(max_length=100, blank=True)


class Note(models.Model):
    text = models.CharField(max_length=100)
