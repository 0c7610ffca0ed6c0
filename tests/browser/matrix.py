"""The cells of the matrix: how a page reaches the browser, the library, the consent, and what reaches Meta then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

VIEW, PRODUCT, LEAD, ORDER = "PageView", "ViewContent", "Lead", "Purchase"
MARKER: Final = "Marker"  # tracked in each open page at the end of a cell: whatever the page had to send precedes it


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """`events`: with consent. `held`: what is fired when the visitor consents on the last page only.

    `left`: the events of pages that were left, whose copies go when the library comes only on the last page.
    """

    events: tuple[str, ...]
    held: tuple[str, ...] = (VIEW,)
    left: tuple[str, ...] = ()


KINDS: Final = {
    "private page": Kind(events=(VIEW,)),
    "Django's cache, two visitors": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "s-maxage": Kind(events=(VIEW,)),
    "cache that ignores headers": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "gzip": Kind(events=(VIEW,)),
    "streamed": Kind(events=(VIEW,)),
    "back/forward cache": Kind(events=(VIEW, VIEW, VIEW), held=(VIEW, VIEW), left=(VIEW,)),
    "reload": Kind(events=(VIEW, VIEW), left=(VIEW,)),
    "htmx swap": Kind(events=(VIEW, PRODUCT), held=(VIEW, PRODUCT)),
    "htmx redirect": Kind(events=(VIEW, LEAD, VIEW), left=(VIEW,)),
    "boosted form": Kind(events=(VIEW, LEAD, VIEW), held=(VIEW, VIEW)),
    "fetch of HTML": Kind(events=(VIEW, PRODUCT), held=(VIEW, PRODUCT)),
    "fetch of JSON": Kind(events=(VIEW, LEAD)),
    "Turbo Drive": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "pushState": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
    "redirect after POST": Kind(events=(VIEW, LEAD, VIEW), left=(VIEW,)),
    "thank-you page reopened": Kind(events=(VIEW, ORDER, VIEW), left=(VIEW, ORDER)),
    "two tabs": Kind(events=(VIEW, VIEW), held=(VIEW, VIEW)),
}


class Cell(NamedTuple):
    kind: str
    consent: str = "given"
    library: str = "loads"
    gpc: bool = False
    server: str = "WSGI"

    @property
    def is_quiet(self) -> bool:
        """True when nothing is reported before the cell's end."""
        return self.gpc or self.consent in ("denied", "given later")


CASES: Final = {
    "consent given": Cell(""),
    "denied": Cell("", "denied"),
    "given later": Cell("", "given later"),
    "withdrawn": Cell("", "withdrawn"),
    "library blocked": Cell("", library="blocked"),
    "slow": Cell("", library="slow"),
    "late": Cell("", library="late"),
    "GPC": Cell("", gpc=True),
    "ASGI": Cell("", server="ASGI"),
}


class Outcome(NamedTuple):
    """Names by number: received on both ways under one id, only from the browser, only from the server."""

    pairs: Counter[str]
    browser: Counter[str]
    server: Counter[str]


def cells() -> list[Cell]:
    return [case._replace(kind=kind) for kind in KINDS for case in CASES.values()]


def case_of(cell: Cell) -> str:
    return next(name for name, case in CASES.items() if case == cell._replace(kind=""))


def name_of(cell: Cell) -> str:
    return f"{cell.kind}: {case_of(cell)}"


def letter(outcome: Outcome) -> str:
    """P: pairs, B: from the browser only, S: from the server only, M: pairs and singles, -: nothing."""
    seen = [name for name, events in zip("PBS", outcome, strict=True) if events]
    return "M" if len(seen) > 1 else "".join(seen) or "-"


def expected(cell: Cell) -> Outcome:
    """What happens without consent reaches neither side; each copy that can leave leaves, under one id."""
    nothing: Counter[str] = Counter()
    kind = KINDS[cell.kind]
    events = Counter(kind.events)
    if cell.gpc or cell.consent == "denied":
        return Outcome(nothing, nothing, nothing)
    if cell.consent == "given later":
        return Outcome(Counter(kind.held), nothing, nothing)
    if cell.consent == "withdrawn":  # before the server copies were sent
        return Outcome(nothing, events, nothing)
    if cell.library == "blocked":
        return Outcome(nothing, nothing, events)
    left = Counter(kind.left) if cell.library == "late" else nothing
    return Outcome(events - left, nothing, left)


def table() -> str:
    """The expectations in Markdown, for docs/reference/browser.md: a page for each row, a case for each column."""
    rows = [
        "| Page | Consent given | Given later | Withdrawn | Library blocked | Library late |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        late = expected(Cell(kind, library="late"))
        outcomes = (
            listed(expected(Cell(kind)).pairs),
            listed(expected(Cell(kind, "given later")).pairs),
            listed(expected(Cell(kind, "withdrawn")).browser, "browser"),
            listed(expected(Cell(kind, library="blocked")).server, "server"),
            "; ".join(filter(None, (listed(late.pairs), listed(late.server, "server")))),
        )
        rows.append(f"| {kind} | {' | '.join(outcomes)} |")
    return "\n".join(rows)


def listed(events: Counter[str], channel: str = "") -> str:
    names = ", ".join(name if number == 1 else f"{number} {name}" for name, number in events.items())
    return f"{channel}: {names}" if channel and names else names
