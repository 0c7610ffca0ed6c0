"""Check that Meta can be reached from this machine, and that the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django_capi.checks.addresses import origin
from django_capi.conf import conf
from django_capi.delivery import http
from django_capi.delivery.http import Failure, Trouble
from django_capi.doctor.clocks import compared
from django_capi.doctor.finding import GRAPH_SENDER, Finding, fail, ok, warn
from django_capi.meta.retry_after import moment_of

NAME = "egress"
CLOCK = "clock"
NETWORK = "Check the firewall, DNS and CAPI['PROXIES']; proxies of the environment are ignored."
ADVICE = {
    Trouble.CONNECTION: NETWORK,
    Trouble.CERTIFICATE: "If your network has its own certificate authority, write its bundle into CAPI['CA_BUNDLE'].",
    Trouble.BUNDLE: "Correct CAPI['CA_BUNDLE']: the file does not exist.",
    Trouble.UNFORESEEN: NETWORK,
}


def examine() -> Iterator[Finding]:
    """Request Meta's address without a token. Any HTTP answer shows that it can be reached."""
    if conf.sender() != "graph":
        yield warn(NAME, f'Not checked: the sender is "{conf.sender()}".', GRAPH_SENDER)
        return
    where = origin(conf.GRAPH_URL) or "GRAPH_URL"
    before = time.time()
    # The root, as Meta counts errors per address, and a request for an object without a token is one.
    answer = http.exchange("GET", f"{conf.GRAPH_URL.rstrip('/')}/")
    if isinstance(answer, Failure):
        yield fail(NAME, f"No answer from {where} ({answer.error}): nothing can be sent.", ADVICE[answer.trouble])
        return
    now = (before + time.time()) / 2
    yield ok(NAME, f"{where} answers.")
    yield clock(answer.headers.get("Date"), now=now, whose=where)


def clock(date: str | None, *, now: float, whose: str) -> Finding:
    theirs = moment_of(date or "")
    if theirs is None:
        return warn(CLOCK, f"The answer of {whose} carries no readable Date.", "Check whether a proxy removes it.")
    return compared(CLOCK, ahead=now - theirs.timestamp() - 0.5, whose=whose)  # the header has whole seconds
