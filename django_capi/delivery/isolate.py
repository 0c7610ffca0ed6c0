"""Find the events for which Meta refuses a whole request.

Meta does not say which event of a request it refuses. Halves are sent; when the first half is accepted, the other is
known to be bad and is split without being sent. An event is rejected only after it was sent alone. At most
2k⌈log2(n/k)⌉ + 2k requests find k bad events among n.

Events at which Meta's servers fail are found in the same way. The servers fail for other reasons as well, so an event
is blamed only after another one was accepted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django_capi.delivery.batches import close_answered
from django_capi.delivery.client import Answer
from django_capi.delivery.due import DueEvent, still_pending
from django_capi.meta.verdicts import RequestOutcome
from django_capi.models import Batch

BUDGET = 64  # requests in one search; the rest stays pending
ALIKE = 3  # events refused alike, while none is accepted, after which the cause may be the lane's
WITNESSES = 3  # other events that are sent before the lane is blamed

REFUSALS = (RequestOutcome.EVENT, RequestOutcome.TOO_LARGE)  # an event that is too large alone is refused as well

Blames = Callable[[Answer], bool]  # whether one of the events may have caused the answer
Post = Callable[[Sequence[DueEvent]], tuple[Batch, Answer]]
Settle = Callable[[Sequence[DueEvent], Batch, Answer], bool]


@dataclass(kw_only=True, slots=True)
class Part:
    """Events yet to be sent. `is_bad`: one of them is refused. `is_first`: its other half is right below it."""

    rows: list[DueEvent]
    is_bad: bool = False
    is_first: bool = False


@dataclass(kw_only=True, slots=True)
class Found:
    """The result of a search."""

    rejected: list[tuple[DueEvent, Answer]] = field(default_factory=list)
    failing: list[DueEvent] = field(default_factory=list)  # Meta's servers fail at these and accept others
    systemic: Answer | None = None  # the refusal concerns the lane: every event is refused alike
    incomplete: bool = False  # the budget ran out
    stopped: bool = False  # an answer of another kind ended the search


def is_refusal(answer: Answer) -> bool:
    return answer.verdict.outcome in REFUSALS


def is_breakdown(answer: Answer) -> bool:
    """Whether Meta answered with an error of its own servers."""
    return answer.verdict.outcome is RequestOutcome.TRANSIENT and answer.status is not None


def is_either(answer: Answer) -> bool:
    return is_refusal(answer) or is_breakdown(answer)


def isolate(
    rows: Sequence[DueEvent],
    refusal: Answer,
    *,
    post: Post,
    settle: Settle,
    blames: Blames,
    may_continue: Callable[[], bool],
) -> Found:
    """Halve `rows`, which Meta refused together with `refusal`, until every refused event was sent alone.

    Events that the search does not reach stay pending.
    """
    if len(rows) == 1:
        return conclude(Found(rejected=[(rows[0], refusal)]), has_accepted=False)
    search = Search(parts=[Part(rows=list(rows), is_bad=True)], post=post, settle=settle, blames=blames)
    while search.budget > 0 and not search.is_over() and may_continue() and search.split():
        search.send_part(search.parts.pop())
        if search.is_suspicious() and search.is_systemic():
            return Found(systemic=search.found.rejected[0][1])
    search.found.incomplete = bool(search.parts) and not search.found.stopped
    if search.parts and not search.has_accepted and len(search.found.rejected) < ALIKE:
        search.found.rejected = []  # too few to tell whether the events or the lane are refused
    return conclude(search.found, has_accepted=search.has_accepted)


def conclude(found: Found, *, has_accepted: bool) -> Found:
    """Separate refused events from those that Meta's servers fail at; if all failed, the lane is paused."""
    failed = [(row, answer) for row, answer in found.rejected if is_breakdown(answer)]
    found.rejected = [(row, answer) for row, answer in found.rejected if is_refusal(answer)]
    if has_accepted:
        found.failing = [row for row, _ in failed]
    elif failed and not found.stopped:
        found.systemic = failed[0][1]
    return found


@dataclass(kw_only=True, slots=True)
class Search:
    """The state of a search: a stack of parts, the next one on top."""

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

    def send_part(self, part: Part) -> None:
        """Send a part, and mark what follows from the answer."""
        part.rows = still_pending(part.rows)
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
            self.retry_early_failures()
            self.has_accepted = True
        else:
            self.found.stopped = True

    def retry_early_failures(self) -> None:
        """At the first acceptance, send the events again that failed before it: Meta may have been down for all."""
        if not self.has_accepted:
            early = [row for row, answer in self.found.rejected if is_breakdown(answer)]
            self.found.rejected = [found for found in self.found.rejected if found[0] not in early]
            self.parts[:0] = [Part(rows=[row]) for row in early]

    def is_suspicious(self) -> bool:
        kinds = {(answer.verdict.code, answer.verdict.subcode) for _, answer in self.found.rejected}
        return not self.has_accepted and len(self.found.rejected) >= ALIKE and len(kinds) == 1

    def is_systemic(self) -> bool:
        """Send other events of the batch, so that a few bad ones in a row are not taken for a refusal of the lane."""
        for _ in range(WITNESSES):
            others = [part for part in self.parts if part.rows]
            if not others:
                break
            part = random.choice(others)  # noqa: S311  # a sample, not a secret
            row = part.rows.pop(random.randrange(len(part.rows)))  # noqa: S311
            part.is_bad = part.is_first = False
            self.send_part(Part(rows=[row]))
            if not self.is_suspicious() or self.found.stopped:
                self.parts = [part for part in self.parts if part.rows]
                return False
        return True
