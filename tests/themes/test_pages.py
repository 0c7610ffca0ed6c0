"""Every page of the admin under Unfold and under Jazzmin, in light and in dark.

Run it where both are installed: `pip install django-unfold django-jazzmin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from example_project.demo.processes import HOST, Demo, answers, free_port
from tests.support.chromium import AGENT, launched
from tests.support.demos import admin_pages, log_in, week

MISSING = [name for name in ("unfold", "jazzmin") if find_spec(name) is None]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.story,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)}, so that there is no admin of its kind"
    ),
]

AXE = Axe()
SETTINGS = {"unfold": "tests.themes.unfolded", "jazzmin": "tests.themes.jazzmined"}
FEWEST_PAGES = 24
OURS = (".capi", ".capi-banners", ".capi-links", "#result_list")
REPEATED = "#result_list tbody tr:nth-child(n+9), .capi-table tbody tr:nth-child(n+30)"  # rows are like those before
# Jazzmin's blue on its grey has a contrast of 4.3 to 1 in every page of it.
THEMES_OWN = {("jazzmin", "light"): [".capi a", ".capi-links a", "#result_list a"]}
REPORTS = {"deduplication": "Deduplication", "overview": "At a glance", "datafreshness": "Data freshness"}
# Above other pages Unfold names the model.
TITLES = {"unfold": REPORTS, "jazzmin": {**REPORTS, "event-test-events": "Test events", "event-test-mode": "Test mode"}}
TOOLS = ("Payload helper", "Test events", "Test mode")

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with week(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture(scope="module")
def paths(browser: Browser, demo: Demo) -> dict[str, str]:
    """The path of each page, as found under Django's own theme."""
    found = admin_pages(signed_in(browser, demo.shop, "light"), demo.shop)
    assert len(found) >= FEWEST_PAGES
    return {name: address.removeprefix(demo.shop) for name, address in found.items()}


@pytest.fixture(scope="module", params=SETTINGS)
def theme(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def shop(theme: str, demo: Demo) -> str:
    """A second server on the same week, with the theme."""
    port = free_port(demo.meta_port + 1)
    name = f"shop-{theme}"
    demo.start(
        name, "manage.py", "runserver", f"--settings={SETTINGS[theme]}", "--noreload", "--nostatic", f"{HOST}:{port}"
    )
    demo.wait_for(name, lambda: answers(f"http://{HOST}:{port}/about/"))
    return f"http://{HOST}:{port}"


def signed_in(browser: Browser, shop: str, scheme: Scheme) -> Page:
    size = {"width": 1440, "height": 900}
    page = browser.new_context(user_agent=AGENT, color_scheme=scheme, viewport=size).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(20_000)
    log_in(page, shop)
    return page


def violations(page: Page, excluded: list[str]) -> list[str]:
    """What axe objects to in the parts that are ours, each with its element."""
    page.evaluate(f"document.querySelectorAll('{REPEATED}').forEach(row => row.remove())")
    parts = [[part] for part in OURS if page.locator(part).count()]
    if not parts:
        return []
    context = {"include": parts, "exclude": [[each] for each in excluded]}
    found = AXE.run(page, context=context, options={"resultTypes": ["violations"]})
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found.response["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_opens_without_violations(
    browser: Browser, paths: dict[str, str], theme: str, shop: str, scheme: Scheme
) -> None:
    page = signed_in(browser, shop, scheme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    statuses, found, too_wide = {}, {}, {}

    for name, path in paths.items():
        response = page.goto(shop + path)
        statuses[name] = response.status if response else None
        too_wide[name] = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found[name] = violations(page, THEMES_OWN.get((theme, scheme), []))

    assert set(statuses.values()) == {200}
    assert errors == []
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert {name: width for name, width in too_wide.items() if width > 0} == {}


def test_pages_that_are_no_lists_show_their_titles(
    browser: Browser, paths: dict[str, str], theme: str, shop: str
) -> None:
    page = signed_in(browser, shop, "light")

    for name, title in TITLES[theme].items():
        page.goto(shop + paths[name])

        top = page.locator(".capi").first.bounding_box()
        said = page.get_by_text(title, exact=True).locator("visible=true")
        places = [said.nth(number).bounding_box() for number in range(said.count())]
        assert top is not None
        assert [place for place in places if place and place["y"] < top["y"] and place["x"] > top["x"] - 200], name


def test_the_tools_of_the_list_have_no_bullets(browser: Browser, paths: dict[str, str], shop: str) -> None:
    page = signed_in(browser, shop, "light")
    page.goto(f"{shop}/admin/django_capi/event/")

    tools = page.locator(".capi-tool")

    assert [text.strip() for text in tools.all_inner_texts()] == list(TOOLS)
    for place in range(len(TOOLS)):
        style = tools.nth(place).evaluate(
            "tool => [getComputedStyle(tool).display, getComputedStyle(tool).listStyleType]"
        )
        assert style[0] != "list-item" or style[1] == "none"
