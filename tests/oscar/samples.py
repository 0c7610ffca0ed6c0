"""What the shop sells, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from oscar.core.loading import get_model
from oscar.test.factories import create_product

EMAIL = "jane.doe@example.com"
PASSWORD = "honey-and-bread"
ADDRESS = {
    "first_name": "Jane",
    "last_name": "Doe",
    "line1": "1 Example Street",
    "line4": "London",
    "postcode": "N1 9GU",
    "phone_number": "020 7946 0018",
}
# Two pots of honey and a loaf of bread.
BASKET = ("honey", "honey", "bread")
CONTENTS = [
    {"id": "honey", "quantity": 2, "item_price": 7.5},
    {"id": "bread", "quantity": 1, "item_price": 3.25},
]


def open_shop() -> None:
    """Products in stock, and a country to ship them to."""
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="GB", printable_name="United Kingdom", is_shipping_country=True
    )
    for sku, title, price in [("honey", "Linden honey", "7.50"), ("bread", "Rye bread", "3.25")]:
        create_product(title=title, partner_name="Farm", partner_sku=sku, price=Decimal(price), num_in_stock=20)


def products(skus: Sequence[str]) -> list[Any]:
    found = {record.partner_sku: record.product for record in get_model("partner", "StockRecord").objects.all()}
    return [found[sku] for sku in skus]


def sign_up() -> User:
    return User.objects.create_user("jane", email=EMAIL, password=PASSWORD)
