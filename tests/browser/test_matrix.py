"""Each kind of page, with each consent and each library: what Meta gets from the browser and from the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from playwright.sync_api import Browser
from pytest_django import Settings

from django_capi.models import BrowserState, Status
from django_capi.worker import run
from example_project.standin import Running
from tests.browser import matrix_site
from tests.browser.matrix import CASES, KINDS, MARKER, Cell, Outcome, case_of, cells, expected, letter, name_of, table
from tests.browser.visits import STEPS, Visit, finish, ledger
from tests.conftest import Show, ShowCell
from tests.support import servers
from tests.support.chromium import launched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DOCS = Path(__file__).parents[2] / "docs/reference/browser.md"
Copies = Counter[tuple[str, str | None]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched(keeps_pages=True) as chromium:
        yield chromium


@pytest.fixture(scope="module", autouse=True)
def _orm_beside_playwright() -> Iterator[None]:
    """Playwright's event loop is in this thread, but no test here is asynchronous."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="module")
def addresses(django_db_setup: None) -> Iterator[dict[str, str]]:
    """Of the site under WSGI and under ASGI; its middleware is loaded at the start."""
    middleware = ["tests.browser.matrix_site.ignoring_cache", *django_settings.MIDDLEWARE]
    with override_settings(MIDDLEWARE=middleware), servers.wsgi() as wsgi, servers.asgi() as asgi:
        yield {"WSGI": wsgi, "ASGI": asgi}


@pytest.fixture
def play(
    settings: Settings, addresses: dict[str, str], browser: Browser, library: Running
) -> Iterator[Callable[[Cell], Visit]]:
    visits: list[Visit] = []

    def start(cell: Cell) -> Visit:
        switch = "?slow=0.6" if cell.library == "slow" else ""
        settings.ROOT_URLCONF = matrix_site
        settings.CAPI = {
            **settings.CAPI,
            "CONSENT": matrix_site.answer,
            "BROWSER_EVENTS": ("PageView", "ViewContent", "Contact", MARKER),
            "SENDER": "graph",
            "GRAPH_URL": library.url,
            "PIXEL_SCRIPT_URL": f"{library.url}/en_US/fbevents.js{switch}",
        }
        library.state.seen.reset()
        visits.append(Visit(cell=cell, url=addresses[cell.server], browser=browser))
        STEPS[cell.kind](visits[-1])
        finish(visits[-1])
        return visits[-1]

    yield start
    for visit in visits:
        for context in visit.contexts:
            context.close()


def received_from_browser(library: Running) -> Copies:
    return Counter((each.event_name, each.event_id) for each in library.state.seen.browser_events())


def received_from_server(library: Running) -> Copies:
    return Counter((each.event_name, each.event_id) for each in library.state.seen.server_events())


def outcome(browser: Copies, server: Copies) -> Outcome:
    return Outcome(*(names(part) for part in (browser & server, browser - server, server - browser)))


def without_marker(copies: Copies) -> Copies:
    return Counter(copy for copy in copies.elements() if copy[0] != MARKER)


def names(copies: Copies) -> Counter[str]:
    return Counter(name for name, _ in copies.elements())


def with_markers(cell: Cell, pages: int) -> Outcome:
    """The marker of each open page is an event with consent."""
    pairs, browser, server = expected(cell)
    markers = Counter({MARKER: pages})
    return (
        Outcome(pairs, browser, server + markers)
        if cell.library == "blocked"
        else Outcome(pairs + markers, browser, server)
    )


def expected_ledger(cell: Cell, pages: int) -> Counter[tuple[str, int, int]]:
    """Name, status and browser state."""
    pairs, browser, server = with_markers(cell, pages)
    return Counter(
        [
            *((name, Status.ACCEPTED.value, BrowserState.FIRED.value) for name in pairs.elements()),
            *((name, Status.WITHDRAWN.value, BrowserState.FIRED.value) for name in browser.elements()),
            *((name, Status.ACCEPTED.value, BrowserState.BLOCKED.value) for name in server.elements()),
        ]
    )


def is_complete(cell: Cell, library: Running, pages: int) -> bool:
    """True when as much has been reported, and has reached Meta from the browser, as expected."""
    states = sorted(state for *_, state in ledger())
    fired = [state for state in states if state == BrowserState.FIRED]
    should = sorted(state for _, _, state in expected_ledger(cell, pages).elements())
    return states >= should and received_from_browser(library).total() >= len(fired)


@pytest.mark.parametrize("cell", cells(), ids=name_of)
def test_a_cell_has_the_expected_copies(
    play: Callable[[Cell], Visit], library: Running, show_cell: ShowCell, cell: Cell
) -> None:
    visit = play(cell)
    pages = len(visit.pages)
    visit.until(lambda: is_complete(cell, library, pages), "end of what should happen")

    run()

    rows = ledger()
    browser, server = received_from_browser(library), received_from_server(library)
    assert outcome(browser, server) == with_markers(cell, pages)
    assert Counter((name, status, state) for name, _, status, state in rows) == expected_ledger(cell, pages)
    assert Counter((name, id_) for name, id_, _, state in rows if state == BrowserState.FIRED) == browser
    assert Counter((name, id_) for name, id_, status, _ in rows if status == Status.ACCEPTED) == server
    seen = outcome(without_marker(browser), without_marker(server))
    show_cell("matrix", cell.kind, list(CASES).index(case_of(cell)), letter(seen))


def test_every_kind_has_its_steps() -> None:
    assert list(STEPS) == list(KINDS)


def test_the_documentation_has_the_matrix(show: Show) -> None:
    show(f"{len(cells())} cells; a line has a letter for each of: {', '.join(CASES)}")

    assert table() in DOCS.read_text(encoding="utf-8")
