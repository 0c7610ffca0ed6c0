"""In: a shopper sent to pay. Out: a page with one button, a signed webhook to the shop, and the way back."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from urllib.parse import urlsplit

from example_project.standin.messages import Request, Response, html, refused, see_other
from example_project.standin.state import State
from example_project.standin.templates import fill

TIMEOUT_SECONDS = 10.0

_ORDER = re.compile(r"[A-Za-z0-9_-]{1,100}")
_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,4})?")
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class PaymentError(ValueError):
    """Names the parameter that does not make sense."""


class WebhookError(RuntimeError):
    """The shop could not be told; says how it failed."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    order: str
    amount: str
    currency: str
    back: str
    webhook: str


def answer_pay(request: Request, state: State) -> Response:
    fields = request.query_fields() if request.method == "GET" else request.form_fields()
    try:
        payment = read_payment(fields)
    except PaymentError as error:
        return refused(400, str(error))
    if request.method == "GET":
        return html(fill("pay.html", _shown(payment)))
    try:
        send_webhook(payment, secret=state.bank_secret)
    except WebhookError as error:
        return html(fill("pay_failed.html", {**_shown(payment), "reason": str(error)}), status=502)
    return see_other(payment.back)


def read_payment(fields: Mapping[str, str]) -> Payment:
    checks: dict[str, Callable[[str], object]] = {
        "order": _ORDER.fullmatch,
        "amount": _AMOUNT.fullmatch,
        "currency": _CURRENCY.fullmatch,
        "return": is_loopback,
        "webhook": is_loopback,
    }
    for name, check in checks.items():
        if not check(fields.get(name, "")):
            reason = f"The parameter {name} is missing or not allowed here."
            raise PaymentError(reason)
    return Payment(
        order=fields["order"],
        amount=fields["amount"],
        currency=fields["currency"].upper(),
        back=fields["return"],
        webhook=fields["webhook"],
    )


def is_loopback(url: str) -> bool:
    """A plain http address on this machine, so that the bank cannot be made to call or redirect elsewhere."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>') or not url.startswith("http://"):
        return False
    try:
        parts = urlsplit(url)
        has_login, host, _ = "@" in parts.netloc, parts.hostname or "", parts.port
        return not has_login and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def sign(body: bytes, *, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send_webhook(payment: Payment, *, secret: str) -> None:
    """One POST from the bank's own process: no cookies, nothing of the shopper, redirects not followed."""
    body = json.dumps({"order": payment.order, "status": "paid"}).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "CornerBank/1.0",
        "X-Bank-Signature": sign(body, secret=secret),
    }
    parts = urlsplit(payment.webhook)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        reason = f"The shop did not answer ({type(error).__name__})."
        raise WebhookError(reason) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        reason = f"The shop answered with status {status}."
        raise WebhookError(reason)


def _shown(payment: Payment) -> dict[str, str]:
    return asdict(payment)
