"""Each banner in Chromium: its cookie, its event and the line of docs/how-to/consent.md, against the test site.

The banners are imitations that write the cookies and fire the events that the makers document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines
from playwright.sync_api import Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from django_capi.consent import Consent
from django_capi.models import BrowserState, Event, Withdrawal
from tests.support.chromium import AGENT, launched
from tests.support.fbevents import stand_in
from tests.tracking.serving import serve

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DOCS = (Path(__file__).parents[2] / "docs" / "how-to" / "consent.md").read_text("utf-8")
LINES = dict(re.findall(r"`\"CONSENT\": \"django_capi\.consent\.(\w+)\",` \| `([^`]+)` \|", DOCS))

BANNERS = {
    "cookiebot": """
        const keep = (marketing) => {
          document.cookie = `CookieConsent={stamp:%27x%27%2Cnecessary:true%2Cmarketing:${marketing}%2Cver:1}; path=/`;
          window.Cookiebot = {changed: true, consent: {necessary: true, marketing}};
          window.dispatchEvent(new Event('CookiebotOnConsentReady'));
        };""",
    "onetrust": """
        const pairs = (yes) => `isGpcEnabled=0&interactionCount=1&groups=C0001%3A1%2CC0004%3A${yes ? 1 : 0}`;
        if (!document.cookie) document.cookie = `OptanonConsent=${pairs(false)}; path=/`;
        const keep = (yes) => {
          document.cookie = `OptanonConsent=${pairs(yes)}; path=/`;
          document.cookie = `OptanonAlertBoxClosed=${new Date().toISOString()}; path=/`;
          window.dispatchEvent(new CustomEvent('consent.onetrust', {detail: yes ? ['C0001', 'C0004'] : ['C0001']}));
        };""",
    "cookieyes": """
        const pairs = (act, yes) => `consentid:x,consent:${yes},action:${act},necessary:yes,advertisement:${yes}`;
        if (!document.cookie) document.cookie = `cookieyes-consent=${pairs('', 'no')}; path=/`;
        const keep = (yes) => {
          document.cookie = `cookieyes-consent=${pairs('yes', yes ? 'yes' : 'no')}; path=/`;
          const detail = {accepted: yes ? ['necessary', 'advertisement'] : ['necessary'], rejected: []};
          document.dispatchEvent(new CustomEvent('cookieyes_consent_update', {detail}));
        };""",
    "vanilla_cookieconsent": """
        let event = 'cc:onFirstConsent';
        const keep = (yes) => {
          const categories = yes ? ['necessary', 'marketing'] : ['necessary'];
          const cookie = {categories, revision: 0, services: {necessary: [], marketing: []}};
          document.cookie = `cc_cookie=${encodeURIComponent(JSON.stringify(cookie))}; path=/`;
          for (const name of [event, 'cc:onConsent']) window.dispatchEvent(new CustomEvent(name, {detail: {cookie}}));
          event = 'cc:onChange';
        };""",
    "klaro": """
        const watchers = [];
        window.klaro = {getManager: () => ({watch: (watcher) => watchers.push(watcher)})};
        const keep = (yes) => {
          const consents = {'meta-pixel': yes, matomo: true};
          document.cookie = `klaro=${encodeURIComponent(JSON.stringify(consents))}; path=/`;
          for (const name of ['consents', 'saveConsents', 'applyConsents'])
            watchers.forEach((watcher) => watcher.update(null, name, {consents}));
        };""",
}
PAGE = "{{% load capi %}}<head>{{% capi_pixel %}}</head><script>{banner}\n{line}\nwindow.keep = keep;</script>"
# Of this document: a page that is left may still be reporting.
REPORTED = "performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/capi/collect/'))"
VIEWS = "window.calls && window.calls.filter((call) => call[2] === 'PageView').length"


@contextmanager
def visited(address: str) -> Iterator[Page]:
    """A new visitor. Ask the database after the visit, as Django refuses to beside Playwright's event loop."""
    with launched() as chromium:
        context = chromium.new_context(base_url=address, user_agent=AGENT)
        stand_in(context)
        page = context.new_page()
        page.goto("/act/")
        page.wait_for_function("window.capi")
        yield page


def with_banner(settings: Settings, name: str) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": f"django_capi.consent.{name}"}

    def page(request: HttpRequest) -> HttpResponse:
        html = PAGE.format(banner=BANNERS[name], line=LINES[name])
        return HttpResponse(engines["django"].from_string(html).render({}, request))

    serve(settings, page)


@pytest.mark.parametrize("banner", BANNERS)
def test_accepting_releases_the_open_page_and_holds_for_the_next(
    settings: Settings, live_server: LiveServer, banner: str
) -> None:
    with_banner(settings, banner)

    with visited(live_server.url) as page:
        before = page.evaluate("Boolean(window.fbq)")
        page.evaluate("window.keep(true)")
        page.wait_for_function(REPORTED)
        page.reload()
        page.wait_for_function(REPORTED)
        after = page.evaluate(VIEWS)

    rows = list(Event.objects.values_list("event_name", "consent", "browser_state"))
    assert (before, after) == (False, 1)
    assert rows == [("PageView", Consent.GRANTED, BrowserState.FIRED)] * 2


@pytest.mark.parametrize("banner", BANNERS)
def test_taking_the_answer_back_withdraws_it(settings: Settings, live_server: LiveServer, banner: str) -> None:
    with_banner(settings, banner)

    with visited(live_server.url) as page:
        page.evaluate("window.keep(true)")
        page.wait_for_function(REPORTED)
        with page.expect_response("**/capi/withdraw/") as answer:
            page.evaluate("window.keep(false)")
        status = answer.value.status
        page.reload()
        left = {cookie["name"] for cookie in page.context.cookies()} & {"_fbp", "_fbc"}
        fired = page.evaluate(VIEWS)

    assert (status, left, fired) == (204, set(), None)
    assert Withdrawal.objects.exists()
    assert Event.objects.count() == 1


def test_limited_data_use_is_said_before_the_pixel_starts(settings: Settings, live_server: LiveServer) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: Consent.LIMITED}

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(engines["django"].from_string("{% load capi %}{% capi_pixel %}").render({}, request))

    serve(settings, page)

    with visited(live_server.url) as visit:
        visit.wait_for_function(VIEWS)
        names = visit.evaluate("window.calls.map((call) => call[0])")
        options = visit.evaluate("window.calls.find((call) => call[0] === 'dataProcessingOptions')")

    payload = json.loads(Event.objects.get().payload)
    assert names.index("dataProcessingOptions") < names.index("init")
    assert options == ["dataProcessingOptions", ["LDU"], 0, 0]
    assert payload["data_processing_options"] == ["LDU"]


def test_every_banner_of_the_table_is_tried_here_or_as_the_package() -> None:
    assert set(LINES) == {*BANNERS, "django_cookie_consent"}
