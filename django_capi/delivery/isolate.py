"""A refused batch comes in; the events that Meta refuses go out, the others are delivered on the way.

Meta refuses a whole request for one bad event and does not say which. Halves are sent; when the first half is
accepted, the other is known to be bad and is split without being sent. A single event is always sent before it
is called bad. At most 2k⌈log2(n/k)⌉ + 2k requests find k among n.

In the same way an event is found at which Meta's servers fail. They fail for other reasons, too, so it is only blamed
when they took another one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django_capi.delivery.batches import Due, close_answered, waiting
from django_capi.delivery.client import Answer
from django_capi.meta.verdicts import Outcome
from django_capi.models import Batch

BUDGET = 64  # requests in a run; what is not found then stays pending
ALIKE = 3  # single events refused alike, and none accepted: the fault may not be theirs
WITNESSES = 3  # events from elsewhere that are asked before the lane is blamed

REFUSALS = (Outcome.EVENT, Outcome.TOO_LARGE)  # an event that is too large alone is as bad as a wrong one

Blames = Callable[[Answer], bool]  # whether the answer may be the fault of one of the events
Post = Callable[[Sequence[Due]], tuple[Batch, Answer]]
Settle = Callable[[Sequence[Due], Batch, Answer], bool]


@dataclass(kw_only=True, slots=True)
class Part:
    """Events still to look at. `is_bad`: it holds a refused one. `is_first`: its other half lies right below."""

    rows: list[Due]
    is_bad: bool = False
    is_first: bool = False


@dataclass(kw_only=True, slots=True)
class Found:
    """What isolating came to."""

    rejected: list[tuple[Due, Answer]] = field(default_factory=list)
    failing: list[Due] = field(default_factory=list)  # Meta's servers fail at them, and not at others
    systemic: Answer | None = None  # every event is refused alike: this refusal is about the lane
    incomplete: bool = False  # the budget ran out
    stopped: bool = False  # another kind of answer came in between


def is_refusal(answer: Answer) -> bool:
    return answer.verdict.outcome in REFUSALS


def is_breakdown(answer: Answer) -> bool:
    """Meta was there, and something broke."""
    return answer.verdict.outcome is Outcome.TRANSIENT and answer.status is not None


def is_either(answer: Answer) -> bool:
    return is_refusal(answer) or is_breakdown(answer)


def isolate(
    rows: Sequence[Due],
    refusal: Answer,
    *,
    post: Post,
    settle: Settle,
    blames: Blames,
    goes_on: Callable[[], bool],
) -> Found:
    """Halve `rows`, which Meta refused together with `refusal`, until every refused event stands alone.

    What is not found before it is over stays pending, as what the budget does not suffice for.
    """
    if len(rows) == 1:
        return concluded(Found(rejected=[(rows[0], refusal)]), has_accepted=False)
    search = Search(parts=[Part(rows=list(rows), is_bad=True)], post=post, settle=settle, blames=blames)
    while search.budget > 0 and not search.is_over() and goes_on() and search.split():
        search.look(search.parts.pop())
        if search.is_suspicious() and search.is_systemic():
            return Found(systemic=search.found.rejected[0][1])
    search.found.incomplete = bool(search.parts) and not search.found.stopped
    if search.parts and not search.has_accepted and len(search.found.rejected) < ALIKE:
        search.found.rejected = []  # too few to tell whether it is their fault or the lane's
    return concluded(search.found, has_accepted=search.has_accepted)


def concluded(found: Found, *, has_accepted: bool) -> Found:
    """Tell those that are refused from those that Meta's servers fail at; when all failed it is nobody's fault."""
    failed = [(row, answer) for row, answer in found.rejected if is_breakdown(answer)]
    found.rejected = [(row, answer) for row, answer in found.rejected if is_refusal(answer)]
    if has_accepted:
        found.failing = [row for row, _ in failed]
    elif failed and not found.stopped:
        found.systemic = failed[0][1]
    return found


@dataclass(kw_only=True, slots=True)
class Search:
    """The state of one isolation: a stack of parts, the next one to look at on top."""

    parts: list[Part]
    post: Post
    settle: Settle
    blames: Blames
    found: Found = field(default_factory=Found)
    budget: int = BUDGET
    has_accepted: bool = False

    def is_over(self) -> bool:
        return self.found.stopped or not self.parts

    def split(self) -> bool:
        """Halve the bad part on top until the top one has to be sent; False when nothing is left."""
        while self.parts and self.parts[-1].is_bad and len(self.parts[-1].rows) > 1:
            rows = self.parts.pop().rows
            half = len(rows) // 2
            self.parts += [Part(rows=rows[half:]), Part(rows=rows[:half], is_first=True)]
        return bool(self.parts)

    def look(self, part: Part) -> None:
        """Send a part and draw the conclusion."""
        part.rows = waiting(part.rows)
        if not part.rows:
            return
        self.budget -= 1
        batch, answer = self.post(part.rows)
        if self.blames(answer):
            close_answered(batch, answer)
            if len(part.rows) == 1:
                self.found.rejected.append((part.rows[0], answer))
            else:
                self.parts.append(Part(rows=part.rows, is_bad=True))
        elif self.settle(part.rows, batch, answer):
            if part.is_first:
                self.parts[-1].is_bad = True
            self.ask_again()
            self.has_accepted = True
        else:
            self.found.stopped = True

    def ask_again(self) -> None:
        """At the first acceptance: what Meta's servers failed at before it, they may have failed at as at anything."""
        if not self.has_accepted:
            early = [row for row, answer in self.found.rejected if is_breakdown(answer)]
            self.found.rejected = [found for found in self.found.rejected if found[0] not in early]
            self.parts[:0] = [Part(rows=[row]) for row in early]

    def is_suspicious(self) -> bool:
        kinds = {(answer.verdict.code, answer.verdict.subcode) for _, answer in self.found.rejected}
        return not self.has_accepted and len(self.found.rejected) >= ALIKE and len(kinds) == 1

    def is_systemic(self) -> bool:
        """Ask events from elsewhere in the batch: bad neighbours must not put the blame on the lane."""
        for _ in range(WITNESSES):
            others = [part for part in self.parts if part.rows]
            if not others:
                break
            part = random.choice(others)  # noqa: S311  # a sample, not a secret
            row = part.rows.pop(random.randrange(len(part.rows)))  # noqa: S311
            part.is_bad = part.is_first = False
            self.look(Part(rows=[row]))
            if not self.is_suspicious() or self.found.stopped:
                self.parts = [part for part in self.parts if part.rows]
                return False
        return True
