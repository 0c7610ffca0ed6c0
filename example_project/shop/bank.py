"""An order in, the bank's payment page out; the bank's webhook body in, what it says about which order out."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from example_project.shop.models import Order

SIGNATURE_HEADER = "X-Bank-Signature"
STATUSES = {"paid": Order.Status.PAID, "cancelled": Order.Status.CANCELLED}


class NoticeError(ValueError):
    """The body is not a notice about a payment; its text says why and repeats nothing of the body."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    reference: UUID
    status: Order.Status


def payment_url(order: Order, *, request: HttpRequest) -> str:
    """Where the customer pays, and where the bank then sends the customer and its webhook."""
    query = {
        "order": str(order.reference),
        "amount": str(order.total),
        "currency": order.currency,
        "return": request.build_absolute_uri(order.get_absolute_url()),
        "webhook": request.build_absolute_uri(reverse("shop:bank-webhook")),
    }
    return f"{settings.BANK_URL}/bank/pay?{urlencode(query)}"


def sign(body: bytes) -> str:
    return hmac.new(settings.BANK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, *, signature: str) -> bool:
    # As bytes: compare_digest refuses text that is not ASCII, and this header is a stranger's.
    return hmac.compare_digest(sign(body).encode(), signature.encode(errors="replace"))


def read_notice(body: bytes) -> Notice:
    try:
        notice = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoticeError("the body is not JSON") from error
    if not isinstance(notice, dict):
        raise NoticeError("the body is not an object")
    return Notice(reference=_reference(notice.get("order")), status=_status(notice.get("status")))


def _reference(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise NoticeError("order is not an order's reference") from error


def _status(value: object) -> Order.Status:
    status = STATUSES.get(value) if isinstance(value, str) else None
    if status is None:
        raise NoticeError("status is neither paid nor cancelled")
    return status
