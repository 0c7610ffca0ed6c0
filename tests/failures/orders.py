"""A shop's transactions come in; orders and their events go out, from processes that may die at any point of them."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from django_capi.database.retry import retried
from django_capi.ledger import retention, tallies
from django_capi.models import Batch, Count, Event, Span, Status, Tally
from django_capi.tracking import track
from django_capi.types import CustomEvent
from tests.failures.phases import Kill, Phase
from tests.site.models import Note

NAMES = ("Lead", "Contact", "Schedule", "PageView")
MOST_BEFORE = 3  # orders that go well before the last one
STATEMENTS = 5  # of an order's transaction: a look, the order, the savepoint, the event, the savepoint's release
LONGEST_LIFE = 0.05  # seconds
BREATH = 0.02  # seconds between two runs that prune
DAY = 86_400


class Point(StrEnum):
    """Where in its last transaction a web process dies."""

    IN_STATEMENT = "in a statement"
    IN_SAVEPOINT = "after a savepoint"
    BEFORE_COMMIT = "before COMMIT"
    AFTER_COMMIT = "after COMMIT"
    ANYWHERE = "anywhere"


def commit(event_id: str, *, is_kept: bool = True) -> bool:
    """An order and its event in one transaction; whether it was committed and the event tracked."""
    with transaction.atomic():
        is_tracked = order(event_id)
        transaction.set_rollback(not is_kept)
    return is_tracked and is_kept


def order(event_id: str) -> bool:
    """It looks before it writes, as shops do: on SQLite that is what makes a transaction fail at its first write."""
    Note.objects.filter(text=event_id).exists()
    Note.objects.create(text=event_id)
    found = track(
        CustomEvent(NAMES[sum(event_id.encode()) % len(NAMES)]),
        event_id=event_id,
        user_data={"em": f"{event_id}@example.com", "fn": "Zoë"},
        custom_data={"value": "19.90", "currency": "EUR"},
        consent=True,
    )
    return found is not None


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_checkout(*, shopper: str, point: str, seed: int, log: str, **_: object) -> None:
    """A few orders, and death in the last; the ids of those before it go into the log, one a line."""
    chance = random.Random(seed)
    with Path(log).open("w", buffering=1) as committed:
        for number in range(chance.randint(0, MOST_BEFORE)):
            commit(f"{shopper}-{number}")
            committed.write(f"{shopper}-{number}\n")
    DEATHS[Point(point)](f"{shopper}-last", chance)


def in_statement(event_id: str, chance: random.Random) -> None:
    with dying_at(chance.randrange(2 * STATEMENTS)):
        commit(event_id)
    die()


@contextmanager
def dying_at(moment: int) -> Iterator[None]:
    """Right before or right after one of the statements: moment 0 is before the first, 1 is after it."""
    left = iter(range(moment + 1))

    def pass_by() -> None:
        if next(left) == moment:
            die()

    def follow(execute: Callable[..., Any], *call: Any) -> Any:
        pass_by()
        found = execute(*call)
        pass_by()
        return found

    with connection.execute_wrapper(follow):
        yield


def in_savepoint(event_id: str, chance: random.Random) -> None:
    with transaction.atomic():
        commit(event_id)
        die()


def before_commit(event_id: str, chance: random.Random) -> None:
    with transaction.atomic():
        order(event_id)
        die()


def after_commit(event_id: str, chance: random.Random) -> None:
    """The site's own callback stands before ours."""
    with transaction.atomic():
        transaction.on_commit(die)
        order(event_id)


def anywhere(event_id: str, chance: random.Random) -> None:
    Kill(phase=Phase.BEFORE_CLAIM, seconds=chance.uniform(0, LONGEST_LIFE)).send()
    for number in count():
        commit(f"{event_id}-{number}")


DEATHS: dict[Point, Callable[[str, random.Random], None]] = {
    Point.IN_STATEMENT: in_statement,
    Point.IN_SAVEPOINT: in_savepoint,
    Point.BEFORE_COMMIT: before_commit,
    Point.AFTER_COMMIT: after_commit,
    Point.ANYWHERE: anywhere,
}


def store_spread(*, total: int, youngest: float, oldest: float, seed: int, **_: object) -> None:
    """Events that happened so many days ago, stored in any order; ids count from the oldest."""
    now = int(time.time())
    step = (oldest - youngest) * DAY / total
    numbers = list(range(total))
    random.Random(seed).shuffle(numbers)
    with transaction.atomic():
        for number in numbers:
            track(
                "Lead",
                event_id=f"spread-{number:06}",
                event_time=now - int(oldest * DAY - number * step),
                user_data={"em": f"v{number}@example.com"},
                consent=True,
            )


@retried  # one statement on every row that workers settle meanwhile: MariaDB calls that a deadlock
def grow_old(*, days: int, **_: object) -> int:
    """What has been delivered as it will be after so many days; how many events those are."""
    gone = timedelta(days=days)
    with transaction.atomic():
        Count.objects.update(version=F("version") + 1, counted_at=None)  # rows move to other hours, as they never do
        Tally.objects.exclude(span=Span.PRUNED).delete()
        Batch.objects.exclude(finished_at=None).update(finished_at=F("finished_at") - gone)
        return Event.objects.filter(status=Status.ACCEPTED).update(
            finished_at=F("finished_at") - gone, event_time=F("event_time") - days * DAY
        )


def tally(**_: object) -> dict[str, dict[str, int]]:
    """What the tallies say of each status after a while, by hours and by days."""
    gone = tallies.MARGIN + tallies.EVERY
    Count.objects.update(counted_at=F("counted_at") - gone, took=0)
    Tally.objects.update(counted_at=F("counted_at") - gone)
    Event.objects.update(changed_at=F("changed_at") - gone)
    tallies.refresh()
    sums = Tally.objects.order_by().values_list("span", "status").annotate(Sum("events"))
    found: dict[str, dict[str, int]] = {"HOUR": {}, "DAY": {}, "PRUNED": {}}
    for span, status, events in sums:
        found[Span(span).name][Status(status).name] = events
    return found


def prune_often(*, stop: str, **_: object) -> dict[str, int]:
    """`capi_prune` again and again, until the file is there."""
    runs = removed = 0
    while not Path(stop).exists():
        removed += retention.prune()
        runs += 1
        threading.Event().wait(BREATH)
    return {"runs": runs, "removed": removed}
