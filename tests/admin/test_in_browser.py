"""The pages in Debian's Chromium, under policies that forbid everything inline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from playwright.sync_api import Page, Route
from pytest_django.live_server_helper import LiveServer

from django_capi.models import Event, MatchKey, Origin
from tests.support import catalogs
from tests.support.chromium import launched
from tests.support.factories import BatchFactory, EventFactory, LaneFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = (
    "overview", "diagnostic", "deduplication", "customerinformation", "datafreshness", "datasetquality", "event",
    "lane", "batch",
)  # fmt: skip
PAYLOAD_HELPER = reverse("admin:django_capi_event_payload_helper")
SELF = "default-src 'self'"
POLICIES = [
    pytest.param(SELF, id="self"),
    pytest.param("default-src 'self'; script-src 'self' 'nonce-abc'; style-src 'self' 'nonce-abc'", id="nonce"),
    pytest.param("default-src 'self'; script-src 'nonce-abc' 'strict-dynamic'", id="strict-dynamic"),
    pytest.param("default-src 'self'; require-trusted-types-for 'script'; trusted-types", id="trusted-types"),
]
# What Django's own admin does is not ours: its scripts have no nonce before Django 6.
REMEMBER = """
window.refused = [];
document.addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sourceFile}) => {
  const isDjangos = [blockedURI, sourceFile].some((one) => /\\/static\\/admin\\/|\\/admin\\/jsi18n\\//.test(one));
  if (!isDjangos) window.refused.push(violatedDirective);
});
"""


WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"  # as over plain HTTP


@contextmanager
def signed_in(
    client: Client, address: str, *, width: int = 1280, policy: str = SELF, has_scripts: bool = True
) -> Iterator[Page]:
    """A page of the administrator's. Ask the database after it, as Django refuses to beside Playwright's event loop."""

    def with_policy(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": policy})

    name = settings.SESSION_COOKIE_NAME
    session = client.cookies[name].value
    with launched() as chromium:
        context = chromium.new_context(
            base_url=address,
            color_scheme="light",
            viewport={"width": width, "height": 900},
            java_script_enabled=has_scripts,
        )
        context.add_cookies([{"name": name, "value": session, "url": address}])
        context.add_init_script(REMEMBER)
        context.route("**/*", with_policy)
        yield context.new_page()


@pytest.mark.parametrize("policy", POLICIES)
def test_no_page_breaks_a_strict_policy(admin_client: Client, live_server: LiveServer, policy: str) -> None:
    event = EventFactory(rejected=True, fired=True, batch=BatchFactory(lane=LaneFactory(paused=True)))
    EventFactory.create_batch(20, met=True)
    pages = [reverse(f"admin:django_capi_{name}_changelist") for name in PAGES]
    pages.append(reverse("admin:django_capi_event_change", args=[event.pk]))

    with signed_in(admin_client, live_server.url, policy=policy) as page:
        refused = {address: page.goto(address) and page.evaluate("window.refused") for address in pages}

    assert refused == {address: [] for address in pages}


def test_the_bars_are_drawn_with_the_style_sheet_s_colours(admin_client: Client, live_server: LiveServer) -> None:
    EventFactory.create_batch(20, met=True)
    colour = "getComputedStyle(document.querySelector('.capi-fill-good')).fill"

    with signed_in(admin_client, live_server.url) as page:
        page.goto(reverse("admin:django_capi_deduplication_changelist"))
        light = page.evaluate(colour)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(colour)

    assert light != dark
    assert "rgb(0, 0, 0)" not in (light, dark)


def test_a_narrow_screen_scrolls_tables_not_the_page(admin_client: Client, live_server: LiveServer) -> None:
    EventFactory.create_batch(20, met=True)

    with signed_in(admin_client, live_server.url, width=390) as page:
        page.goto(reverse("admin:django_capi_deduplication_changelist"))
        width = page.evaluate("document.documentElement.scrollWidth")

    assert width <= 390


@pytest.mark.parametrize("model", ["event", "deduplication", "datafreshness"])
def test_links_in_tables_are_underlined(model: str, admin_client: Client, live_server: LiveServer) -> None:
    EventFactory.create_batch(20, met=True)
    lines = "links => [...new Set(links.map(link => getComputedStyle(link).textDecorationLine))]"

    with signed_in(admin_client, live_server.url) as page:
        page.goto(reverse(f"admin:django_capi_{model}_changelist"))
        found = page.locator("#result_list tbody a, .capi-table a").evaluate_all(lines)

    assert found == ["underline"]


def test_a_stacked_cell_has_one_label(admin_client: Client, live_server: LiveServer) -> None:
    """Its own, unless a theme makes one from an attribute of the cell, as Unfold does."""
    EventFactory(met=True)
    label = "#result_list .field-server .capi-label"

    with signed_in(admin_client, live_server.url, width=390) as page:
        page.goto(reverse("admin:django_capi_event_changelist"))
        own = page.locator(label).is_visible()
        page.locator("#result_list .field-server").evaluate("cell => cell.dataset.label = 'Server'")
        beside_theme = page.locator(label).is_visible()

    assert (own, beside_theme) == (True, False)


# The texts of the elements that are wider than what is shown of them.
CUT = """selector => [...document.querySelectorAll(selector)]
    .filter(element => element.scrollWidth > element.clientWidth)
    .map(element => `${element.innerText}: ${element.scrollWidth} of ${element.clientWidth}`)"""


@pytest.mark.parametrize("language", ["en-us", "ar"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("value", ["135.40", "99.70", "1234567.89"])
def test_an_amount_of_money_fits_its_tile(
    value: str, width: int, language: str, admin_client: Client, live_server: LiveServer
) -> None:
    for currency in ("EUR", "CHF"):
        EventFactory(accepted=True, value=Decimal(value), currency=currency)
    EventFactory.create_batch(20, met=True)
    EventFactory(rejected=True)
    found = {}

    with override_settings(LANGUAGE_CODE=language), signed_in(admin_client, live_server.url, width=width) as page:
        for name in ("overview", "deduplication"):
            page.goto(reverse(f"admin:django_capi_{name}_changelist"))
            assert page.locator(".capi-number-money").count() == 2
            found[name] = page.evaluate(CUT, ".capi-tile, .capi-tile *")

    assert found == {"overview": [], "deduplication": []}


@pytest.mark.parametrize("language", ["en-us", *(name.replace("_", "-").lower() for name in catalogs.LANGUAGES)])
def test_no_column_is_cut_on_a_wide_screen(language: str, admin_client: Client, live_server: LiveServer) -> None:
    events_of_each_kind()
    found = {}

    with override_settings(LANGUAGE_CODE=language), signed_in(admin_client, live_server.url, width=1440) as page:
        for name in PAGES:
            page.goto(reverse(f"admin:django_capi_{name}_changelist"))
            found[name] = page.evaluate(CUT, ".results, #result_list :is(th, td), .capi-scroll, .capi-scroll-inner")

    assert {name: cut for name, cut in found.items() if cut} == {}


# What is seen of the page's frame, of forms and of what can only be clicked.
CLICKABLE = """() => [...document.querySelectorAll(
    'header, nav:not(.capi-choices nav), aside, #changelist-filter, .object-tools, button, input, select, .button'
)].filter(element => element.checkVisibility()).map(element => element.outerHTML.slice(0, 80))"""
# The colours of all texts that are seen, and of what is behind them.
COLOURS = """() => {
    const all = [...document.querySelectorAll('#container *')];
    const seen = all.filter(each => each.checkVisibility() && each.innerText);
    const found = seen.flatMap(each => [getComputedStyle(each).color, getComputedStyle(each).backgroundColor]);
    return [...new Set(found)].sort();
}"""
BLACK, WHITE, NO_COLOUR = "rgb(0, 0, 0)", "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_shows_figures_and_tables_in_black_on_white(
    scheme: Literal["light", "dark"], admin_client: Client, live_server: LiveServer
) -> None:
    events_of_each_kind()
    clickable, colours, cut = {}, {}, {}

    with signed_in(admin_client, live_server.url, width=1000) as page:
        page.emulate_media(media="print", color_scheme=scheme)
        for name in PAGES:
            page.goto(reverse(f"admin:django_capi_{name}_changelist"))
            assert page.locator("table:visible, .capi-empty:visible").count()
            clickable[name] = page.evaluate(CLICKABLE)
            colours[name] = page.evaluate(COLOURS)
            cut[name] = page.evaluate(CUT, "html, .results, .capi-scroll, .capi-scroll-inner, .capi-tile, .capi-number")

    assert {name: found for name, found in clickable.items() if found} == {}
    assert {name: found for name, found in colours.items() if set(found) - {BLACK, WHITE, NO_COLOUR}} == {}
    assert {name: found for name, found in cut.items() if found} == {}


def events_of_each_kind() -> None:
    """Events with the longest names, objects, keys and states of both copies."""
    batch = BatchFactory(lane=LaneFactory(paused=True))
    carried = sum(MatchKey[key] for key in ("em", "external_id", "client_ip_address", "client_user_agent"))
    keys = {"match_keys": carried, "batch": batch}
    for name in ("CompleteRegistration", "ViewContent"):
        EventFactory.create_batch(25, met=True, event_name=name, object_ref="shop.order:1234567", **keys)
        EventFactory.create_batch(25, accepted=True, event_name=name, origin=Origin.TRACK, **keys)
        EventFactory(rejected=True, event_name=name, **keys)
        EventFactory(in_doubt=True, event_name=name, **keys)
    EventFactory(accepted=True, event_name="NewsletterSubscriptionOfReturningCustomerRenewed", object_ref="x" * 120)
    Event.objects.filter(finished_at__isnull=False).update(value=Decimal("1234567.89"), currency="EUR")


def test_the_button_resends(admin_client: Client, live_server: LiveServer) -> None:
    event = EventFactory(rejected=True)

    with signed_in(admin_client, live_server.url) as page:
        page.goto(reverse("admin:django_capi_event_change", args=[event.pk]))
        page.get_by_role("button", name="Resend", exact=True).click()
        said = page.locator(".messagelist").inner_text()

    assert said == "1 event will be sent again."


@pytest.mark.parametrize("policy", [POLICIES[0], POLICIES[3]])
def test_a_test_event_appears_without_a_reload_and_a_pause_stops_that(
    policy: str, admin_client: Client, live_server: LiveServer
) -> None:
    with signed_in(admin_client, live_server.url, policy=policy) as page:
        page.goto(reverse("admin:django_capi_event_test_events"))
        other = page.context.new_page()
        other.goto(reverse("admin:django_capi_event_test_events"))
        other.get_by_label("Event name").fill("Lead")
        other.get_by_label("Test code").fill("TEST1")
        with other.expect_navigation():
            other.get_by_role("button", name="Send").click()
        page.locator("#capi-tail tbody tr", has_text="Lead").wait_for()
        announced = page.locator("#capi-tail-status").text_content()
        page.get_by_role("button", name="Pause").click()
        asked_while_paused = []
        page.on("request", lambda request: asked_while_paused.append(request.url))
        page.wait_for_timeout(2500)  # longer than the interval of the script
        refused = page.evaluate("window.refused")

    assert announced == "New: Lead, Server only"
    assert asked_while_paused == []
    assert refused == []


@pytest.mark.parametrize("policy", [POLICIES[0], POLICIES[3]])
def test_a_payload_is_copied_with_the_keyboard_and_it_is_announced(
    policy: str, admin_client: Client, live_server: LiveServer
) -> None:
    event = EventFactory()

    with signed_in(admin_client, live_server.url, policy=policy) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{PAYLOAD_HELPER}?q={event.event_id}")
        page.get_by_text("Python", exact=True).click()
        button = page.get_by_role("button", name="Copy as Python")
        button.press("Enter")
        page.locator("#capi-python-status", has_text="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        printed = page.locator("#capi-python").text_content()
        role = page.locator("#capi-python-status").get_attribute("aria-live")
        refused = page.evaluate("window.refused")

    assert copied == printed
    assert event.event_id in copied
    assert role == "polite"
    assert refused == []


def test_a_payload_is_copied_over_plain_http(admin_client: Client, live_server: LiveServer) -> None:
    event = EventFactory()

    with signed_in(admin_client, live_server.url) as page:
        page.context.add_init_script(WITHOUT_CLIPBOARD)
        page.goto(f"{PAYLOAD_HELPER}?q={event.event_id}")
        page.get_by_role("button", name="Copy as JSON").press("Space")
        page.locator("#capi-json-status", has_text="Copied").wait_for()
        selected = page.evaluate("String(window.getSelection())")

    assert event.event_id in selected


def test_without_scripts_there_is_no_button_that_does_nothing(admin_client: Client, live_server: LiveServer) -> None:
    event = EventFactory()

    with signed_in(admin_client, live_server.url, has_scripts=False) as page:
        page.goto(f"{PAYLOAD_HELPER}?q={event.event_id}")
        is_printed = page.locator("#capi-json").is_visible()
        buttons = page.get_by_role("button", name="Copy as").count()

    assert is_printed
    assert buttons == 0
