"""What the bank says about an order: believed when signed, once, and only when it makes sense."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from example_project.shop.factories import OrderFactory
from example_project.shop.models import Order
from tests.shop.bank import ADDRESS, notify, post, signature_of

pytestmark = pytest.mark.django_db

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_a_signed_notice_marks_the_order_as_paid(client: Client) -> None:
    order = OrderFactory.create()

    answer = notify(client, {"order": str(order.reference), "status": "paid"})

    order.refresh_from_db()
    assert answer.status_code == 200
    assert answer.content == {"order": str(order.reference), "status": "paid"}
    assert order.status == Order.Status.PAID
    assert order.paid_at is not None


def test_the_same_notice_again_changes_nothing(client: Client) -> None:
    order = OrderFactory.create()
    notify(client, {"order": str(order.reference), "status": "paid"})
    order.refresh_from_db()
    first = order.paid_at

    answer = notify(client, {"order": str(order.reference), "status": "paid"})

    order.refresh_from_db()
    assert answer.status_code == 200
    assert order.paid_at == first


def test_a_payment_that_failed_cancels_the_order(client: Client) -> None:
    order = OrderFactory.create()

    answer = notify(client, {"order": str(order.reference), "status": "cancelled"})

    order.refresh_from_db()
    assert answer.status_code == 200
    assert (order.status, order.paid_at) == (Order.Status.CANCELLED, None)


@pytest.mark.parametrize(("settled", "claimed"), [("paid", "cancelled"), ("cancelled", "paid")])
def test_a_settled_order_is_not_turned_round(client: Client, settled: str, claimed: str) -> None:
    order = OrderFactory.create(status=settled)

    answer = notify(client, {"order": str(order.reference), "status": claimed})

    order.refresh_from_db()
    assert answer.status_code == 409
    assert order.status == settled


@pytest.mark.parametrize("signature", ["", "0" * 64, "ü" * 64, "x" * 5000], ids=["none", "wrong", "foreign", "long"])
def test_a_notice_without_the_banks_signature_is_refused(client: Client, signature: str) -> None:
    order = OrderFactory.create()
    body = json.dumps({"order": str(order.reference), "status": "paid"}).encode()

    answer = post(client, body, signature=signature)

    order.refresh_from_db()
    assert answer.status_code == 403
    assert answer.content == {"error": "the signature does not fit the body"}
    assert order.status == Order.Status.PENDING


def test_a_signature_fits_one_body_only(client: Client) -> None:
    order = OrderFactory.create()
    waiting = json.dumps({"order": str(order.reference), "status": "cancelled"}).encode()
    paid = json.dumps({"order": str(order.reference), "status": "paid"}).encode()

    answer = post(client, paid, signature=signature_of(waiting))

    assert answer.status_code == 403


def test_no_signature_header_at_all_is_refused(client: Client) -> None:
    answer = client.post(ADDRESS, b"{}", content_type="application/json")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("notice", "reason"),
    [
        ([], "the body is not an object"),
        ("paid", "the body is not an object"),
        (None, "the body is not an object"),
        ({}, "order is not an order's reference"),
        ({"order": None, "status": "paid"}, "order is not an order's reference"),
        ({"order": 7, "status": "paid"}, "order is not an order's reference"),
        ({"order": ["x"], "status": "paid"}, "order is not an order's reference"),
        ({"order": "\x00", "status": "paid"}, "order is not an order's reference"),
        ({"order": UNKNOWN}, "status is neither paid nor cancelled"),
        ({"order": UNKNOWN, "status": "pending"}, "status is neither paid nor cancelled"),
        ({"order": UNKNOWN, "status": ["paid"]}, "status is neither paid nor cancelled"),
        ({"order": UNKNOWN, "status": {"paid": 1}}, "status is neither paid nor cancelled"),
    ],
)
def test_a_signed_notice_that_makes_no_sense_is_refused(client: Client, notice: object, reason: str) -> None:
    answer = notify(client, notice)

    assert answer.status_code == 400
    assert answer.content == {"error": reason}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000],
    ids=["empty", "cut off", "not text", "deep", "a long number"],
)
def test_a_signed_body_that_is_not_json_is_refused(client: Client, body: bytes) -> None:
    answer = post(client, body, signature=signature_of(body))

    assert answer.status_code == 400


def test_an_order_nobody_placed_is_not_found(client: Client) -> None:
    answer = notify(client, {"order": UNKNOWN, "status": "paid"})

    assert answer.status_code == 404
    assert answer.content == {"error": "no such order"}


def test_the_webhook_needs_no_cookie_and_no_csrf_token() -> None:
    order = OrderFactory.create()

    answer = notify(Client(enforce_csrf_checks=True), {"order": str(order.reference), "status": "paid"})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_the_webhook_answers_nothing_to_a_look(client: Client) -> None:
    answer = client.get(ADDRESS)

    assert answer.status_code == 405
