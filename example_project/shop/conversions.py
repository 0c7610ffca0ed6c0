"""Send a Purchase for each paid order. django-capi loads this module when Django starts."""

from __future__ import annotations

from django.utils import timezone

from django_capi.conversions import Conversion, register
from django_capi.types import CustomDataDict, UserDataDict
from example_project.shop.models import Order


@register(Order)
class OrderPurchase(Conversion[Order]):
    event_name = "Purchase"

    def happened(self, order: Order) -> bool:
        return order.status == Order.Status.PAID

    def reference(self, order: Order) -> str:
        return order.short_reference

    def event_time(self, order: Order) -> int:
        return int((order.paid_at or timezone.now()).timestamp())

    def custom_data(self, order: Order) -> CustomDataDict:
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

    def user_data(self, order: Order) -> UserDataDict:
        return {
            "em": order.email or None,
            "ph": order.phone or None,
            "fn": order.first_name or None,
            "ln": order.last_name or None,
            "ct": order.city or None,
            "zp": order.postcode or None,
            "country": order.country or None,
            "external_id": order.customer_id,
        }
