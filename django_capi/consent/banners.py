"""Consent policies that read the cookies of common consent banners."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from django.apps import apps
from django.http import HttpRequest

from django_capi.conf import imported_path
from django_capi.consent.readers import CookieReader

COOKIEBOT_ALL: Final = "-1"  # the visitor's region asks for no consent
COOKIEBOT_NONE: Final = "0"
ANSWERS: Final = {"yes": True, "no": False, "1": True, "0": False}


def parse_cookiebot(text: str, category: str) -> bool | None:
    """
    Parse a JavaScript object, which is not JSON. https://www.cookiebot.com/en/developer/

    >>> parse_cookiebot("{stamp:'x',necessary:true,marketing:false,method:'explicit'}", "marketing")
    False
    """
    if text in (COOKIEBOT_ALL, COOKIEBOT_NONE):
        return text == COOKIEBOT_ALL
    match = re.search(rf"""[{{,\s"']{re.escape(category)}["']?\s*:\s*(true|false)\s*[,}}]""", text)
    if match is None:
        raise ValueError("not decoded, or no such category")
    return match[1] == "true"


def parse_onetrust(text: str, category: str) -> bool | None:
    """
    Parse pairs as in a query string, one of which holds the categories.
    https://my.onetrust.com/articles/en_US/Knowledge/UUID-2dc719a8-4be5-8d16-1dc8-c7b4147b88e0

    >>> parse_onetrust("version=6.34.0&groups=C0001:1,C0004:0&AwaitingReconsent=false", "C0004")
    False
    """
    # Split before decoding: one of the values is the landing page's URL, and any link can put `&groups=` into it.
    pairs = dict(pair.partition("=")[::2] for pair in text.split("&"))
    groups = answers_in(unquote(pairs["groups"]))
    return None if pairs.get("AwaitingReconsent") == "true" else groups.get(category)


def parse_cookieyes(text: str, category: str) -> bool | None:
    """
    Parse pairs separated by commas. Until the visitor acts, a no is only the default.
    https://www.cookieyes.com/documentation/

    >>> parse_cookieyes("consentid:x,consent:no,action:yes,necessary:yes,advertisement:no", "advertisement")
    False
    """
    answers = answers_in(text)
    has_acted = answers["action"] is True
    answer = answers.get(category)
    return None if answer is False and not has_acted else answer


def parse_vanilla_cookieconsent(text: str, category: str) -> bool | None:
    """
    Parse JSON with the accepted categories; since version 3 also with the services of every category.
    https://cookieconsent.orestbida.com/reference/configuration-reference.html#cookie

    >>> parse_vanilla_cookieconsent('{"categories": ["necessary"], "services": {"necessary": [], "ads": []}}', "ads")
    False
    """
    choices = json_object(text)
    accepted, known = choices.get("categories"), choices.get("services")
    if not isinstance(accepted, list):
        return None
    if category in accepted:
        return True
    # The banner does not ask about a category that it does not have.
    return None if isinstance(known, dict) and category not in known else False


def parse_klaro(text: str, category: str) -> bool | None:
    """
    Parse JSON with a flag for each service. https://klaro.org/docs/

    >>> parse_klaro('{"meta-pixel": true, "matomo": false}', "meta-pixel")
    True
    """
    answer = json_object(text).get(category)
    return answer if isinstance(answer, bool) else None


def answers_in(text: str) -> dict[str, bool | None]:
    """
    Return the answers in `name:answer` pairs separated by commas.

    >>> answers_in("C0001:1,C0004:0")
    {'C0001': True, 'C0004': False}
    """
    pairs = (pair.partition(":")[::2] for pair in text.split(","))
    return {name: ANSWERS.get(answer) for name, answer in pairs}


def json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004  # the form is wrong, as for text that is not JSON
    return value


cookiebot: Final = CookieReader(name="CookieConsent", parse=parse_cookiebot)
onetrust: Final = CookieReader(
    name="OptanonConsent", parse=parse_onetrust, category="C0004", closed_by="OptanonAlertBoxClosed"
)
cookieyes: Final = CookieReader(name="cookieyes-consent", parse=parse_cookieyes, category="advertisement")
vanilla_cookieconsent: Final = CookieReader(name="cc_cookie", parse=parse_vanilla_cookieconsent)
klaro: Final = CookieReader(name="klaro", parse=parse_klaro, category="meta-pixel")


@dataclass(frozen=True, kw_only=True, slots=True)
class DjangoCookieConsent:
    """A consent policy that asks django-cookie-consent, which must be in INSTALLED_APPS."""

    category: str = "marketing"
    requires: str = "cookie_consent"

    def __call__(self, request: HttpRequest) -> bool | None:
        if not apps.is_installed(self.requires):
            return None  # a check reports it
        ask = imported_path("cookie_consent.util.get_cookie_value_from_request")
        answer = ask(request, self.category)
        return answer if isinstance(answer, bool) else None

    def for_category(self, category: str) -> DjangoCookieConsent:
        """Return the same policy for a cookie group with another name."""
        return replace(self, category=category)


django_cookie_consent: Final = DjangoCookieConsent()
