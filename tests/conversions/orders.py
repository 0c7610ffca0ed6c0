"""A shop whose orders are made and paid in every way, and what must be true of them in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.http import HttpRequest
from django.test import Client

from django_capi.conversions import Conversion, fire, sources
from django_capi.models import ConversionMark, ConversionSource, ConversionState, Event, Lane, NotSent, Snapshot, Status
from django_capi.testing import deliver_now
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import GiftOrder, Line, Order, PaidOrder
from tests.support.interruptions import Interruption, Killed, Statements

ANSWERS = {"yes": True, "no": False}
BANK: dict[str, Any] = {"HTTP_USER_AGENT": "CornerBank/1.0"}
HOUR = timedelta(hours=1)
RUNS = 4  # in which everything that is owed is found


def policy(request: HttpRequest) -> bool | None:
    return ANSWERS.get(request.COOKIES.get("answer", ""))


class Purchase(Conversion[Order]):
    """Its methods fail when the test says so."""

    broken: ClassVar[set[str]] = set()

    def happened(self, order: Order, /) -> bool:
        self.may_fail("happened")
        return order.status == Order.PAID

    def custom_data(self, order: Order, /) -> dict[str, object]:
        self.may_fail("custom_data")
        return {"value": sum(line.price for line in order.lines.all()) or order.total, "currency": "EUR"}

    def user_data(self, order: Order, /) -> dict[str, object]:
        self.may_fail("user_data")
        return {"em": "jane@example.com"}

    def consent(self, order: Order, /) -> bool:
        return True

    def may_fail(self, name: str) -> None:
        if name in self.broken:
            raise LookupError(name)


@dataclass(kw_only=True)
class Shop:
    """The orders, and what has been seen of their events."""

    statements: Statements = field(default_factory=Statements)
    answers: dict[int, set[str]] = field(default_factory=dict)  # by order: all that its visitor ever said
    cookies: dict[int, str] = field(default_factory=dict)  # by order: the `_fbp` of its visitor
    may_have_withdrawn: set[str] = field(default_factory=set)  # orders; a withdrawal may also have failed
    withdrawn: set[str] = field(default_factory=set)  # orders whose visitor has not consented again since
    barred: set[int] = field(default_factory=set)  # rows that waited when their visitor withdrew
    visitors: int = 0
    met: set[int] = field(default_factory=set)  # old orders that were saved before they were paid
    first_new: int = 0
    events: dict[str, set[str]] = field(default_factory=dict)  # by order: the event ids ever seen
    sent: dict[int, str] = field(default_factory=dict)  # by row: the payload that was accepted

    def install(self, paid: int, unpaid: int) -> None:
        """The app comes to a shop that has these orders."""
        ConversionSource.objects.all().delete()
        Order.objects.bulk_create([Order(status=Order.PAID)] * paid + [Order()] * unpaid)
        sources.meet_registered()
        newest = Order.objects.order_by("-pk").first()
        self.first_new = newest.pk + 1 if newest else 1

    def browser(self, answer: str, fbp: str) -> Client:
        client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, raise_request_exception=False)
        client.cookies["_fbp"] = fbp
        client.cookies["answer"] = answer
        return client

    @contextmanager
    def interrupted(self, at: int, interruption: Interruption) -> Iterator[None]:
        """An action that dies, or that the database fails, before that one of its statements."""
        with self.statements.interrupted(at, interruption), suppress(Killed, DatabaseError, LookupError):
            yield
        self.look()

    def checkout(self, answer: str) -> int:
        self.visitors += 1
        fbp = f"fb.1.1596403881668.{self.visitors}"
        found = self.browser(answer, fbp).post("/checkout/")
        pk = found.json()["order"] if found.status_code == 200 else 0
        if Snapshot.objects.filter(object_ref=f"site.order:{pk}").exists():
            self.answers[pk], self.cookies[pk] = {answer}, fbp
        return pk

    def make(self, how: str) -> None:
        MAKING[how]()

    def pay(self, pk: int, how: str) -> None:
        PAYING[how](pk)

    def pay_in_own_request(self, pk: int, answer: str) -> None:
        if pk in self.answers:  # else nobody knows whose order it is
            self.answers[pk].add(answer)
            if answer == "no":  # of a visitor who has the cookie it is a withdrawal
                self.may_have_withdrawn.add(f"site.order:{pk}")
            if answer == "yes":
                self.withdrawn.discard(f"site.order:{pk}")
        self.browser(answer, self.cookies.get(pk, FBP)).post(f"/webhook/{pk}/")

    def withdraw(self, pk: int) -> None:
        """The banner of the order's visitor says so. Without a yes nothing is kept to know the order by."""
        ref = f"site.order:{pk}"
        is_known = Snapshot.objects.filter(object_ref=ref).exclude(fbp="").exists()
        waiting = set(Event.objects.filter(object_ref=ref, status=Status.PENDING).values_list("pk", flat=True))
        if is_known:
            self.may_have_withdrawn.add(ref)
        answer = self.browser("no", self.cookies[pk]).post("/capi/withdraw/")
        if is_known and answer.status_code == 204:
            self.withdrawn.add(ref)
            self.barred |= waiting

    def edit(self, pk: int) -> None:
        order = Order.objects.get(pk=pk)
        order.email = "jane@example.org"
        order.save()
        ref = f"site.order:{pk}"
        if order.status != Order.PAID and ConversionMark.objects.filter(object_ref=ref).exists():
            self.met.add(pk)

    def prune(self) -> None:
        Event.objects.filter(status=Status.ACCEPTED).delete()

    def work(self) -> None:
        """A worker's pass, when all waits are over."""
        ConversionMark.objects.exclude(check_at=None).update(check_at=F("check_at") - 48 * HOUR)
        ConversionSource.objects.update(swept_at=None, lap_at=F("lap_at") - HOUR)
        Lane.objects.update(lease_until=None)  # of a worker that was killed
        deliver_now()

    def keys(self) -> list[int]:
        return list(Order.objects.order_by("pk").values_list("pk", flat=True))

    def look(self) -> None:
        """Each conversion has one id for ever, and what Meta has does not change."""
        for pk, ref, event_id, status, payload in Event.objects.values_list(
            "pk", "object_ref", "event_id", "status", "payload"
        ):
            self.events.setdefault(ref, set()).add(event_id)
            if status == Status.ACCEPTED:
                assert pk in self.sent or not (pk in self.barred or ref in self.withdrawn), ref
                assert self.sent.setdefault(pk, payload) == payload
        assert all(len(ids) == 1 for ids in self.events.values()), self.events

    def settle(self) -> None:
        Purchase.broken.clear()
        for _ in range(RUNS):
            with self.statements.interrupted(0, None):
                self.work()
            self.look()

    def check(self) -> None:
        """Every order that was paid under the app's eyes is an event or has a reason; no other is anything."""
        marks = {mark.object_ref: mark for mark in ConversionMark.objects.all()}
        for pk, status in Order.objects.values_list("pk", "status"):
            ref = f"site.order:{pk}"
            is_ours = pk >= self.first_new or pk in self.met
            mark = marks.get(ref)
            if status != Order.PAID:
                assert ref not in self.events, ref
            elif is_ours:
                assert mark is not None, ref
                self.check_settled(pk, mark)
            elif pk < self.first_new and ref not in self.events:
                assert mark is None or mark.reason in (NotSent.BEFORE, ""), ref
        assert not ConversionMark.objects.filter(state=ConversionState.INCOMPLETE).exists()

    def check_settled(self, pk: int, mark: ConversionMark) -> None:
        said = self.answers.get(pk, set()) - {""}
        was_stored = mark.object_ref in self.events
        assert (mark.state == ConversionState.STORED) is was_stored, mark.object_ref
        reasons = {NotSent.DENIED, NotSent.UNKNOWN}
        if mark.object_ref in self.may_have_withdrawn:
            reasons.add(NotSent.WITHDRAWN)
        assert was_stored or mark.reason in reasons, (mark.object_ref, mark.reason)
        if "no" not in said and mark.object_ref not in self.may_have_withdrawn:
            assert was_stored, (mark.object_ref, said, mark.reason)
        if said == {"no"}:
            assert mark.reason == NotSent.DENIED, mark.object_ref


def made_with_lines() -> None:
    with transaction.atomic():
        order = Order.objects.create(status=Order.PAID)
        Line.objects.create(order=order, sku="tea", price=5)


MAKING: dict[str, Callable[[], object]] = {
    "unpaid": Order.objects.create,
    "paid at once": lambda: Order.objects.create(status=Order.PAID),
    "with lines": made_with_lines,
    "in bulk": lambda: Order.objects.bulk_create([Order(status=Order.PAID), Order()]),
    "a child": GiftOrder.objects.create,
    "by another program": lambda: connection.cursor().execute(
        "INSERT INTO site_order (status, total, email) VALUES ('paid', 20, '')"
    ),
}


def by_save(pk: int, model: type[Order] = Order, **options: Any) -> None:
    order = model.objects.get(pk=pk)
    order.status = Order.PAID
    order.save(**options)


def by_bulk_update(pk: int) -> None:
    order = Order.objects.get(pk=pk)
    order.status = Order.PAID
    Order.objects.bulk_update([order], ["status"])


def by_update_and_fire(pk: int) -> None:
    Order.objects.filter(pk=pk).update(status=Order.PAID)
    fire(Order.objects.get(pk=pk))


def rolled_back(pk: int) -> None:
    with transaction.atomic():
        by_save(pk)
        transaction.set_rollback(True)


PAYING: dict[str, Callable[[int], object]] = {
    "save": by_save,
    "some fields": lambda pk: by_save(pk, update_fields=["status"]),
    "in a transaction": transaction.atomic(by_save),
    "rolled back": rolled_back,
    "update": lambda pk: Order.objects.filter(pk=pk).update(status=Order.PAID),
    "update and fire": by_update_and_fire,
    "bulk update": by_bulk_update,
    "proxy": lambda pk: by_save(pk, model=PaidOrder),
    "webhook": lambda pk: Client(**BANK).post(f"/webhook/{pk}/"),
}
