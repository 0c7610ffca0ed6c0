"""Read the visitor's consent from a banner's cookie.

A browser can send anything in a cookie. A value that cannot be read counts as no answer, as False would withdraw the
consent of a visitor who has given it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from django.http import HttpRequest

# Browsers keep 4,096 bytes of a cookie. Name and attributes count too.
LONGEST: Final = 4096
# Once is usual; a proxy or a script of the site may encode it again.
ENCODINGS: Final = 3

# Takes the cookie and the category. None: no answer yet; ValueError or KeyError: the cookie has another form.
Parser = Callable[[str, str], bool | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class CookieReader:
    """
    A consent policy that reads a banner's cookie.

    `name`: the name of the cookie.
    `parse`: takes the cookie's value and the category; returns True, False, or None when the visitor has not answered.
    It raises ValueError or KeyError for a value of another form, and is then called with the value percent-decoded.
    `category`: what the banner calls marketing.
    `closed_by`: a cookie that the banner sets once the visitor has answered. Without that cookie False is the default.

    >>> request = HttpRequest()
    >>> request.COOKIES["choice"] = "marketing:granted"
    >>> CookieReader(name="choice", parse=lambda text, category: f"{category}:granted" in text)(request)
    True
    """

    name: str
    parse: Parser
    category: str = "marketing"
    closed_by: str = ""

    def __call__(self, request: HttpRequest) -> bool | None:
        answer = self.read(request.COOKIES.get(self.name, ""))
        is_default = answer is False and bool(self.closed_by) and not request.COOKIES.get(self.closed_by)
        return None if is_default else answer

    def read(self, text: str) -> bool | None:
        for decoded in percent_decodings(text):
            try:
                return self.parse(decoded, self.category)
            except (ValueError, KeyError, RecursionError):
                continue
        return None

    def for_category(self, category: str) -> CookieReader:
        """The same reader where the site's banner has another name for marketing."""
        return replace(self, category=category)


def percent_decodings(text: str) -> Iterator[str]:
    """
    The value as it was sent, then percent-decoded as often as it was encoded.

    >>> list(percent_decodings("a%253Db"))
    ['a%253Db', 'a%3Db', 'a=b']
    """
    if not 0 < len(text) <= LONGEST:
        return
    yield text
    for _ in range(ENCODINGS):
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded
        yield text


def cookie(name: str, granted: str = "yes", denied: str = "no") -> CookieReader:
    """
    A policy for a plain cookie with one value for yes and one for no. Any other value counts as no answer.

    >>> request = HttpRequest()
    >>> request.COOKIES["cookies_ok"] = "1"
    >>> cookie("cookies_ok", "1", "0")(request)
    True
    """
    answers = {denied: False, granted: True}
    return CookieReader(name=name, parse=lambda text, _category: answers[text])
