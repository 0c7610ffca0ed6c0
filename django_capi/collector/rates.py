"""Limit how many events one visitor and one address may report, by counters in Django's cache."""

from __future__ import annotations

import ipaddress
import logging
import time
from functools import cache as remember
from typing import Final

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from django_capi import callbacks
from django_capi.collector.requests import RequestRefused
from django_capi.conf import conf

__all__ = ["check_rates"]

logger = logging.getLogger("django_capi")

SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
IPV6_PREFIX: Final = 64  # bits; a subscriber has all the addresses behind them


def check_rates(*, fbp: str | None, address: str | None, events: int) -> None:
    """Count the events of a request; RequestRefused with status 429 if they are too many."""
    network = network_of(address)
    if network is not None:
        check("address", network, conf.COLLECT_ADDRESS_RATE, events)
    if fbp is not None:
        check("visitor", fbp, conf.COLLECT_RATE, events)


def check(kind: str, value: str, rate: str, events: int) -> None:
    if not rate:
        return
    limit, unit = rate.split("/")
    seconds = SECONDS[unit]
    number, elapsed = divmod(int(time.time()), seconds)
    found = increased(key_of(kind, value, number), events, seconds=seconds)
    if found > int(limit):
        logger.info("The collector refuses a request: more than %s events of one %s.", rate, kind)
        raise RequestRefused("too-many-requests", status=429, retry_after=seconds - elapsed)


def key_of(kind: str, value: str, number: int) -> str:
    digest = salted_hmac("django_capi.rates", value, algorithm="sha256").hexdigest()[:16]
    return f"django_capi.{kind}.{number}.{digest}"


def increased(key: str, count: int, *, seconds: int) -> int:
    """The counter's new value; 0 where the cache fails: then every request is within the limits."""
    try:
        return int(callbacks.call(add, key, count, seconds))
    except callbacks.Failed as failure:
        log_failure(str(failure))
        return 0


def add(key: str, count: int, seconds: int) -> int:
    try:
        return cache.incr(key, count)
    except ValueError:  # no such key
        if cache.add(key, count, timeout=2 * seconds):
            return count
    try:
        return cache.incr(key, count)  # another process has just added it
    except ValueError:
        return count


@remember
def log_failure(error: str) -> None:
    """Once in a process: there may be many requests."""
    logger.warning("The cache raised %s: the collector does not limit rates.", error)


def network_of(address: str | None) -> str | None:
    """What one visitor has of addresses. None for a private one: it is a proxy's, and every visitor has it."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if not found.is_global:
        return None
    prefix = IPV6_PREFIX if found.version == 6 else found.max_prefixlen
    return str(ipaddress.ip_network(f"{found}/{prefix}", strict=False))
