"""What the tests sell: orders in several shapes, bookings, and a note that has nothing to do with us."""

from __future__ import annotations

import uuid

from django.db import models


class Order(models.Model):
    PENDING = "pending"
    PAID = "paid"

    status = models.CharField(max_length=10, default=PENDING)
    total = models.DecimalField(max_digits=8, decimal_places=2, default=20)
    email = models.CharField(max_length=100, blank=True)


class Note(models.Model):
    text = models.CharField(max_length=100)


class PaidOrder(Order):
    """An order under another name, as shops make one for a second page of the admin."""

    class Meta:
        proxy = True


class GiftOrder(Order):
    """An order with columns of its own, in a table of its own."""

    message = models.CharField(max_length=100, blank=True)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    quantity = models.PositiveIntegerField(default=1)


class Booking(models.Model):
    """Its keys do not ascend, it says itself when it was made and paid, and its key may be an address."""

    key = models.CharField(max_length=200, primary_key=True, default=uuid.uuid4)
    made_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=20)
