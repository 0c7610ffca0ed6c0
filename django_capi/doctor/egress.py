"""Meta's address comes in: whether this machine gets an answer from there, and whether the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from django_capi.checks.addresses import origin
from django_capi.conf import conf
from django_capi.delivery import http
from django_capi.delivery.http import Failure, Trouble
from django_capi.doctor.clocks import compared
from django_capi.doctor.finding import GRAPH_SENDER, Finding, fail, ok, warn

NAME = "egress"
CLOCK = "clock"
NETWORK = "Look at the firewall, the name service and CAPI['PROXIES']; the environment's proxies are not looked at."
ADVICE = {
    Trouble.CONNECTION: NETWORK,
    Trouble.CERTIFICATE: "If your network has its own certificate authority, write its bundle into CAPI['CA_BUNDLE'].",
    Trouble.BUNDLE: "Correct CAPI['CA_BUNDLE']: the file does not exist.",
    Trouble.UNFORESEEN: NETWORK,
}


def look() -> Iterator[Finding]:
    """Any HTTP answer will do: the request carries no token, so Meta has nothing to say to it."""
    if conf.sender() != "graph":
        yield warn(NAME, f'Not looked at: the sender is "{conf.sender()}".', GRAPH_SENDER)
        return
    where = origin(conf.GRAPH_URL) or "GRAPH_URL"
    before = time.time()
    # The root: asked for an object without a token, Meta counts an error against this address.
    answer = http.exchange("GET", f"{conf.GRAPH_URL.rstrip('/')}/")
    if isinstance(answer, Failure):
        yield fail(NAME, f"No answer from {where} ({answer.error}): nothing can be sent.", ADVICE[answer.trouble])
        return
    now = (before + time.time()) / 2
    yield ok(NAME, f"{where} answers.")
    yield clock(answer.headers.get("Date"), now=now, whose=where)


def clock(date: str | None, *, now: float, whose: str) -> Finding:
    try:
        theirs = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return warn(CLOCK, f"The answer of {whose} carries no readable Date.", "See whether a proxy takes it out.")
    return compared(CLOCK, ahead=now - theirs - 0.5, whose=whose)  # the header's second has half gone by
