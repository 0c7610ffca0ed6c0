"""Measure what pixel.js costs a page: bytes, and CPU time of the browser's main thread.

Run `python -m benchmarks.pixel`; `--quick` for the short form. It needs Debian's Chromium, and ends with a reason
without it. A page with the script and the same page without it take turns, each in a new context, so that nothing comes
from a cache. Meta's library is an empty one: what the real one costs is not ours. The load ends when the page's two
events are reported, and the event when it is.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from statistics import quantiles
from typing import Final

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.browser.site import SCRIPT, Page, Site, event, served
from tests.support.chromium import SWITCHES, program

MOST: Final = 5 * 1024  # bytes, compressed
LIBRARY: Final = "fbq.callMethod = () => {}; fbq.queue.splice(0).forEach((call) => fbq.callMethod(...call));"
TAG: Final = "<script src='/pixel.js' defer></script>"
TRACK: Final = "window.capi && capi.track('Lead', {value: '19,90', currency: 'eur'})"
METRICS: Final = {"all work": "TaskDuration", "scripts": "ScriptDuration"}  # Chromium's names
PARTS: Final = tuple(f"{part}, {kind}" for part in ("load", "one event") for kind in METRICS)

Times = dict[str, list[float]]


def size() -> bool:
    """Whether the script is as small as promised."""
    content = SCRIPT.read_bytes()
    compressed = len(gzip.compress(content, 9))
    print(f"pixel.js: {len(content)} bytes, {compressed} with gzip -9 (target {MOST})")
    return compressed <= MOST


@contextmanager
def pages() -> Iterator[tuple[Site, Mapping[str, str]]]:
    """A site with the page in both forms, and their addresses."""
    with served("") as site:
        site.pages["/library.js"] = Page(body=LIBRARY, headers={"Content-Type": "text/javascript"})
        events = [event("PageView"), event("ViewContent", "server-id-0002")]
        with_script = site.put("/with/", events=events, script=f"{site.url}/library.js")
        page = site.pages["/with/"]
        site.pages["/without/"] = replace(page, body=page.body.replace(TAG, ""))
        yield site, {"without": f"{site.url}/without/", "with": with_script}


def seconds(session: CDPSession) -> list[float]:
    """How long the main thread has worked so far, by metric."""
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return [float(found[name]) for name in METRICS.values()]


def measure(browser: Browser, site: Site, address: str) -> list[float]:
    """Seconds of one load in a new context, and of one event on the page then; see PARTS."""
    site.posts.clear()
    has_script = address.endswith("/with/")
    with closing(browser.new_context()) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        begin = seconds(session)
        page.goto(address, wait_until="networkidle")
        site.reported(*(["PageView", "ViewContent"] if has_script else []))
        loaded = seconds(session)
        page.evaluate(TRACK)
        site.reported(*(["Lead"] if has_script else []))
        done = seconds(session)
    return [
        after - before
        for first, last in ((begin, loaded), (loaded, done))
        for before, after in zip(first, last, strict=True)
    ]


def rounds(count: int) -> Mapping[str, Times]:
    """Milliseconds by part and page; the two pages take turns, and the first round warms up."""
    times: dict[str, Times] = {part: {"without": [], "with": []} for part in PARTS}
    with sync_playwright() as playwright, pages() as (site, addresses):
        browser = playwright.chromium.launch(executable_path=program(), args=SWITCHES)
        for number in range(count + 1):
            for name, address in list(addresses.items())[:: -1 if number % 2 else 1]:
                found = measure(browser, site, address)
                for part, taken in zip(PARTS, found, strict=True):
                    times[part][name] += [taken * 1e3] if number else []
        browser.close()
    return times


def table(times: Mapping[str, Times]) -> str:
    lines = [
        f"{'ms of the main thread':34}" + "".join(f"{head:>9}" for head in ("median", "25 %", "75 %", "least", "most"))
    ]
    for part, found in times.items():
        more = [of - to for of, to in zip(found["with"], found["without"], strict=True)]
        for name, values in {**found, "difference": more}.items():
            low, middle, high = quantiles(values, n=4)
            figures = (middle, low, high, min(values), max(values))
            lines.append(f"{f'{part}, {name}':34}" + "".join(f"{figure:9.2f}" for figure in figures))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few pages: does it run?")
    options = parser.parse_args()
    is_small = size()
    if program():
        print(table(rounds(3 if options.quick else 20)))
    else:
        print("Chromium is missing: its main thread was not measured")
    return int(not is_small)


if __name__ == "__main__":
    sys.exit(main())
