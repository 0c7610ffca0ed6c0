"""Turn saved objects, such as paid orders, into conversion events: each once, whatever interrupts it.

Put a `conversions.py` beside your models; it is loaded at start-up:

    @register(Order)
    class OrderPurchase(Conversion[Order]):
        event_name = "Purchase"

        def happened(self, order):
            return order.status == Order.PAID
"""

from __future__ import annotations

from django_capi.conversions.base import Conversion
from django_capi.conversions.objects import derived_id
from django_capi.conversions.settle import fire
from django_capi.conversions.watch import register

__all__ = ["Conversion", "derived_id", "fire", "register"]
