"""Name the page of an address by the site's own URL pattern, which holds no order number and no name of a person."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import Resolver404, get_resolver, get_script_prefix, get_urlconf, resolve
from django.utils import translation

from django_capi import callbacks
from django_capi.conf import conf

logger = logging.getLogger("django_capi")

LONGEST: Final = 100  # characters of a page
LONGEST_PATH: Final = 2000  # characters of an address that is resolved
CONVERTER: Final = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")
GROUP_NAME: Final = re.compile(r"\(\?P(<\w+>)")
UNNAMED: Final = "<value>"


def page_of(address: str | None) -> str:
    """Return the pattern of the address's path; empty if the site has no such page, or under RESTRICT_DATA."""
    if not address or conf.RESTRICT_DATA:
        return ""
    try:
        return page_of_path(urlsplit(address).path)
    except ValueError:
        return ""


def page_of_path(path: str) -> str:
    return known_page(path, get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=4096)  # resolving takes longer than all else that storing an event computes
def known_page(path: str, prefix: str, urlconf: str) -> str:
    if len(path) > LONGEST_PATH or not path.startswith(prefix) or not has_patterns(urlconf):
        return ""
    try:
        route = callbacks.call(route_of, f"/{unquote(path.removeprefix(prefix))}", urlconf)
    except callbacks.Failed as failure:
        if failure.kind is not Resolver404:
            log_failure(str(failure))
        return ""
    return f"{prefix}{pattern_of(route)}"[:LONGEST]


@cache  # an import that failed is not repeated for each event
def has_patterns(urlconf: str) -> bool:
    """True if the URLconf can be imported: a worker may lack what only the web server needs."""
    try:
        return bool(callbacks.call(lambda: get_resolver(urlconf).url_patterns))
    except callbacks.Failed as failure:
        log_failure(str(failure))
        return False


def route_of(path: str, urlconf: str) -> str:
    """Return the route in the URLconf, in the language that the path begins with."""
    with translation.override(translation.get_language_from_path(path) or settings.LANGUAGE_CODE):
        return resolve(path, urlconf).route


def pattern_of(route: str) -> str:
    r"""
    >>> pattern_of("orders/<int:pk>/thanks/"), pattern_of(r"^blog/(?P<year>[0-9]{4})/(\w+)/$")
    ('orders/<pk>/thanks/', 'blog/<year>/<value>/')
    """
    return CONVERTER.sub(r"<\1>", "".join(without_expressions(route)))


def without_expressions(route: str) -> Iterator[str]:
    """Replace each outermost group of a regular expression by its name, and leave out what matches no character."""
    depth = place = 0
    while place < len(route):
        character = route[place]
        if character == "(":
            if not depth:
                name = GROUP_NAME.match(route, place)
                yield name[1] if name else UNNAMED
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "\\":
            place += 1
            if not depth and route[place : place + 1] not in ("", "A", "Z", "b"):
                yield route[place]
        elif not depth and character not in "^$?":
            yield character
        place += 1


@cache
def log_failure(name: str) -> None:
    """Log that the URLconf could not be used, once in a process for each kind of error."""
    logger.error("The page of an event is not known, as resolving its address raised %s.", name)
