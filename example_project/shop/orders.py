"""A filled cart and a customer's details in, a stored Order out; the bank's word in, its new status out."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from example_project.shop.cart import CartLine, total_of
from example_project.shop.models import Order, OrderLine


class PaymentError(Exception):
    """The bank says something about an order that is already settled otherwise."""


def place_order(order: Order, *, lines: list[CartLine], customer: User | None) -> Order:
    """Store an order that waits for its payment, together with its lines."""
    order.customer = customer
    order.total = total_of(lines)
    with transaction.atomic():
        order.save()
        OrderLine.objects.bulk_create(
            OrderLine(order=order, product=line.product, quantity=line.quantity, unit_price=line.product.price)
            for line in lines
        )
    return order


@transaction.atomic
def settle_payment(reference: UUID, *, status: Order.Status) -> Order:
    """Note what the bank says; saying it again changes nothing, saying the opposite is refused."""
    order = Order.objects.select_for_update().get(reference=reference)
    if order.status == status:
        return order
    if order.status != Order.Status.PENDING:
        raise PaymentError
    order.settle(status)
    return order
