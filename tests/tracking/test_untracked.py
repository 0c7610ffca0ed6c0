"""What requests did not track is counted: by hour and day, event name, pixel and reason, and never twice."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.signals import request_finished
from django.db import connections, transaction
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.ledger.untracked import UntrackedKind, add
from django_capi.models import Event, NotSent, Span, UntrackedTally
from django_capi.tracking import atrack, track, untracked
from tests.conftest import ADDRESS, AGENT
from tests.tracking.serving import GOOGLEBOT

pytestmark = pytest.mark.django_db

BROWSER: dict[str, Any] = {"HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": ADDRESS}
NO = {"CONSENT": lambda request: False}
NOT_YET = {"CONSENT": lambda request: None}
YES = {"CONSENT": lambda request: True}


def counted(span: Span = Span.HOUR) -> dict[tuple[str, str], int]:
    untracked.waiting.write()
    rows = UntrackedTally.objects.filter(span=span)
    return {(row.event_name, row.reason): row.events for row in rows}


@pytest.mark.parametrize(
    ("changes", "headers", "reason"),
    [
        (NO, {}, "denied"),
        (NOT_YET, {}, "unknown"),
        ({"CONSENT": None}, {}, "unknown"),
        (YES, {"HTTP_SEC_GPC": "1"}, "denied"),
        (YES, {"HTTP_USER_AGENT": GOOGLEBOT}, "excluded"),
        ({**YES, "EXCLUDE": lambda request: True}, {}, "excluded"),
        ({**NO, "EXCLUDE": lambda request: True}, {}, "excluded"),
    ],
    ids=["no", "no answer", "no policy", "signal", "crawler", "excluded", "excluded and no"],
)
def test_a_page_counts_each_of_its_events_once(
    changes: dict[str, Any], headers: dict[str, Any], reason: str, settings: Settings, newcomer: Client
) -> None:
    settings.CAPI = {**settings.CAPI, **changes}

    newcomer.get("/product/", **headers)

    assert counted() == {("PageView", reason): 1, ("ViewContent", reason): 1}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("address", "changes", "headers"),
    [
        ("/product/", YES, {}),
        ("/product/", NO, {"HTTP_USER_AGENT": "curl/8"}),
        ("/product/", NO, {"HTTP_SEC_PURPOSE": "prefetch"}),
        ("/product/", {**NO, "PIXEL_ID": ""}, {}),
        ("/plain/", NO, {}),
        ("/cached/", NO, {}),
        ("/public/", NO, {}),
        ("/failing-page/", NO, {}),
    ],
    ids=["tracked", "program", "prefetch", "no pixel", "no tag", "cached", "public", "error page"],
)
def test_what_is_tracked_or_shown_to_nobody_is_not_counted(
    address: str, changes: dict[str, Any], headers: dict[str, Any], settings: Settings, newcomer: Client
) -> None:
    settings.CAPI = {**settings.CAPI, **changes}
    newcomer.raise_request_exception = False

    newcomer.get(address, **headers)

    assert counted() == {}


@pytest.mark.parametrize(
    ("changes", "options", "headers", "reason"),
    [
        (NO, {}, {}, "denied"),
        (YES, {"consent": False}, {}, "denied"),
        (NOT_YET, {}, {}, "unknown"),
        (YES, {}, {"HTTP_USER_AGENT": GOOGLEBOT}, "excluded"),
        ({**YES, "EXCLUDE": lambda request: True}, {}, {}, "excluded"),
    ],
    ids=["no", "said no", "no answer", "crawler", "excluded"],
)
def test_an_action_is_counted(
    changes: dict[str, Any],
    options: dict[str, Any],
    headers: dict[str, Any],
    reason: str,
    settings: Settings,
    rf: RequestFactory,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.CAPI = {**settings.CAPI, **changes}

    with django_capture_on_commit_callbacks(execute=True):
        assert track("Lead", request=rf.get("/", **{**BROWSER, **headers}), **options) is None

    assert counted() == {("Lead", reason): 1}


def test_an_action_that_only_a_mistake_keeps_back_is_not_counted(settings: Settings, rf: RequestFactory) -> None:
    settings.CAPI = {**settings.CAPI, **YES}

    track("Lead", request=rf.get("/", HTTP_USER_AGENT="curl/8"))
    track("Lead", consent=False)

    assert counted() == {}


@pytest.mark.django_db(transaction=True)
def test_an_action_that_is_rolled_back_is_not_counted(settings: Settings, rf: RequestFactory) -> None:
    settings.CAPI = {**settings.CAPI, **NO}

    with transaction.atomic(using=using()):
        track("Lead", request=rf.get("/", **BROWSER))
        transaction.set_rollback(True, using=using())
    assert counted() == {}

    with transaction.atomic(using=using()):
        track("Lead", request=rf.get("/", **BROWSER))
    assert counted() == {("Lead", "denied"): 1}


@pytest.mark.django_db(transaction=True)
def test_async_code_counts_alike(settings: Settings, rf: RequestFactory) -> None:
    settings.CAPI = {**settings.CAPI, **NO}

    async_to_sync(atrack)("Lead", request=rf.get("/", **BROWSER))

    assert list(untracked.waiting.counts.values()) == [1]


def test_an_event_for_several_pixels_counts_for_each(settings: Settings, newcomer: Client) -> None:
    pixels = {"eu": {"PIXEL_ID": "11"}, "us": {"PIXEL_ID": "22"}, "other": {"PIXEL_ID": "33"}}
    settings.CAPI = {**settings.CAPI, **NO, "PIXELS": pixels, "PIXEL_FOR": lambda subject: ["eu", "us"]}

    newcomer.get("/page/")
    untracked.waiting.write()

    assert set(UntrackedTally.objects.values_list("pixel_id", "events")) == {("11", 1), ("22", 1)}


def test_days_are_the_sums_of_their_hours(db: None) -> None:
    chance = random.Random(5)
    start = 1_790_000_000 - 1_790_000_000 % DAY
    expected: dict[Span, Counter[tuple[int, str, str]]] = {Span.HOUR: Counter(), Span.DAY: Counter()}
    for _ in range(6):
        counts: Counter[UntrackedKind] = Counter()
        for _ in range(chance.randrange(1, 30)):
            hour = start + chance.randrange(50) * HOUR
            name, reason = chance.choice(["PageView", "Lead"]), chance.choice([NotSent.DENIED, NotSent.UNKNOWN])
            counts[UntrackedKind(Span.HOUR, hour, "1", name, reason)] += 1
            expected[Span.HOUR][hour, name, reason.value] += 1
            expected[Span.DAY][hour - hour % DAY, name, reason.value] += 1
        add(counts)

    for span, sums in expected.items():
        rows = UntrackedTally.objects.filter(span=span)
        assert {(row.start, row.event_name, row.reason): row.events for row in rows} == sums


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_at_once_lose_nothing() -> None:
    kinds = [UntrackedKind(Span.HOUR, 0, str(pixel), "PageView", NotSent.DENIED) for pixel in range(3)]
    together = threading.Barrier(4)

    def write() -> None:
        together.wait()
        for _ in range(10):
            waiting = untracked.UntrackedCounts()
            waiting.add(Counter(random.sample(kinds, 3)))
            while waiting.counts:
                waiting.write()
        connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(UntrackedTally.objects.filter(span=Span.HOUR).values_list("events", flat=True)) == {40}


def test_a_request_makes_no_query_for_it(
    settings: Settings, newcomer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.CAPI = {**settings.CAPI, **NO}

    with django_assert_num_queries(0):
        newcomer.get("/page/")

    assert untracked.waiting.counts.total() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("outside_tests")
def test_it_is_written_when_a_response_has_been_sent(settings: Settings, newcomer: Client) -> None:
    settings.CAPI = {**settings.CAPI, **NO}

    newcomer.get("/page/")
    newcomer.get("/page/")  # within the seconds between two writes
    written = UntrackedTally.objects.get(span=Span.HOUR).events

    untracked.waiting.next_write = 0.0
    request_finished.send(None)
    assert (written, UntrackedTally.objects.get(span=Span.HOUR).events) == (1, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("outside_tests")
def test_it_waits_while_the_site_has_a_transaction_of_its_own(settings: Settings, newcomer: Client) -> None:
    settings.CAPI = {**settings.CAPI, **NO}

    with transaction.atomic(using=using()):
        newcomer.get("/page/")
    assert not UntrackedTally.objects.exists()

    request_finished.send(None)
    assert UntrackedTally.objects.filter(span=Span.HOUR).count() == 1


def test_a_failing_database_costs_no_count_and_no_exception(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.CAPI = {**settings.CAPI, **NO}
    (pixel,) = conf.pixels().values()
    untracked.log_failure.cache_clear()
    untracked.count("x" * 10_000 + "@\x00", NotSent.DENIED, [pixel])

    with caplog.at_level(logging.WARNING), transaction.atomic(using=using()):
        connections[using()].needs_rollback = True
        untracked.waiting.write()
        untracked.waiting.write()
        connections[using()].needs_rollback = False

    assert untracked.waiting.counts.total() == 1
    (record,) = caplog.records
    assert "TransactionManagementError" in record.message


def test_memory_is_bounded() -> None:
    (pixel,) = conf.pixels().values()
    for number in range(untracked.MOST_KINDS + 10):
        untracked.count(f"Name{number}", NotSent.DENIED, [pixel])
    untracked.count("Name1", NotSent.DENIED, [pixel])

    assert len(untracked.waiting.counts) == untracked.MOST_KINDS
    assert untracked.waiting.counts.total() == untracked.MOST_KINDS + 1


FORK = """
import os, django
django.setup()
from django_capi.conf import conf
from django_capi.models import NotSent
from django_capi.tracking import untracked
untracked.count("PageView", NotSent.DENIED, conf.pixels().values())
untracked.waiting.lock.acquire()  # another thread of the parent is counting
pid = os.fork()
if not pid:
    untracked.count("Lead", NotSent.DENIED, conf.pixels().values())
    os._exit(0 if [kind.event_name for kind in untracked.waiting.counts] == ["Lead"] else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_forked_process_counts_its_own() -> None:
    assert subprocess.run([sys.executable, "-c", FORK], timeout=60, check=False).returncode == 0
