"""The built-in consent policies with the cookies that each banner writes, and with malformed ones."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from hypothesis import given
from hypothesis import strategies as st

from django_capi import consent
from django_capi.consent import CookieReader, cookie

COOKIEBOT = (
    "{{stamp:%27oJ35SLjkzW4RaUoGqC9nv0TjIDn9KP4raUYB5i2R9p0pT/40h2LtBg==%27%2Cnecessary:true%2Cpreferences:false"
    "%2Cstatistics:false%2Cmarketing:{}%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1666875104776%2Cregion:%27gb%27}}"
)
ONETRUST = (
    "isGpcEnabled=0&datestamp=Wed+Feb+01+2023+12%3A35%3A32+GMT%2B0100&version=202209.1.0&isIABGlobal=false&hosts="
    "&consentId=7f3cf16d-b3e1-4781-8db1-61482d0a9dff&interactionCount=1&landingPath=NotLandingPage"
    "&groups=C0001%3A1%2CC0002%3A0%2CC0004%3A{}&geolocation=AT%3B9&AwaitingReconsent=false"
)
CLOSED = {"OptanonAlertBoxClosed": "2023-02-01T11:35:32.123Z"}
COOKIEYES = (
    "consentid:WmFsdGFuZw,consent:{},action:{},necessary:yes,functional:no,analytics:no,performance:no,advertisement:{}"
)


def vanilla(*accepted: str, **more: Any) -> str:
    """As version 3.1 writes it."""
    categories = ["necessary", *accepted]
    content = {
        "categories": categories,
        "revision": 0,
        "data": None,
        "consentTimestamp": "2026-01-01T12:00:00.000Z",
        "consentId": "0b9c9e1e-5c1d-4c52-9b61-2f6d1a0f7a11",
        "services": {"necessary": [], "analytics": [], "marketing": []},
        "languageCode": "en",
        "lastConsentTimestamp": "2026-01-01T12:00:00.000Z",
        "expirationTime": 1783000000000,
    }
    return quote(json.dumps({**content, **more}))


def klaro(**services: object) -> str:
    return quote(json.dumps({"matomo": True, **services}))


def asking(cookies: dict[str, str]) -> HttpRequest:
    request = HttpRequest()
    request.COOKIES.update(cookies)
    return request


ANSWERS: list[Any] = [
    pytest.param(consent.cookiebot, COOKIEBOT.format("true"), {}, True, id="cookiebot-yes"),
    pytest.param(consent.cookiebot, COOKIEBOT.format("false"), {}, False, id="cookiebot-no"),
    pytest.param(consent.cookiebot, "-1", {}, True, id="cookiebot-no-consent-needed"),
    pytest.param(consent.cookiebot, "0", {}, False, id="cookiebot-declined"),
    pytest.param(consent.cookiebot, "{stamp:'x',ver:1}", {}, None, id="cookiebot-without-the-category"),
    pytest.param(consent.cookiebot, "{necessary:true,nomarketing:true}", {}, None, id="cookiebot-longer-name"),
    pytest.param(consent.cookiebot, "{'marketing': true}", {}, True, id="cookiebot-quoted"),
    pytest.param(consent.onetrust, ONETRUST.format(1), CLOSED, True, id="onetrust-yes"),
    pytest.param(consent.onetrust, ONETRUST.format(0), CLOSED, False, id="onetrust-no"),
    pytest.param(consent.onetrust, ONETRUST.format(0), {}, None, id="onetrust-not-answered"),
    pytest.param(consent.onetrust, ONETRUST.format(1), {}, True, id="onetrust-allowed-by-default"),
    pytest.param(
        consent.onetrust,
        ONETRUST.format(1).replace("AwaitingReconsent=false", "AwaitingReconsent=true"),
        CLOSED,
        None,
        id="onetrust-asked-again",
    ),
    pytest.param(
        consent.onetrust,
        "landingPath=https%3A%2F%2Fshop.example%2F%3Fa%26groups%3DC0004%253A1&groups=C0001%3A1%2CC0004%3A0",
        CLOSED,
        False,
        id="onetrust-groups-in-the-landing-page",
    ),
    pytest.param(
        consent.onetrust,
        "groups=C0001%3A1&landingPath=https%3A%2F%2Fshop.example%2F%3Fa%26groups%3DC0004%253A1",
        CLOSED,
        None,
        id="onetrust-only-in-the-landing-page",
    ),
    pytest.param(consent.cookieyes, COOKIEYES.format("yes", "yes", "yes"), {}, True, id="cookieyes-yes"),
    pytest.param(consent.cookieyes, COOKIEYES.format("no", "yes", "no"), {}, False, id="cookieyes-no"),
    pytest.param(consent.cookieyes, COOKIEYES.format("", "", "no"), {}, None, id="cookieyes-not-answered"),
    pytest.param(consent.cookieyes, COOKIEYES.format("yes", "yes", ""), {}, None, id="cookieyes-empty"),
    pytest.param(consent.vanilla_cookieconsent, vanilla("marketing"), {}, True, id="vanilla-yes"),
    pytest.param(consent.vanilla_cookieconsent, vanilla("analytics"), {}, False, id="vanilla-no"),
    pytest.param(
        consent.vanilla_cookieconsent, vanilla(services={"ads": []}), {}, None, id="vanilla-without-the-category"
    ),
    pytest.param(
        consent.vanilla_cookieconsent, '{"categories":["necessary"],"level":[]}', {}, False, id="vanilla-version-2"
    ),
    pytest.param(consent.vanilla_cookieconsent, vanilla(categories=None), {}, None, id="vanilla-without-a-list"),
    pytest.param(consent.klaro, klaro(**{"meta-pixel": True}), {}, True, id="klaro-yes"),
    pytest.param(consent.klaro, klaro(**{"meta-pixel": False}), {}, False, id="klaro-no"),
    pytest.param(consent.klaro, klaro(), {}, None, id="klaro-new-service"),
    pytest.param(consent.klaro, klaro(**{"meta-pixel": "yes"}), {}, None, id="klaro-no-flag"),
    pytest.param(cookie("choice"), "yes", {}, True, id="plain-yes"),
    pytest.param(cookie("choice"), "no", {}, False, id="plain-no"),
    pytest.param(cookie("choice"), "later", {}, None, id="plain-another-value"),
    pytest.param(cookie("choice", "all cookies", "none"), "all%20cookies", {}, True, id="plain-encoded"),
]


@pytest.mark.parametrize(("reader", "text", "more", "expected"), ANSWERS)
def test_a_reader_gives_the_answer_in_the_cookie(
    reader: CookieReader, text: str, more: dict[str, str], expected: bool | None
) -> None:
    assert reader(asking({reader.name: text, **more})) is expected


COOKIE_READERS = [
    *(ready for name in consent.__all__ if isinstance(ready := getattr(consent, name), CookieReader)),
    cookie("choice"),
]
ANSWERED = {
    "CookieConsent": COOKIEBOT.format("true"),
    "OptanonConsent": ONETRUST.format(1),
    "cookieyes-consent": COOKIEYES.format("yes", "yes", "yes"),
    "cc_cookie": vanilla("marketing"),
    "klaro": klaro(**{"meta-pixel": True}),
    "choice": "yes",
}
names = pytest.mark.parametrize("reader", COOKIE_READERS, ids=lambda reader: str(reader.name))


@names
def test_its_answers_are_tried_above(reader: CookieReader) -> None:
    tried = {(row.values[0].name, row.values[3]) for row in ANSWERS}

    assert {(reader.name, answer) for answer in (True, False, None)} <= tried


@names
def test_without_its_cookie_there_is_no_answer_and_so_no_withdrawal(reader: CookieReader) -> None:
    assert reader(asking({})) is None
    assert reader(asking({reader.name: ""})) is None


@names
@pytest.mark.parametrize("times", [1, 2])
def test_a_cookie_that_is_encoded_again_is_read(reader: CookieReader, times: int) -> None:
    text = ANSWERED[reader.name]
    for _ in range(times):
        text = quote(text, safe="")

    assert reader(asking({reader.name: text})) is True


@names
def test_a_cookie_in_quotes_is_read(reader: CookieReader) -> None:
    header = f'{reader.name}="{ANSWERED[reader.name]}"; other=1'

    assert reader(asking(parse_cookie(header))) is True


@names
def test_another_category_can_be_named(reader: CookieReader) -> None:
    renamed = reader.for_category("C0005")

    assert (renamed.name, renamed.category) == (reader.name, "C0005")
    assert reader.category != "C0005"


HOSTILE = [
    "%",
    "%00",
    "\x00",
    "\udc80",
    "null",
    "[]",
    '"{}"',
    "{",
    "[" * 4000,
    '{"a":' * 800,
    "9" * 4096,
    '{"categories":{"marketing":1},"services":7}',
    '{"categories":[["marketing"],{}],"services":[]}',
    "&&&===groups",
    "groups=%",
    ",,,:::action:",
    "x" * 1_000_000,
    "%25" * 2000,
]


@names
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_known_trick_is_read_as_a_yes(reader: CookieReader, text: str) -> None:
    assert reader(asking({reader.name: text, **CLOSED})) is not True


WORDS = (
    "groups= C0004 action advertisement marketing categories services meta-pixel AwaitingReconsent= true false yes no"
)
fragments = st.sampled_from([*"{}[]:,=&\"'%|10", "%25", "%2C", "%3A", "null", "\\u0000", *WORDS.split()])


# Each example is given to all readers, as making it takes longer than reading it.
@given(text=st.one_of(st.text(max_size=200), st.lists(fragments, max_size=40).map("".join), st.text().map(quote)))
def test_a_reader_never_raises(text: str) -> None:
    for reader in COOKIE_READERS:
        assert reader(asking({reader.name: text, **CLOSED})) in (True, False, None)


@given(raw=st.binary(max_size=300))
def test_a_reader_never_raises_on_any_bytes_in_the_header(raw: bytes) -> None:
    for reader in COOKIE_READERS:
        cookies = parse_cookie(f"{reader.name}=" + raw.decode("latin-1"))

        assert reader(asking(cookies)) in (True, False, None)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_reader_never_raises_on_any_json(value: object) -> None:
    text = json.dumps({"categories": value, "services": value, "meta-pixel": value})

    for reader in COOKIE_READERS:
        assert reader(asking({reader.name: text})) in (True, False, None)
