"""The bank: a page, a signed webhook to the shop from another process, and the way back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest

from example_project.standin import Running
from tests.standin.asking import Answer, ask, post_form


@dataclass(kw_only=True)
class Shop:
    """Takes the bank's webhook and remembers it."""

    status: int = 204
    url: str = ""
    webhooks: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shop.webhooks.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(shop.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()


def bill(shop_url: str = "http://127.0.0.1:9", **changes: str) -> dict[str, str]:
    fields = {
        "order": "A-17",
        "amount": "12.50",
        "currency": "eur",
        "return": f"{shop_url}/thanks/?a=1&b=2",
        "webhook": f"{shop_url}/webhook/?bank=1",
    }
    return {**fields, **changes}


def see(url: str, fields: dict[str, str]) -> Answer:
    return ask(url, f"/bank/pay?{urlencode(fields)}")


def test_the_page_shows_the_bill_and_a_button(url: str) -> None:
    answer = see(url, bill())

    assert answer.status == 200
    assert "Corner Bank" in answer.text
    assert "Pay 12.50 EUR" in answer.text
    assert 'value="http://127.0.0.1:9/thanks/?a=1&amp;b=2"' in answer.text


def test_paying_tells_the_shop_and_sends_the_shopper_back(url: str, shop: Shop) -> None:
    answer = post_form(url, "/bank/pay", bill(shop.url))

    (path, headers, body) = shop.webhooks[0]
    assert (answer.status, answer.headers["Location"]) == (303, f"{shop.url}/thanks/?a=1&b=2")
    assert (path, json.loads(body)) == ("/webhook/?bank=1", {"order": "A-17", "status": "paid"})
    assert headers["user-agent"] == "CornerBank/1.0"
    assert "cookie" not in headers


@pytest.mark.parametrize("secret", [None, "another secret"])
def test_the_webhook_is_signed_over_its_body(start: Callable[..., Running], shop: Shop, secret: str | None) -> None:
    running = start() if secret is None else start(bank_secret=secret)

    post_form(running.url, "/bank/pay", bill(shop.url))

    (_, headers, body) = shop.webhooks[0]
    key = (secret or "corner-bank-demo").encode()
    assert headers["x-bank-signature"] == hmac.new(key, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_shop_that_does_not_take_the_webhook_is_an_honest_error_with_a_retry(
    url: str, shop: Shop, status: int
) -> None:
    shop.status = status

    answer = post_form(url, "/bank/pay", bill(shop.url))

    assert answer.status == 502
    assert f"The shop answered with status {status}." in answer.text
    assert "Try again" in answer.text
    assert len(shop.webhooks) == 1


def test_a_shop_that_is_down_is_an_honest_error(url: str) -> None:
    answer = post_form(url, "/bank/pay", bill())

    assert answer.status == 502
    assert "The shop did not answer" in answer.text


ELSEWHERE = [
    "",
    "/thanks/",
    "https://127.0.0.1/",
    "http://example.com/",
    "http://127.0.0.1.example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://203.0.113.7/",
    "http://0.0.0.0/",
    "http://127.0.0.1:port/",
    "http://[/",
    "http://127.0.0.1/\r\nSet-Cookie: a=b",
    "http://127.0.0.1/a b",
    "http://127.0.0.1/\u00e9",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("name", ["return", "webhook"])
@pytest.mark.parametrize("address", ELSEWHERE, ids=repr)
def test_the_bank_calls_and_redirects_only_on_this_machine(url: str, name: str, address: str) -> None:
    fields = bill(**{name: address})

    shown, paid = see(url, fields), post_form(url, "/bank/pay", fields)

    assert (shown.status, paid.status) == (400, 400)


@pytest.mark.parametrize("address", ["http://localhost:8000/", "http://[::1]/", "http://127.1.2.3/"])
def test_other_names_of_this_machine_are_fine(url: str, address: str) -> None:
    answer = see(url, bill(webhook=address))

    assert answer.status == 200


@pytest.mark.parametrize(
    "changes",
    [{"order": ""}, {"order": "<b>"}, {"amount": "-1"}, {"amount": "NaN"}, {"currency": "EURO"}, {"currency": "<b>"}],
    ids=repr,
)
def test_a_bill_that_makes_no_sense_is_refused(url: str, changes: dict[str, str]) -> None:
    answer = see(url, bill(**changes))

    assert answer.status == 400


def test_a_payment_without_a_bill_is_refused(url: str) -> None:
    answer = ask(url, "/bank/pay", method="POST", body=b"\xff\xfe")

    assert answer.status == 400
