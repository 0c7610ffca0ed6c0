"""The shop in a real browser: its scripts, under its own policy, with Meta's script blocked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from example_project.shop.factories import ProductFactory
from example_project.shop.models import Product
from example_project.shop.policy import NONCE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["/", "/products/linden-honey/", "/search/?q=honey", "/about/", "/cart/", "/contact/", "/admin/login/"]


@pytest.fixture
def product(transactional_db: None) -> Product:
    # Before the browser is in use: beside Playwright's event loop Django refuses to use the database.
    return ProductFactory.create(name="Linden honey", slug="linden-honey")


def test_accepting_releases_the_pages_events_without_a_reload(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")
    expect(page.locator("#tape .empty")).to_be_visible()

    page.get_by_role("button", name="Accept").click()

    expect(page.locator("#consent")).to_be_hidden()
    expect(page.locator("#tape li")).to_have_count(2)
    expect(page.locator("#tape .name")).to_have_text(["ViewContent", "PageView"])
    expect(page.locator("#tape .state").first).to_have_text("blocked")
    assert "shop_consent=yes" in page.evaluate("document.cookie")


def test_declining_keeps_the_tape_empty_and_is_remembered(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")

    page.get_by_role("button", name="Decline").click()
    page.goto("/")

    expect(page.locator("#consent")).to_be_hidden()
    expect(page.locator("#tape .empty")).to_be_visible()
    assert "shop_consent=no" in page.evaluate("document.cookie")


def test_a_choice_can_be_changed_at_the_foot_of_the_page(product: Product, page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Accept").click()

    page.get_by_role("button", name="Cookie choice").click()
    page.get_by_role("button", name="Decline").click()

    expect(page.get_by_role("button", name="Cookie choice")).to_be_focused()
    assert "shop_consent=no" in page.evaluate("document.cookie")


def test_adding_by_htmx_updates_the_badge_and_the_tape(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")
    page.get_by_role("button", name="Accept").click()

    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()

    expect(page.locator("#notice")).to_have_text("Added 2 × Linden honey.")
    expect(page.locator("#cart-badge")).to_contain_text("2")
    expect(page.locator("#tape .name").first).to_have_text("AddToCart")
    assert page.url.endswith("/products/linden-honey/")


def test_the_tape_survives_the_next_page(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#tape li")).to_have_count(2)

    page.goto("/cart/")

    expect(page.locator("#tape .name")).to_have_text(["PageView", "ViewContent", "PageView"])


def test_a_refused_quantity_is_explained_in_place(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")
    page.get_by_role("button", name="Decline").click()

    page.locator("form.buy").evaluate("form => form.noValidate = true")
    page.get_by_label("Quantity").fill("99")
    page.get_by_role("button", name="Add to cart").click()

    expect(page.locator("#notice")).to_contain_text("between 1 and 20")


def test_the_shared_page_fetches_the_visitors_cart(product: Product, page: Page) -> None:
    page.goto("/products/linden-honey/")
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart-badge")).to_contain_text("1")

    page.goto("/about/")

    expect(page.locator("#cart-badge")).to_contain_text("1")


def test_no_page_asks_for_more_than_its_policy_allows(product: Product, page: Page) -> None:
    refused = {}
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        refused[path] = page.evaluate("window.refused")

    assert refused == {path: [] for path in PAGES}


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param([NONCE, "http://127.0.0.1:8001"], id="nonce"),
        pytest.param([NONCE, "'strict-dynamic'"], id="strict-dynamic"),
    ],
)
def test_every_script_of_the_shop_carries_the_nonce(
    product: Product, page: Page, settings: Settings, scripts: list[str]
) -> None:
    settings.SECURE_CSP = {**settings.SECURE_CSP, "script-src": scripts}
    refused = {}
    for path in PAGES[:-1]:  # the admin's log-in has scripts of Django's own
        page.goto(path)
        page.wait_for_load_state("networkidle")
        refused[path] = page.evaluate("window.refused")

    page.get_by_role("button", name="Accept").click()

    expect(page.locator("#tape .name")).to_have_text(["PageView"])
    assert refused == {path: [] for path in PAGES[:-1]}
