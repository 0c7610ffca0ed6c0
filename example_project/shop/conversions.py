"""A saved Order in, the Purchase that Meta is told about out; django-capi finds this module when Django starts."""

from __future__ import annotations

from django.utils import timezone

from django_capi.conversions import Conversion, register
from example_project.shop.models import Order


@register(Order)
class OrderPurchase(Conversion):
    event_name = "Purchase"

    def happened(self, order: Order) -> bool:
        return order.status == Order.Status.PAID

    def reference(self, order: Order) -> str:
        return order.short_reference

    def event_time(self, order: Order) -> int:
        return int((order.paid_at or timezone.now()).timestamp())

    def custom_data(self, order: Order) -> dict[str, object]:
        lines = list(order.lines.select_related("product"))
        return {
            "value": order.total,
            "currency": order.currency,
            "content_type": "product",
            "content_ids": [line.product.sku for line in lines],
            "contents": [
                {"id": line.product.sku, "quantity": line.quantity, "item_price": line.unit_price} for line in lines
            ],
            "num_items": sum(line.quantity for line in lines),
            "order_id": str(order.reference),
        }

    def user_data(self, order: Order) -> dict[str, object]:
        known = {
            "em": order.email,
            "ph": order.phone,
            "fn": order.first_name,
            "ln": order.last_name,
            "ct": order.city,
            "zp": order.postcode,
            "country": order.country,
            "external_id": order.customer_id,
        }
        return {key: value for key, value in known.items() if value}
