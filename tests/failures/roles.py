"""What the processes of a test site do."""

from __future__ import annotations

import json
import mmap
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from django_capi.conf import conf
from django_capi.delivery import lanes
from django_capi.delivery.drain import deliver
from django_capi.ledger import receipts, withdrawal
from django_capi.management.stopping import Stop
from django_capi.models import Batch, BrowserState, Event, Lane, Status
from django_capi.tracking import track
from tests.failures import brokers, clocks, orders, shopping
from tests.failures.orders import commit
from tests.failures.phases import Kill, Phase, Watcher
from tests.site.models import Note

ROLLED_BACK = 10  # one transaction in so many


def one_of_them(subject: object) -> str:
    """CAPI["PIXEL_FOR"]: a pixel for each event, so that a dead worker leaves other lanes to work on."""
    return random.choice(list(conf.pixels()))


def stopped() -> Stop:
    """Set by SIGTERM."""
    found = Stop()
    signal.signal(signal.SIGTERM, found.set)
    return found


def prepare(**_: object) -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)


def write(*, writer: str, seed: int, log: str, pause: float, broker: str = "", queue: str = "fire", **_: object) -> int:
    """Track in transactions until SIGTERM; the ids of those that committed go into the log, one a line.

    The result is how many the database did not take.
    """
    if broker:
        brokers.on(broker, queue)
    stop = stopped()
    chance = random.Random(seed)
    number = failed = 0
    with Path(log).open("w", buffering=1) as committed:
        while not stop.wait(chance.uniform(0, 2 * pause)):
            number += 1
            event_id = f"{writer}-{number:06}"
            try:
                if commit(event_id, is_kept=chance.randrange(ROLLED_BACK) > 0):
                    committed.write(f"{event_id}\n")
            except (InterfaceError, OperationalError):  # the database restarts
                connection.close()
                failed += 1
    return failed


def store(*, count: int, bad: Sequence[int] = (), first: int = 0, **_: object) -> None:
    """So many events; Meta refuses the bad ones, though they looked well when they were stored."""
    with transaction.atomic():
        for number in range(first, first + count):
            track("Lead", event_id=f"event-{number:06}", user_data={"em": f"v{number}@example.com"}, consent=True)
    for row in Event.objects.filter(event_id__in=[f"event-{number:06}" for number in bad]):
        spoilt = {**json.loads(row.payload), "user_data": {"em": "not hashed"}}
        Event.objects.filter(pk=row.pk).update(payload=json.dumps(spoilt, separators=(",", ":"), sort_keys=True))


def watch(*, memory: mmap.mmap, kill: dict[str, Any] | None = None, interval: float = 0.05) -> None:
    """`manage.py capi_deliver --watch`, followed by its statements."""
    plan = Kill(**{**kill, "phase": Phase(kill["phase"])}) if kill else None
    with connection.execute_wrapper(Watcher(memory, plan)):
        call_command("capi_deliver", watch=True, interval=interval)


def once(*, memory: mmap.mmap, kill: dict[str, Any] | None = None) -> dict[str, Any]:
    """One pass."""
    plan = Kill(**{**kill, "phase": Phase(kill["phase"])}) if kill else None
    with connection.execute_wrapper(Watcher(memory, plan)):
        return asdict(deliver())


def resume(**_: object) -> int:
    """What the admin's button does."""
    return lanes.resume([lane.pk for lane in Lane.objects.all()])


def report_browser_copies(*, event_ids: Sequence[str], fbp: str, **_: object) -> int:
    """What the collector does with a page's receipts."""
    found = [
        receipts.Receipt(event_name="Lead", event_id=event_id, pixel_ids=tuple(pixels()), state=BrowserState.FIRED)
        for event_id in event_ids
    ]
    return receipts.record(found, fbp=fbp)


def visit(*, event_id: str, fbp: str, **_: object) -> None:
    """An event of a visitor with this cookie."""
    track("Lead", event_id=event_id, user_data={"fbp": fbp, "em": "jane@example.com"}, consent=True)


def withdraw(*, fbp: str, **_: object) -> bool:
    """What the page's button does."""
    return withdrawal.withdraw(fbps=[fbp])


def let_time_pass(*, event_id: str, seconds: int, **_: object) -> int:
    """The row as it will be after so many seconds."""
    gone = timedelta(seconds=seconds)
    return Event.objects.filter(event_id=event_id).update(
        deadline=F("deadline") - gone, browser_at=F("browser_at") - gone, event_time=F("event_time") - seconds
    )


def pixels() -> list[str]:
    return [pixel.pixel_id for pixel in conf.pixels().values()]


def waiting(**_: object) -> int:
    return Event.objects.filter(status=Status.PENDING).count()


def ledger(*, since: str = "", **_: object) -> dict[str, Any]:
    """All that the tables know, of events with ids from there on."""
    identity = ("pixel_id", "event_name", "event_id", "event_time", "payload")
    names = (*identity, "status", "attempts", "ambiguous", "error_reason", "error_subcode", "batch_id")
    now = timezone.now()
    return {
        "events": list(Event.objects.filter(event_id__gte=since).values(*names)),
        "orders": list(Note.objects.values_list("text", flat=True)),
        "batches": list(Batch.objects.order_by("pk").values("pk", "outcome", "events", "fence", "http_status")),
        "open_batches": Batch.objects.filter(finished_at=None).count(),
        "turns": sum(Lane.objects.values_list("fence", flat=True)),
        "pauses": [lane.pause_reason for lane in Lane.objects.filter(paused_until__gt=now)],
    }


def store_at(*, at: float, count: int, **_: object) -> None:
    """The same events as another process, at the same moment, each in a transaction of its own."""
    track("Lead", consent=False)  # whatever is made at the first call is made
    threading.Event().wait(at - time.time())
    for number in range(count):
        commit(f"same-{number:06}", is_kept=True)


def store_slowly(*, tracked: str, go_on: str, is_kept: bool, **_: object) -> None:
    """One event in a transaction that says when it has tracked, and ends when it is told to."""
    with transaction.atomic():
        track("Lead", event_id="same-000000", user_data={"em": "jane@example.com"}, consent=True)
        Path(tracked).touch()
        while not Path(go_on).exists():
            threading.Event().wait(0.01)
        transaction.set_rollback(not is_kept)


def be_cut_off(*, told: str, **_: object) -> bool:
    """A transaction whose connection dies under `track`, its last statement; whether the site heard of it."""
    try:
        with transaction.atomic():
            Note.objects.create(text="cut off")
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {OWN_ID[connection.vendor]}")
                whole_text(Path(told), str(cursor.fetchone()[0]))
            track("Lead", event_id="same-000000", user_data={"em": "jane@example.com"}, consent=True)
    except (InterfaceError, OperationalError):
        return True
    return False


def cut_off(*, number: int, **_: object) -> None:
    """End that connection once it waits for its INSERT."""
    seen, kill = CUT_OFF[connection.vendor]
    with connection.cursor() as cursor:
        while True:
            cursor.execute(seen, [number])
            if cursor.fetchone()[0]:
                break
            threading.Event().wait(0.01)
        cursor.execute(kill, [number])


def cut_off_others(**_: object) -> int:
    """End every other connection to this database, as a restart does; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS[connection.vendor])
        others = [number for (number,) in cursor.fetchall()]
        for number in others:
            cursor.execute(CUT_OFF[connection.vendor][1], [number])
    return len(others)


def whole_text(path: Path, text: str) -> None:
    path.with_suffix(".part").write_text(text)
    path.with_suffix(".part").rename(path)


OWN_ID = {"postgresql": "pg_backend_pid()", "mysql": "CONNECTION_ID()"}
CUT_OFF = {
    "postgresql": (
        "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock' AND query LIKE 'INSERT%%'",
        "SELECT pg_terminate_backend(%s)",
    ),
    "mysql": (
        "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %s AND info LIKE 'INSERT%%'",
        "KILL CONNECTION %s",
    ),
}
OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
ROLES: dict[str, Callable[..., object]] = {
    "prepare": prepare,
    "write": write,
    "store": store,
    "store_at": store_at,
    "store_slowly": store_slowly,
    "watch": watch,
    "once": once,
    "resume": resume,
    "report_browser_copies": report_browser_copies,
    "visit": visit,
    "withdraw": withdraw,
    "let_time_pass": let_time_pass,
    "waiting": waiting,
    "ledger": ledger,
    "be_cut_off": be_cut_off,
    "cut_off": cut_off,
    "cut_off_others": cut_off_others,
    "work": brokers.work,
    "beat": brokers.beat,
    "nudge": brokers.nudge,
    "forget": brokers.forget,
    "checkouts": brokers.checkouts,
    "die_in_checkout": orders.die_in_checkout,
    "store_spread": orders.store_spread,
    "grow_old": orders.grow_old,
    "prune_often": orders.prune_often,
    "tally": orders.tally,
    "watch_off": clocks.watch_off,
    "once_off": clocks.once_off,
    "claim_off": clocks.claim_off,
    "commit_off": clocks.commit_off,
    "end_lease": clocks.end_lease,
    "requests": clocks.requests,
    **shopping.ROLES,
}
