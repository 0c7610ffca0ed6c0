"""Visit a page that makes given calls, and keep the requests that the browser sends to /tr because of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page

FIRST, SECOND = "1111111111", "2222222222"
END = f'fbq("trackSingleCustom", "{FIRST}", "End");'

STUB = """
window.fbq = function () {
  if (fbq.callMethod) { fbq.callMethod.apply(fbq, arguments); } else { fbq.queue.push(arguments); }
};
fbq.queue = []; fbq.loaded = true; fbq.version = "2.0";
"""


@dataclass(kw_only=True)
class Visit:
    """One tab: opens pages that make calls, and keeps every request to /tr in order."""

    page: Page
    standin: str
    site: str
    html: dict[str, str]
    switches: str = ""  # of the library, in the query of its address
    requests: list[dict[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, calls: str, *, query: str = "", host: str | None = None, body: str = "") -> None:
        script = f'<script async src="{self.standin}/en_US/fbevents.js{self.switches}"></script>'
        self.html["text"] = f"<!DOCTYPE html><title>Shop</title><script>{STUB}{calls}</script>{script}{body}"
        address = self.site if host is None else self.site.replace("127.0.0.1", host)
        self.page.goto(f"{address}/page{query}")

    def until_end(self) -> list[dict[str, str]]:
        """Every request made before the event that ends a test."""
        is_there = "performance.getEntriesByType('resource').some((entry) => entry.name.includes('ev=End'))"
        self.page.wait_for_function(is_there)
        assert self.errors == []
        return [request for request in self.requests if request["ev"] != "End"]

    def play(self, calls: str, *, query: str = "", host: str | None = None) -> list[dict[str, str]]:
        self.open(f'fbq("init", "{FIRST}");{calls}{END}', query=query, host=host)
        return self.until_end()

    def cookie(self, name: str) -> str | None:
        values = {cookie.get("name"): cookie.get("value") for cookie in self.page.context.cookies()}
        return values.get(name)


def named(requests: list[dict[str, str]]) -> list[tuple[str, str, str | None]]:
    return [(request["id"], request["ev"], request.get("eid")) for request in requests]
