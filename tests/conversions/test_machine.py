"""Orders made, paid, edited and interrupted in any order: in the end each conversion is stored once or has a reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_save
from hypothesis import HealthCheck
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from tests.conversions.orders import MAKING, PAYING, Purchase, Shop, policy
from tests.site.models import Order
from tests.support.interruptions import Interruption, die, fail
from tests.support.registration import registering

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "25"))
STEPS = 20
LEVELS: dict[str, list[str | None]] = {
    "sqlite": [None],
    "postgresql": ["read committed", "serializable"],
    "mysql": ["repeatable read"],
}
AT = st.integers(1, 25)
INTERRUPTIONS = st.sampled_from([None, None, die, fail])
ANSWER = st.sampled_from(["yes", "yes", "no", ""])
WHICH = st.integers(0, 20)


def has_orders(machine: Machine) -> bool:
    return bool(machine.shop.keys())


class Machine(RuleBasedStateMachine):
    """Hypothesis chooses what happens next."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.shop = Shop()
        self.wrapper = connection.execute_wrapper(self.shop.statements)
        self.wrapper.__enter__()
        Order.objects.all().delete()
        self.shop.install(paid=2, unpaid=2)

    def one(self, which: int) -> int:
        keys = self.shop.keys()
        return keys[which % len(keys)]

    @rule(answer=ANSWER, at=AT, interruption=INTERRUPTIONS)
    def checkout(self, answer: str, at: int, interruption: Interruption) -> None:
        with self.shop.interrupted(at, interruption):
            self.shop.checkout(answer)

    @rule(how=st.sampled_from(sorted(MAKING)), at=AT, interruption=INTERRUPTIONS)
    def make(self, how: str, at: int, interruption: Interruption) -> None:
        with self.shop.interrupted(at, interruption):
            self.shop.make(how)

    @precondition(has_orders)
    @rule(which=WHICH, how=st.sampled_from(sorted(PAYING)), at=AT, interruption=INTERRUPTIONS)
    def pay(self, which: int, how: str, at: int, interruption: Interruption) -> None:
        pk = self.one(which)
        with self.shop.interrupted(at, interruption):
            self.shop.pay(pk, how)

    @precondition(has_orders)
    @rule(which=WHICH, answer=ANSWER, at=AT, interruption=INTERRUPTIONS)
    def pay_in_own_request(self, which: int, answer: str, at: int, interruption: Interruption) -> None:
        pk = self.one(which)
        with self.shop.interrupted(at, interruption):
            self.shop.pay_in_own_request(pk, answer)

    @rule(answer=ANSWER, how=st.sampled_from(sorted(PAYING)), at=AT, interruption=INTERRUPTIONS)
    def buy(self, answer: str, how: str, at: int, interruption: Interruption) -> None:
        pk = self.shop.checkout(answer)
        with self.shop.interrupted(at, interruption):
            self.shop.pay(pk, how)

    @precondition(lambda machine: bool(machine.shop.cookies))
    @rule(which=WHICH, at=AT, interruption=INTERRUPTIONS, how=st.sampled_from(sorted(PAYING)))
    def withdraw(self, which: int, at: int, interruption: Interruption, how: str) -> None:
        keys = sorted(self.shop.cookies)
        pk = keys[which % len(keys)]
        with self.shop.interrupted(at, interruption):
            self.shop.withdraw(pk)
        self.shop.pay(pk, how)
        self.shop.look()

    @precondition(has_orders)
    @rule(which=WHICH, how=st.sampled_from(sorted(PAYING)), at=AT)
    def pay_twice_at_once(self, which: int, how: str, at: int) -> None:
        pk = self.one(which)
        with self.shop.interrupted(at, lambda: self.shop.pay(pk, "save")):
            self.shop.pay(pk, how)

    @precondition(has_orders)
    @rule(which=WHICH, at=AT, interruption=INTERRUPTIONS)
    def edit(self, which: int, at: int, interruption: Interruption) -> None:
        pk = self.one(which)
        with self.shop.interrupted(at, interruption):
            self.shop.edit(pk)

    @rule(at=st.integers(1, 60), interruption=INTERRUPTIONS)
    def work(self, at: int, interruption: Interruption) -> None:
        with self.shop.interrupted(at, interruption):
            self.shop.work()

    @rule(names=st.sets(st.sampled_from(["happened", "custom_data", "user_data"]), max_size=2))
    def break_methods(self, names: set[str]) -> None:
        Purchase.broken.clear()
        Purchase.broken.update(names)

    @rule(secret=st.sampled_from(["one", "two"]))
    def rotate_secret(self, secret: str) -> None:
        self.settings.SECRET_KEY = secret

    @rule()
    def prune(self) -> None:
        self.shop.look()
        self.shop.prune()

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.shop.settle()
                self.shop.check()
        finally:
            Purchase.broken.clear()
            self.wrapper.__exit__(None, None, None)


@pytest.fixture(params=LEVELS[connection.vendor])
def _isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param is None:
        yield
        return
    options = connection.settings_dict["OPTIONS"]
    before = dict(options)
    level: Any = request.param
    if connection.vendor == "postgresql":
        level = import_module("psycopg").IsolationLevel[request.param.replace(" ", "_").upper()]
    options["isolation_level"] = level
    connection.close()
    yield
    options.clear()
    options.update(before)
    connection.close()


@pytest.fixture
def _a_handler_that_saves_again() -> Iterator[None]:
    def number(instance: Order, **_: Any) -> None:
        if instance.status == Order.PAID and not instance.email:
            instance.email = "INV-1"
            instance.save(update_fields=["email"])

    post_save.connect(number, sender=Order)
    yield
    post_save.disconnect(number, sender=Order)


@pytest.mark.usefixtures("_isolation", "_a_handler_that_saves_again")
def test_each_conversion_is_stored_once_or_has_a_reason(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    pixels = {name: {"PIXEL_ID": str(number), "ACCESS_TOKEN": "token"} for number, name in enumerate(("main", "eu"), 1)}
    settings.CAPI = {"PIXELS": pixels, "CONSENT": policy}
    with registering(Order, Purchase):
        run_state_machine_as_test(
            lambda: Machine(settings),  # type: ignore[arg-type]  # it says a class, and takes a function
            settings=profile(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
