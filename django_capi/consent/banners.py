"""Consent policies for common consent banners."""

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

COOKIEBOT_ALL: Final = "-1"  # the visitor's region requires no consent
COOKIEBOT_NONE: Final = "0"
ANSWERS: Final = {"yes": True, "no": False, "1": True, "0": False}


def parse_cookiebot(text: str, category: str) -> bool | None:
    """
    A JavaScript object, which is not JSON. https://www.cookiebot.com/en/developer/

    >>> parse_cookiebot("{stamp:'x',necessary:true,marketing:false,method:'explicit'}", "marketing")
    False
    """
    if text in (COOKIEBOT_ALL, COOKIEBOT_NONE):
        return text == COOKIEBOT_ALL
    found = re.search(rf"""[{{,\s"']{re.escape(category)}["']?\s*:\s*(true|false)\s*[,}}]""", text)
    if found is None:
        raise ValueError("not decoded, or no such category")
    return found[1] == "true"


def parse_onetrust(text: str, category: str) -> bool | None:
    """
    Pairs as in a query string, one of them the categories.
    https://my.onetrust.com/articles/en_US/Knowledge/UUID-2dc719a8-4be5-8d16-1dc8-c7b4147b88e0

    >>> parse_onetrust("version=6.34.0&groups=C0001:1,C0004:0&AwaitingReconsent=false", "C0004")
    False
    """
    # Split before decoding: the landing page's address is one of the values, and any link can put `&groups=` into it.
    pairs = dict(pair.partition("=")[::2] for pair in text.split("&"))
    groups = answers_in(unquote(pairs["groups"]))
    return None if pairs.get("AwaitingReconsent") == "true" else groups.get(category)


def parse_cookieyes(text: str, category: str) -> bool | None:
    """
    Pairs separated by commas. Until the visitor acts, "no" is only the default.
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
    JSON with the categories that were accepted, and since version 3 with services under every category.
    https://cookieconsent.orestbida.com/reference/configuration-reference.html#cookie

    >>> parse_vanilla_cookieconsent('{"categories": ["necessary"], "services": {"necessary": [], "ads": []}}', "ads")
    False
    """
    found = json_object(text)
    accepted, known = found.get("categories"), found.get("services")
    if not isinstance(accepted, list):
        return None
    if category in accepted:
        return True
    # A category that the banner does not have was never asked about.
    return None if isinstance(known, dict) and category not in known else False


def parse_klaro(text: str, category: str) -> bool | None:
    """
    JSON with a flag for each service. https://klaro.org/docs/

    >>> parse_klaro('{"meta-pixel": true, "matomo": false}', "meta-pixel")
    True
    """
    answer = json_object(text).get(category)
    return answer if isinstance(answer, bool) else None


def answers_in(text: str) -> dict[str, bool | None]:
    """
    The answers in `name:answer` pairs separated by commas.

    >>> answers_in("C0001:1,C0004:0")
    {'C0001': True, 'C0004': False}
    """
    pairs = (pair.partition(":")[::2] for pair in text.split(","))
    return {name: ANSWERS.get(answer) for name, answer in pairs}


def json_object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004  # the form is wrong, as for a value that is not JSON
    return found


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
            return None  # `manage.py check` says so
        ask = imported_path("cookie_consent.util.get_cookie_value_from_request")
        answer = ask(request, self.category)
        return answer if isinstance(answer, bool) else None

    def for_category(self, category: str) -> DjangoCookieConsent:
        """The same policy where the site's cookie group has another name."""
        return replace(self, category=category)


django_cookie_consent: Final = DjangoCookieConsent()
