"""The raw values of one full Purchase that the benchmarks of delivery and of requests store and send."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django_capi.types import ContentDict, CustomDataDict, UserDataDict

EVENT_TIME: Final = 1_700_000_000
URL: Final = "https://shop.example.com/checkout/done/?utm_source=mail"
PERSON: Final[UserDataDict] = {
    "em": " John_Smith@Example.com ",
    "ph": "+1 (650) 555-1212",
    "fn": "John",
    "ln": "O'Smith",
    "ct": "Menlo Park",
    "st": "CA",
    "zp": "94035-1234",
    "country": "US",
    "external_id": "User-42",
}
VISIT: Final = {
    "client_ip_address": "203.0.113.7",
    "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "fbp": "fb.1.1596403881668.1116446470",
    "fbc": "fb.1.1554763741205.IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk",
}
LINES: Final[tuple[ContentDict, ...]] = tuple(
    {"id": f"sku-{number}", "quantity": number, "item_price": Decimal("19.90"), "title": f"Thing {number}"}
    for number in (1, 2, 3)
)
CUSTOM_DATA: Final[CustomDataDict] = {
    "value": Decimal("119.40"),
    "currency": "EUR",
    "contents": LINES,
    "num_items": 6,
    "order_id": "1001",
}
