"""A session in, the visitor's cart out: it keeps `{sku: quantity}` and asks the database for products and prices."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from example_project.shop.models import Product

SESSION_KEY = "cart"
MOST = 20


@dataclass(frozen=True, kw_only=True)
class CartLine:
    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


class Cart:
    def __init__(self, session: MutableMapping[str, Any]) -> None:
        self._session = session

    def add(self, product: Product, *, quantity: int) -> int:
        """Put more of a product in, up to `MOST`; answers how many really went in."""
        before = self._quantities.get(product.sku, 0)
        self.change(product, quantity=before + quantity)
        return self._quantities[product.sku] - before

    def change(self, product: Product, *, quantity: int) -> None:
        """Set the quantity of a product; 0 removes it."""
        quantities = self._quantities | {product.sku: min(quantity, MOST)}
        self._session[SESSION_KEY] = {sku: number for sku, number in quantities.items() if number > 0}

    def clear(self) -> None:
        self._session.pop(SESSION_KEY, None)

    @property
    def lines(self) -> list[CartLine]:
        """One line a product, in the order they were put in; what the shop no longer sells is passed over."""
        products = Product.objects.in_bulk(list(self._quantities), field_name="sku")
        return [
            CartLine(product=products[sku], quantity=quantity)
            for sku, quantity in self._quantities.items()
            if sku in products
        ]

    @property
    def count(self) -> int:
        return sum(self._quantities.values())

    @property
    def _quantities(self) -> dict[str, int]:
        quantities: dict[str, int] = self._session.get(SESSION_KEY, {})
        return quantities


def total_of(lines: list[CartLine]) -> Decimal:
    return sum((line.total for line in lines), Decimal("0.00"))
