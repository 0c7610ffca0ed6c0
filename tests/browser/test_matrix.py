"""Each kind of page, with each consent and each library: what Meta gets from the browser and from the server."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.http import HttpRequest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from django_capi.models import BrowserState, Event, Status
from django_capi.worker import run
from example_project.standin import Running
from tests.browser import matrix_site
from tests.browser.matrix import KINDS, Cell, Outcome, cells, expected, table
from tests.support.chromium import AGENT, launched

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_collect_connections"),
]

DOCS = Path(__file__).parents[2] / "docs/browser.md"
PATIENCE = 4.0  # seconds
TURBO = """async () => {
  const text = await (await fetch('/page/')).text();
  history.pushState({}, '', '/page/?turbo');
  document.documentElement.replaceChild(new DOMParser().parseFromString(text, 'text/html').body, document.body);
  document.dispatchEvent(new Event('turbo:load'));
}"""
FETCH = "async () => { place.innerHTML = await (await fetch('/fragment/')).text(); }"


def answer(request: HttpRequest) -> bool | None:
    return {"yes": True, "no": False}.get(request.COOKIES.get("answer", ""))


@dataclass(kw_only=True)
class Run:
    """One cell: its visitors, and the pages that they left open."""

    cell: Cell
    url: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    waiting: list[Route] = field(default_factory=list)  # the library, when it is late

    def visitor(self) -> BrowserContext:
        headers = {"Sec-GPC": "1"} if self.cell.gpc else {}
        context = self.browser.new_context(user_agent=AGENT, base_url=self.url, extra_http_headers=headers)
        context.set_default_timeout(10_000)
        said = {"given": "yes", "withdrawn": "yes", "denied": "no"}.get(self.cell.consent)
        if said:
            context.add_cookies([{"name": "answer", "value": said, "url": self.url}])
        if self.cell.library == "blocked":
            context.route("**/fbevents.js*", lambda route: route.abort())
        elif self.cell.library == "late":
            context.clock.install()
            context.route("**/fbevents.js*", lambda route: self.waiting.append(route))  # noqa: PLW0108  # a bound builtin is refused
        self.contexts.append(context)
        return context

    def open(self, address: str, context: BrowserContext | None = None) -> Page:
        page = (context or self.visitor()).new_page()
        self.pages.append(page)
        page.goto(address)
        self.settle(page)
        return page

    def settle(self, page: Page) -> None:
        """Until the page has asked and reported what it can at this point."""
        if self.cell.library == "late":
            page.wait_for_function("window.capi")
            page.wait_for_timeout(300)
        else:
            page.wait_for_load_state("networkidle")


def opened(address: str) -> Callable[[Run], None]:
    return lambda run: void(run.open(address))


def void(_: object) -> None:
    return None


def two_visitors(run: Run) -> None:
    address = f"/cached/{uuid.uuid4()}/"
    run.open(address)
    run.open(address)


def ignoring_cache(run: Run) -> None:
    address = f"/ignored/{uuid.uuid4()}/"
    run.open(address)
    run.open(address)


def restored(run: Run) -> None:
    page = run.open("/page/")
    page.evaluate("addEventListener('pageshow', (event) => { window.wasRestored = event.persisted; })")
    page.goto("/page/?next")
    run.settle(page)
    page.go_back(wait_until="commit")
    page.wait_for_function("window.wasRestored")
    page.wait_for_timeout(700)  # no load event follows a restore, and Playwright waits for one


def reloaded(run: Run) -> None:
    page = run.open("/page/")
    page.reload()
    run.settle(page)


def clicked(selector: str, *, leads_to: str = "") -> Callable[[Run], None]:
    def act(run: Run) -> None:
        page = run.open("/page/?start")
        page.click(selector)
        if leads_to:
            page.wait_for_url(leads_to)
        else:
            page.wait_for_selector("#place p", state="attached")
        run.settle(page)

    return act


def evaluated(script: str) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        page = run.open("/page/?start")
        page.evaluate(script)
        run.settle(page)

    return act


def reopened(run: Run) -> None:
    address = f"/thanks/?order={uuid.uuid4()}"
    context = run.visitor()
    run.open(address, context).close()
    run.pages.clear()
    run.open(address, context)


def two_tabs(run: Run) -> None:
    context = run.visitor()
    run.open("/page/", context)
    run.open("/page/", context)


STEPS: dict[str, Callable[[Run], None]] = {
    "private page": opened("/page/"),
    "Django's cache, two visitors": two_visitors,
    "s-maxage": opened("/shared/"),
    "cache that ignores headers": ignoring_cache,
    "gzip": opened("/gzip/"),
    "streamed": opened("/streamed/"),
    "back/forward cache": restored,
    "reload": reloaded,
    "htmx swap": clicked("#swap"),
    "htmx redirect": clicked("#go", leads_to="**/page/"),
    "boosted form": clicked("#boosted button", leads_to="**/page/"),
    "fetch of HTML": evaluated(FETCH),
    "fetch of JSON": evaluated("capi.fetch('/data/').then(() => null)"),
    "Turbo Drive": evaluated(TURBO),
    "pushState": evaluated("() => { history.pushState({}, '', '/next/'); capi.pageView(); }"),
    "redirect after POST": clicked("#plain button", leads_to="**/page/"),
    "thank-you page reopened": reopened,
    "two tabs": two_tabs,
}


def finish(run: Run) -> None:
    """The visitor's answer comes, or the library does."""
    if run.cell.consent == "given later":
        for context in run.contexts:
            context.add_cookies([{"name": "answer", "value": "yes", "url": run.url}])
    for page in run.pages:
        if run.cell.consent in ("given later", "withdrawn"):
            page.evaluate("(granted) => capi.consent(granted)", run.cell.consent == "given later")
        if run.cell.library == "late":
            page.clock.fast_forward(11_000)
    for route in run.waiting:
        route.continue_()
    for page in run.pages:
        if run.cell.kind != "back/forward cache":
            page.wait_for_load_state("networkidle")


def outcome(library: Running) -> Outcome:
    seen = library.state.seen
    browser = Counter((each.event_name, each.event_id) for each in seen.browser_events())
    server = Counter((each.event_name, each.event_id) for each in seen.server_events())
    return Outcome(*(names(part) for part in (browser & server, browser - server, server - browser)))


def names(events: Counter[tuple[str, str | None]]) -> Counter[str]:
    return Counter(name for name, _ in events.elements())


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


@pytest.fixture
def play(
    settings: Settings, live_server: LiveServer, browser: Browser, library: Running
) -> Iterator[Callable[[Cell], Run]]:
    runs: list[Run] = []

    def start(cell: Cell) -> Run:
        switch = "?slow=1.5" if cell.library == "slow" else ""
        settings.ROOT_URLCONF = matrix_site
        settings.MIDDLEWARE = ["tests.browser.matrix_site.ignoring_cache", *settings.MIDDLEWARE]
        settings.CAPI = {
            **settings.CAPI,
            "CONSENT": answer,
            "SENDER": "graph",
            "GRAPH_URL": library.url,
            "PIXEL_SCRIPT_URL": f"{library.url}/en_US/fbevents.js{switch}",
        }
        library.state.seen.reset()
        runs.append(Run(cell=cell, url=live_server.url, browser=browser))
        STEPS[cell.kind](runs[-1])
        finish(runs[-1])
        return runs[-1]

    yield start
    for each in runs:
        for context in each.contexts:
            context.close()


def ledger() -> dict[tuple[int, int], Counter[str]]:
    rows: dict[tuple[int, int], Counter[str]] = {}
    for name, status, state in Event.objects.values_list("event_name", "status", "browser_state"):
        rows.setdefault((status, state), Counter())[name] += 1
    return rows


def expected_ledger(cell: Cell) -> dict[tuple[int, int], Counter[str]]:
    pairs, browser, server = expected(cell)
    rows = {
        (Status.ACCEPTED.value, BrowserState.FIRED.value): pairs,
        (Status.WITHDRAWN.value, BrowserState.FIRED.value): browser,
        (Status.ACCEPTED.value, BrowserState.BLOCKED.value): server,
    }
    return {key: events for key, events in rows.items() if events}


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: "-".join(map(str, cell)))
def test_a_cell_is_as_it_should_be(play: Callable[[Cell], Run], library: Running, cell: Cell) -> None:
    played = play(cell)
    until = time.monotonic() + PATIENCE
    while ledger_states(expected_ledger(cell)) != ledger_states(ledger()) and time.monotonic() < until:
        played.pages[-1].wait_for_timeout(50)
    run()

    assert (outcome(library), ledger()) == (expected(cell), expected_ledger(cell))


def ledger_states(rows: dict[tuple[int, int], Counter[str]]) -> Counter[int]:
    """The browser's part of the ledger, which the page reports in its own time."""
    return Counter(state for (_, state), events in rows.items() for _ in events.elements())


def test_every_kind_has_its_steps() -> None:
    assert list(STEPS) == list(KINDS)


def test_the_documentation_has_the_matrix(show: Callable[[str], None]) -> None:
    show(f"{len(cells())} cells of {len(KINDS)} kinds of page")

    assert table() in DOCS.read_text(encoding="utf-8")
