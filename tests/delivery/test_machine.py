"""Orders, workers that die, a Meta that fails and visitors who change their minds, in any order: the promises hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from django_capi.delivery import http
from django_capi.ledger import expiry
from django_capi.models import BrowserState
from tests.support.interruptions import Interruption, die, fail
from tests.support.oracle import DAY, HELD, HOUR
from tests.support.scripted_meta import listening
from tests.support.simulation import LEASE, Action, Site, Turn

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
STEPS = 25
PIXELS = {
    name: {"PIXEL_ID": f"123456789012345{number}", "ACCESS_TOKEN": "test-token-0123456789"}
    for number, name in enumerate(("main", "eu"))
}
VISITORS = [f"fb.1.1596403881668.{number}" for number in range(2)]
ANSWERS = ("ok", "500", "429_retry_after", "token_expired", "html", "truncated", *2 * ("nothing", "accept_then_drop"))

ACTIONS = st.builds(
    Action,
    name=st.sampled_from(["Lead", "PageView", HELD, HELD]),
    pixels=st.sampled_from([("main",), ("eu",), ("main", "eu")]),
    fbp=st.sampled_from(VISITORS),
    age=st.sampled_from([0, DAY, 3 * DAY, 6 * DAY]),
    again=st.none() | st.integers(0, 9),
    is_taken_back=st.sampled_from([False, False, False, True]),
    is_refused=st.sampled_from([False, False, False, True]),
    is_broken=st.sampled_from([False, False, False, False, False, True]),
)
TURNS = st.builds(
    Turn,
    actions=st.lists(ACTIONS, max_size=3).map(tuple),
    answers=st.lists(st.sampled_from(ANSWERS), max_size=4).map(tuple),
    at=st.integers(3, 30),
    is_awaited=st.sampled_from([True, True, True, False]),
)

UPKEEP: dict[str, Callable[[Site], object]] = {
    "overdue events expire": lambda site: expiry.expire(),
    "old rows are pruned": Site.prune,
    "a person resends": Site.resend,
    "a person resumes": Site.resume,
    "the number of shards changes": Site.divide,
    "a lease ends": lambda site: site.pass_time(LEASE),
    "hours pass": lambda site: site.pass_time(12 * HOUR),
    "days pass": lambda site: site.pass_time(2 * DAY),
}
VISITS: dict[str, Callable[[Site, str], object]] = {
    "consent is withdrawn": Site.withdraw,
    "the browser fired": lambda site, fbp: site.report(fbp, BrowserState.FIRED),
    "the browser was blocked": lambda site, fbp: site.report(fbp, BrowserState.BLOCKED),
}


def is_used(machine: Machine) -> bool:
    return bool(machine.site.memory.events)


class Machine(RuleBasedStateMachine):
    """Hypothesis chooses what happens next."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site
        site.begin()

    @rule(actions=st.lists(ACTIONS, min_size=1, max_size=5), is_kept=st.sampled_from([True, True, True, False]))
    def order(self, actions: list[Action], is_kept: bool) -> None:
        self.site.order(actions, is_kept=is_kept)

    @rule(turn=TURNS, interruption=st.sampled_from([None, die, die, fail]))
    def turn(self, turn: Turn, interruption: Interruption) -> None:
        self.site.turn(turn, interruption)

    @rule(turn=TURNS, other=TURNS, interruption=st.sampled_from([None, None, die]))
    def turn_is_overtaken(self, turn: Turn, other: Turn, interruption: Interruption) -> None:
        self.site.turn(turn, lambda: self.site.take_over(other, interruption))

    @rule(turn=TURNS, other=TURNS, interruption=st.sampled_from([None, None, die]))
    def two_workers(self, turn: Turn, other: Turn, interruption: Interruption) -> None:
        self.site.turn(turn, lambda: self.site.work_beside(other, interruption))

    @rule(turn=TURNS, what=st.sampled_from(sorted(UPKEEP)))
    def upkeep_during_turn(self, turn: Turn, what: str) -> None:
        self.site.turn(turn, lambda: UPKEEP[what](self.site))

    @rule(turn=TURNS, what=st.sampled_from(sorted(VISITS)), fbp=st.sampled_from(VISITORS))
    def visit_during_turn(self, turn: Turn, what: str, fbp: str) -> None:
        self.site.turn(turn, lambda: VISITS[what](self.site, fbp))

    @precondition(is_used)
    @rule(what=st.sampled_from(sorted(VISITS)), fbp=st.sampled_from(VISITORS))
    def visit(self, what: str, fbp: str) -> None:
        VISITS[what](self.site, fbp)

    @precondition(is_used)
    @rule()
    def resend(self) -> None:
        self.site.resend()

    @precondition(is_used)
    @rule(what=st.sampled_from(sorted(UPKEEP)))
    def upkeep(self, what: str) -> None:
        UPKEEP[what](self.site)

    @invariant()
    def holds(self) -> None:
        self.site.check()

    def teardown(self) -> None:
        if sys.exception() is None:
            self.site.drain()


@pytest.fixture
def site(settings: Settings, caplog: pytest.LogCaptureFixture) -> Iterator[Site]:
    caplog.set_level("CRITICAL", "django_capi")  # what a failing test prints is the example, not its thousand pauses
    with listening() as meta:
        found = Site(meta=meta, capi={})
        changes = {"PIXELS": PIXELS, "PIXEL_FOR": lambda _: found.pixels, "SENDER": "graph", "GRAPH_URL": meta.url}
        sizes = {"BATCH_EVENTS": 3, "RETENTION_DAYS": 1, "PAYLOAD_DAYS": 1, "ON_AMBIGUOUS": {HELD: "hold"}}
        settings.CAPI = found.capi = {**settings.CAPI, **changes, **sizes}
        with connection.execute_wrapper(found.statements):
            yield found
        http.session().close()


@pytest.mark.parametrize("shards", [1, 3])
def test_the_promises_hold_whatever_happens_in_whatever_order(shards: int, site: Site) -> None:
    site.shards = shards
    run_state_machine_as_test(
        lambda: Machine(site),  # type: ignore[arg-type]  # it says a class, and takes a function
        settings=profile(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
