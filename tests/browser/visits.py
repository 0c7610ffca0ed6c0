"""Visits to the pages of the matrix: what each kind of page means as steps in a browser."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, Route

from django_capi.models import BrowserState, Event, Withdrawal
from tests.browser.matrix import KINDS, MARKER, Cell, name_of
from tests.support.chromium import AGENT

PATIENCE = 30.0  # seconds
TURBO = """async () => {
  const text = await (await fetch('/page/')).text();
  history.pushState({}, '', '/page/?turbo');
  document.documentElement.replaceChild(new DOMParser().parseFromString(text, 'text/html').body, document.body);
  document.dispatchEvent(new Event('turbo:load'));
}"""
FETCH = "async () => { place.innerHTML = await (await fetch('/fragment/')).text(); }"
# Playwright's own clock moves `performance.timeOrigin` while the page loads, so that the ages of events are years.
SKIPPING = """const real = performance.now.bind(performance);
window.skipped = 0;
performance.now = () => real() + window.skipped;"""
# A page that says nothing of its visitor asks the site, and so does one from the back/forward cache.
IS_READY = """(mustAsk) => {
  const block = document.querySelector('#capi-config');
  if (!window.capi || !block) return false;
  const asked = performance.getEntriesByType('resource').some((entry) => entry.name.includes('/capi/visitor/'));
  return asked || !(mustAsk || JSON.parse(block.textContent).consent === null);
}"""


@dataclass(kw_only=True)
class Visit:
    """One cell: its visitors, and the pages that they left open."""

    cell: Cell
    url: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    waiting: list[Route] = field(default_factory=list)  # the library, when it is late
    views: int = 0  # pages opened so far

    def visitor(self) -> BrowserContext:
        headers = {"Sec-GPC": "1"} if self.cell.gpc else {}
        context = self.browser.new_context(user_agent=AGENT, base_url=self.url, extra_http_headers=headers)
        context.set_default_timeout(PATIENCE * 1000)
        said = {"given": "yes", "withdrawn": "yes", "denied": "no"}.get(self.cell.consent)
        if said:
            self.say(said, context)
        if self.cell.library == "blocked":
            context.route("**/fbevents.js*", lambda route: route.abort())
        elif self.cell.library == "late":
            context.add_init_script(SKIPPING)
            context.route("**/fbevents.js*", lambda route: self.waiting.append(route))  # noqa: PLW0108  # a bound builtin is refused
        self.contexts.append(context)
        return context

    def say(self, said: str, context: BrowserContext) -> None:
        context.add_cookies([{"name": "answer", "value": said, "url": self.url}])

    def open(self, address: str, context: BrowserContext | None = None) -> Page:
        page = (context or self.visitor()).new_page()
        self.pages.append(page)
        page.goto(address, wait_until="domcontentloaded")  # a library that is held back delays the load event
        self.settle(page)
        return page

    def settle(self, page: Page, *, asks: bool = False) -> None:
        """Until the page has asked and reported what it can; the events so far are all in the ledger then."""
        if self.cell.library == "late":
            page.wait_for_function("window.fbq")
        elif self.cell.is_quiet:
            page.wait_for_function(IS_READY, arg=asks)
        else:
            self.views += 1
            self.until(lambda: is_reported(self.views), "reports")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{name_of(self.cell)}: no {what} within {PATIENCE} s; the ledger has {ledger()}")
            self.pages[-1].wait_for_timeout(20)  # Playwright's event loop runs meanwhile


Row = tuple[str, str, int, int]


def ledger() -> list[Row]:
    """Name, id, status and browser state."""
    return list(Event.objects.order_by("pk").values_list("event_name", "event_id", "status", "browser_state"))


def is_reported(views: int) -> bool:
    """True when so many page views are there, and no event waits for its report."""
    rows = ledger()
    seen = sum(name == "PageView" for name, *_ in rows)
    return seen >= views and all(state != BrowserState.NONE for *_, state in rows)


def opened(address: str) -> Callable[[Visit], None]:
    def act(visit: Visit) -> None:
        visit.open(address)

    return act


def opened_by_two(folder: str) -> Callable[[Visit], None]:
    def act(visit: Visit) -> None:
        address = f"/{folder}/{uuid.uuid4()}/"
        visit.open(address)
        visit.open(address)

    return act


def restored(visit: Visit) -> None:
    page = visit.open("/page/")
    page.evaluate("addEventListener('pageshow', (event) => { window.wasRestored = event.persisted; })")
    page.goto("/page/?next", wait_until="domcontentloaded")
    visit.settle(page)
    page.go_back(wait_until="commit")  # no load event follows a restore, and Playwright waits for one
    page.wait_for_function("window.wasRestored")
    visit.settle(page, asks=True)


def reloaded(visit: Visit) -> None:
    page = visit.open("/page/")
    page.reload(wait_until="domcontentloaded")
    visit.settle(page)


def clicked(selector: str, *, leads_to: str) -> Callable[[Visit], None]:
    def act(visit: Visit) -> None:
        page = visit.open("/page/?start")
        page.click(selector)
        page.wait_for_url(leads_to, wait_until="domcontentloaded")
        visit.settle(page)

    return act


def swapped(visit: Visit) -> None:
    page = visit.open("/page/?start")
    page.click("#swap")
    page.wait_for_selector("#place p", state="attached")


def evaluated(script: str) -> Callable[[Visit], None]:
    def act(visit: Visit) -> None:
        visit.open("/page/?start").evaluate(script)

    return act


def reopened(visit: Visit) -> None:
    address = f"/thanks/?order={uuid.uuid4()}"
    page = visit.open(address)
    page.goto("about:blank")
    page.goto(address, wait_until="domcontentloaded")
    visit.settle(page)


def two_tabs(visit: Visit) -> None:
    context = visit.visitor()
    visit.open("/page/", context)
    visit.open("/page/", context)


STEPS: dict[str, Callable[[Visit], None]] = {
    "private page": opened("/page/"),
    "Django's cache, two visitors": opened_by_two("cached"),
    "s-maxage": opened("/shared/"),
    "cache that ignores headers": opened_by_two("ignored"),
    "gzip": opened("/gzip/"),
    "streamed": opened("/streamed/"),
    "back/forward cache": restored,
    "reload": reloaded,
    "htmx swap": swapped,
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


def finish(visit: Visit) -> None:
    """The visitor's answer comes, or the library does; then each page tracks the marker.

    After a no, the visitor agrees at last: what the page kept against the no would be sent with the marker.
    """
    if visit.cell.library == "late":
        come_late(visit)
    if visit.cell.consent == "withdrawn":
        withdraw(visit)
    if visit.cell.gpc or visit.cell.consent != "given":
        for context in visit.contexts:
            context.set_extra_http_headers({})
            visit.say("yes", context)
        for page in visit.pages:
            page.evaluate("capi.consent(true)")
    for page in visit.pages:
        page.evaluate("(name) => capi.track(name)", MARKER)


def come_late(visit: Visit) -> None:
    """The pages first report that the library is missing."""
    number = len(KINDS[visit.cell.kind].events)
    for page in visit.pages:
        page.evaluate("window.skipped = 11000")
    blocked = BrowserState.BLOCKED
    visit.until(lambda: [state for *_, state in ledger()] == [blocked] * number, "reports of a missing library")
    for route in visit.waiting:
        route.continue_()


def withdraw(visit: Visit) -> None:
    """In the first tab of each visitor; the others hear of it. What happens then must not be sent."""
    number = len(KINDS[visit.cell.kind].events)
    visit.until(lambda: [state for *_, state in ledger()] == [BrowserState.FIRED] * number, "reports of all events")
    firsts = [context.pages[0] for context in visit.contexts]
    others = [page for page in visit.pages if page not in firsts]
    for page in others:
        page.evaluate("addEventListener('storage', () => { window.hasHeard = true; })")
    for page in firsts:
        page.evaluate("capi.consent(false)")
    visit.until(lambda: Withdrawal.objects.count() >= len(visit.contexts), "withdrawal")
    for page in others:
        page.wait_for_function("window.hasHeard")
    for page in visit.pages:
        page.evaluate("capi.track('Contact')")
