"""Read the user agent of a request, and tell browsers, programs and crawlers apart."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from django.http import HttpRequest

try:
    from crawlerdetect import CrawlerDetect
except ImportError:  # the `bots` extra is not installed
    CrawlerDetect = None

LONGEST: Final = 1000  # characters; the rest of a user agent is removed
BY_SITE: Final = "EXCLUDE"  # for requests that the site's EXCLUDE names
LONGEST_NAME: Final = 40  # characters of a crawler's name
LISTED: Final = "crawlerdetect"  # a crawler that only the `bots` extra knows
NAME: Final = re.compile(r"[\w-]").fullmatch

# Cubot is a brand of phones. The `bots` extra knows a thousand more patterns.
_ROBOT = re.compile(
    r"(?<!cu)bots?(?![a-z])|crawl|spider|slurp|externalhit|archiver|feedfetcher|mediapartners|inspectiontool"
    r"|uripreview|bingpreview|headless|lighthouse",
    re.IGNORECASE,
).search
# HTTP libraries, frameworks of native apps, and services that call webhooks. CrawlerDetect counts some of them as
# crawlers, but a customer or a payment has caused their requests.
_PROGRAM = re.compile(
    r"curl|wget|libwww|python|aiohttp|httpx|okhttp|dart|java|http.?client|go-http|axios|node|undici|guzzle|php|ruby"
    r"|faraday|perl|postman|insomnia|httpie|cfnetwork|darwin|dalvik|alamofire|cronet|ktor"
    r"|stripe|adyen|mollie|klarna|braintree|razorpay|gocardless|square|pay|hook",
    re.IGNORECASE,
).search


class ClientKind(Enum):
    """What kind of client sent a request."""

    BROWSER = auto()
    PROGRAM = auto()  # a native app, a payment provider, a script, or a client without a user agent
    CRAWLER = auto()
    UNKNOWN = auto()  # a user agent that matches none of them


def agent_of(request: HttpRequest) -> str | None:
    """Return the user agent. Django decodes headers as Latin-1, but some browsers send UTF-8."""
    raw = request.META.get("HTTP_USER_AGENT")
    if not isinstance(raw, str):
        return None
    agent = raw if raw.isascii() else decoded(raw)
    if not agent.isprintable():
        agent = "".join(filter(str.isprintable, agent.replace("\t", " ")))
    return agent.strip()[:LONGEST].strip() or None


def crawler_name(agent: str | None) -> str:
    """
    >>> crawler_name("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    'Googlebot'
    """
    found = _ROBOT(agent or "")
    if not agent or not found:
        return LISTED if client_of(agent) is ClientKind.CRAWLER else ""
    start, end = found.span()
    while start and NAME(agent[start - 1]):
        start -= 1
    while end < len(agent) and NAME(agent[end]):
        end += 1
    return agent[start:end][:LONGEST_NAME]


def decoded(raw: str) -> str:
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return raw


@lru_cache(maxsize=1024)  # matching is slow, and thousands of visitors share a user agent
def client_of(agent: str | None) -> ClientKind:
    """
    >>> client_of("Stripe/1.0 (+https://stripe.com/docs/webhooks)"), client_of("Twitterbot/1.0")
    (<ClientKind.PROGRAM: 2>, <ClientKind.CRAWLER: 3>)
    """
    if not agent:
        return ClientKind.PROGRAM
    looks_like_browser = agent.startswith(("Mozilla/", "Opera/"))
    if _ROBOT(agent):
        return ClientKind.CRAWLER
    if not looks_like_browser and _PROGRAM(agent):
        return ClientKind.PROGRAM
    if CrawlerDetect is not None and CrawlerDetect(user_agent=agent).isCrawler():
        return ClientKind.CRAWLER
    return ClientKind.BROWSER if looks_like_browser else ClientKind.UNKNOWN
