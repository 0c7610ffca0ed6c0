"""A paid order is a Purchase."""

from __future__ import annotations

from django_capi.conversions import Conversion, register
from tests.site.models import Order


@register(Order)
class OrderPurchase(Conversion):
    event_name = "Purchase"

    def happened(self, order: Order) -> bool:
        return order.status == Order.PAID

    def custom_data(self, order: Order) -> dict[str, object]:
        return {"value": order.total, "currency": "EUR"}

    def user_data(self, order: Order) -> dict[str, object]:
        return {"em": order.email}
