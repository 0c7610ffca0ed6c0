"""The cells of the matrix: how a page reaches the browser, the library, the consent, and what must come of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

VIEW, PRODUCT, LEAD, ORDER = "PageView", "ViewContent", "Lead", "Purchase"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """`events`: with consent. `held`: what the last document still holds when the visitor answers only there."""

    events: tuple[str, ...]
    held: tuple[str, ...] = (VIEW,)


KINDS: Final = {
    "private page": Kind(events=(VIEW,)),
    "Django's cache, two visitors": Kind(events=(VIEW, VIEW)),
    "s-maxage": Kind(events=(VIEW,)),
    "cache that ignores headers": Kind(events=(VIEW, VIEW)),
    "gzip": Kind(events=(VIEW,)),
    "streamed": Kind(events=(VIEW,)),
    "back/forward cache": Kind(events=(VIEW, VIEW, VIEW), held=(VIEW, VIEW)),
    "reload": Kind(events=(VIEW, VIEW)),
    "htmx swap": Kind(events=(VIEW, PRODUCT), held=(VIEW, PRODUCT)),
    "htmx redirect": Kind(events=(VIEW, LEAD, VIEW)),
    "boosted form": Kind(events=(VIEW, LEAD, VIEW), held=(VIEW, VIEW)),
    "fetch of HTML": Kind(events=(VIEW, PRODUCT), held=(VIEW, PRODUCT)),
    "fetch of JSON": Kind(events=(VIEW, LEAD)),
    "Turbo Drive": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "pushState": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "redirect after POST": Kind(events=(VIEW, LEAD, VIEW)),
    "thank-you page reopened": Kind(events=(VIEW, ORDER, VIEW)),
    "two tabs": Kind(events=(VIEW, VIEW)),
}
CONSENTS: Final = ("given", "denied", "given later", "withdrawn")
LIBRARIES: Final = ("loads", "blocked", "slow", "late")


class Cell(NamedTuple):
    kind: str
    consent: str = "given"
    library: str = "loads"
    gpc: bool = False


class Outcome(NamedTuple):
    """Names by number: in both doors under one id, only from the browser, only from the server."""

    pairs: Counter[str]
    browser: Counter[str]
    server: Counter[str]


def cells() -> list[Cell]:
    return [
        *(Cell(kind, consent) for kind in KINDS for consent in CONSENTS),
        *(Cell(kind, library=library) for kind in KINDS for library in LIBRARIES[1:]),
        *(Cell(kind, gpc=True) for kind in KINDS),
    ]


def expected(cell: Cell) -> Outcome:
    """What happens without consent reaches nobody; each copy that can leave leaves, under one id."""
    nothing: Counter[str] = Counter()
    kind = KINDS[cell.kind]
    if cell.gpc or cell.consent == "denied":
        return Outcome(nothing, nothing, nothing)
    if cell.consent == "given later":
        return Outcome(Counter(kind.held), nothing, nothing)
    events = Counter(kind.events)
    if cell.consent == "withdrawn":  # before the server copies were sent
        return Outcome(nothing, events, nothing)
    if cell.library == "blocked":
        return Outcome(nothing, nothing, events)
    return Outcome(events, nothing, nothing)


def table() -> str:
    """The expectations in Markdown, for docs/browser.md: a page for each row, a case for each column."""
    rows = [
        "| Page | Consent given: pairs | Given later: pairs | Withdrawn: browser only | Library blocked: server only |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        outcomes = (
            expected(Cell(kind)).pairs,
            expected(Cell(kind, "given later")).pairs,
            expected(Cell(kind, "withdrawn")).browser,
            expected(Cell(kind, library="blocked")).server,
        )
        rows.append(f"| {kind} | {' | '.join(map(listed, outcomes))} |")
    return "\n".join(rows)


def listed(events: Counter[str]) -> str:
    return ", ".join(name if number == 1 else f"{number} {name}" for name, number in events.items())
