"""How the collector answers a mixed report, while the ledger is down, and on sites behind log-ins and proxies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from django_capi.models import BrowserState, Event, Origin, Rank
from django_capi.tracking import track
from django_capi.types import CustomEvent
from tests.collector.posting import MINTED, PIXEL_ID, mirrored, post, receipt, refused
from tests.conftest import FBP
from tests.support.failing_sql import failing
from tests.support.pages import events

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "6543210987654321"
LOGIN_WALL = "django.contrib.auth.middleware.LoginRequiredMiddleware"


class TestItems:
    @pytest.mark.parametrize("event_name", ["Bestätigung", "注文完了", "Заявка: новая!", "a" * 50, "<b>"])
    @pytest.mark.parametrize("event_id", ["1", "Auftrag Nr. 7", "注文-7", "i" * 100])
    def test_any_name_and_id_that_track_stores_can_be_acknowledged(
        self, visitor: Client, event_name: str, event_id: str
    ) -> None:
        track(CustomEvent(event_name), event_id=event_id, consent=True, user_data={"em": "jane@example.com"})

        answer = post(visitor, receipt(event_name, event_id))

        assert answer.status_code == 204
        assert Event.objects.get().browser_state == BrowserState.FIRED

    def test_the_answer_names_the_items_that_were_refused_and_the_others_are_taken(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

        answer = post(visitor, mirrored("Purchase"), receipt("PageView", event_id), None, mirrored("Search"))

        assert answer.json() == {
            "refused": [
                {"index": 0, "reason": "event_name-not-in-BROWSER_EVENTS"},
                {"index": 2, "reason": "event-not-an-object"},
            ]
        }
        assert dict(Event.objects.values_list("event_name", "browser_state")) == {
            "PageView": BrowserState.FIRED,
            "Search": BrowserState.FIRED,
        }

    def test_an_event_for_another_pixel_than_the_pages_is_acknowledged_and_not_mirrored(
        self, visitor: Client, settings: Settings
    ) -> None:
        pixels = {"page": PIXEL_ID, "order": OTHER_PIXEL}
        settings.CAPI = {
            **settings.CAPI,
            "PIXELS": {name: {"PIXEL_ID": pixel_id, "ACCESS_TOKEN": "t" * 20} for name, pixel_id in pixels.items()},
            "PIXEL_FOR": lambda subject: "page",
        }
        track("Lead", event_id="lead-7", consent=True, user_data={"em": "jane@example.com"}, pixels="order")

        answer = post(
            visitor,
            receipt("Lead", "lead-7", pixels=[OTHER_PIXEL]),
            mirrored("Search", pixels=[OTHER_PIXEL]),
        )

        assert refused(answer) == {1: "pixels"}
        assert Event.objects.get().browser_state == BrowserState.FIRED

    def test_an_event_keeps_its_time_or_is_refused(self, visitor: Client) -> None:
        two_hours, three_days = 2 * 3600, 3 * 24 * 3600

        answer = post(
            visitor,
            mirrored("Search", age=two_hours),
            mirrored("Search", "fedcba9876543210", age=three_days),
        )

        event = Event.objects.get()
        assert refused(answer) == {1: "age"}
        assert 7195 <= event.created_at.timestamp() - event.event_time <= 7205
        assert 44.9 < (event.deadline - event.created_at).total_seconds() / 3600 < 45.1

    def test_without_an_address_of_the_page_the_event_has_the_hosts(self, visitor: Client) -> None:
        body = json.dumps({"events": [mirrored("Search")], "url": "about:blank"})

        visitor.post("/capi/collect/", body, content_type="application/json")

        assert json.loads(Event.objects.get().payload)["event_source_url"] == "http://testserver/"

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("http://testserver/tea/?utm_source=fb&email=ann@example.com", "http://testserver/tea/?utm_source=fb"),
            ("https://another.example.com/", "http://testserver/"),
            (7, "http://testserver/page/"),
        ],
        ids=["own", "another's", "number"],
    )
    def test_an_event_of_a_single_page_application_keeps_its_route(
        self, visitor: Client, url: object, expected: str
    ) -> None:
        body = {"events": [{**mirrored("Search"), "url": url, "referrer": "http://testserver/"}]}

        answer = visitor.post(
            "/capi/collect/", json.dumps({**body, "url": "http://testserver/page/"}), content_type="application/json"
        )

        assert answer.status_code == 204
        assert json.loads(Event.objects.get().payload)["event_source_url"] == expected

    def test_a_receipt_does_not_depend_on_its_spec(self, visitor: Client) -> None:
        """The script may correct a mirrored event that it called blocked, with the same item."""
        post(visitor, mirrored("Search", state="blocked"))

        answer = post(visitor, {**mirrored("Search", state="fired"), "mirror": False, "spec": "no longer ours"})

        assert answer.status_code == 204
        assert Event.objects.get().browser_state == BrowserState.FIRED

    def test_mirrored_events_wait_behind_everything_the_server_saw(self, visitor: Client) -> None:
        visitor.get("/page/")
        post(visitor, mirrored("PageView"), mirrored("Lead"))

        assert list(Event.objects.order_by("rank", "pk").values_list("event_name", "origin", "rank")) == [
            ("PageView", Origin.PAGE, Rank.PAGE_VIEW),
            ("PageView", Origin.BROWSER, Rank.MIRRORED),
            ("Lead", Origin.BROWSER, Rank.MIRRORED),
        ]

    def test_one_statement_stores_all_mirrored_events(self, visitor: Client) -> None:
        with Statements() as statements:
            post(visitor, *(mirrored("Search", f"minted-{number:08}") for number in range(20)))

        assert statements.verbs == ["INSERT"]
        assert Event.objects.count() == 20


class Statements:
    """The statements on the ledger's table."""

    def __init__(self) -> None:
        self.verbs: list[str] = []
        self.in_transaction = False  # one of them at least

    def __enter__(self) -> Statements:
        self.wrapper = connection.execute_wrapper(self.note)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.wrapper.__exit__(*error)

    def note(self, execute: Any, sql: str, *call: Any) -> Any:
        if "django_capi_event" in sql:
            self.verbs.append(sql.split(maxsplit=1)[0])
            self.in_transaction |= connection.in_atomic_block
        return execute(sql, *call)


def away() -> OperationalError:
    return OperationalError("the database system is starting up")


@pytest.mark.django_db(transaction=True)
class TestLedgerDown:
    @pytest.fixture(params=[False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
    def bold(self, request: Any, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
        monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", value=request.param)
        visitor.raise_request_exception = False
        return visitor

    @pytest.mark.parametrize("error", [away, DatabaseError], ids=["away", "wrong"])
    @pytest.mark.parametrize("verb", ["INSERT", "UPDATE"])
    def test_what_could_not_be_written_answers_503_and_may_be_posted_again(
        self, bold: Client, verb: str, error: Any
    ) -> None:
        event_id = events(bold.get("/page/"))["PageView"]["event_id"]
        report = (receipt("PageView", event_id), mirrored("Search"), 5)

        with failing(verb, "django_capi_event", error=error, times=10):
            first = post(bold, *report)
        second = post(bold, *report)

        assert first.status_code == 503
        assert refused(second) == {2: "event-not-an-object"}
        assert set(Event.objects.values_list("event_name", "browser_count")) == {("PageView", 1), ("Search", 1)}

    def test_either_both_states_are_written_or_none(self, bold: Client) -> None:
        ids = [events(bold.get("/page/"))["PageView"]["event_id"] for _ in range(2)]
        report = (receipt("PageView", ids[0]), receipt("PageView", ids[1], state="blocked"))

        with second_update_failing():
            first = post(bold, *report)
        counts = set(Event.objects.values_list("browser_count", flat=True))

        assert (first.status_code, counts) == (503, {0})

    def test_the_rest_of_the_request_cannot_roll_back_what_was_answered(self, bold: Client) -> None:
        with Statements() as statements:
            answer = post(bold, mirrored("Search"))

        assert answer.status_code == 204
        assert statements.verbs == ["INSERT"]
        assert not statements.in_transaction

    def test_the_sites_own_transaction_stays_usable(self, visitor: Client) -> None:
        with transaction.atomic():
            with failing("UPDATE", "django_capi_event", error=None, times=10):
                answer = post(visitor, receipt("PageView", MINTED))
            assert Event.objects.count() == 0

        assert answer.status_code == 503


@contextmanager
def second_update_failing() -> Iterator[None]:
    updates = 0

    def refuse(execute: Any, sql: str, *call: Any) -> Any:
        nonlocal updates
        updates += sql.lstrip().startswith("UPDATE")
        if updates == 2:
            raise DatabaseError
        return execute(sql, *call)

    with connection.execute_wrapper(refuse):
        yield


class TestSites:
    @pytest.fixture
    def walled(self, settings: Settings) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN_WALL]

    @pytest.mark.usefixtures("walled")
    def test_it_answers_where_every_view_requires_a_log_in(self, visitor: Client) -> None:
        assert post(visitor, mirrored("Search")).status_code == 204
        assert visitor.get("/capi/visitor/").status_code == 200
        assert visitor.post("/capi/withdraw/").status_code == 204

    @pytest.mark.parametrize(
        ("host", "origin", "status"),
        [
            ("shop.example.com:443", "https://shop.example.com", 204),
            ("shop.example.com:80", "https://shop.example.com", 204),
            ("shop.example.com", "https://shop.example.com:443", 204),
            ("SHOP.example.com", "https://shop.example.com", 204),
            ("[2a01:4f8::1]:443", "https://[2a01:4f8::1]", 204),
            ("shop.example.com:8443", "https://shop.example.com:8443", 204),
            ("shop.example.com", "https://shop.example.com:8443", 403),
            ("shop.example.com:8443", "https://shop.example.com", 403),
            ("shop.example.com", "https://www.example.com", 403),
            ("shop.example.com", "https://shop.example.com.evil.example", 403),
            ("shop.example.com", "https://shop.example.com@evil.example", 403),
            ("shop.example.com", "null", 403),
            ("shop.example.com", "https://[", 403),
        ],
    )
    def test_the_default_ports_are_one_host(self, visitor: Client, host: str, origin: str, status: int) -> None:
        answer = post(visitor, mirrored("Search"), HTTP_HOST=host, HTTP_ORIGIN=origin)

        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("site", "origin", "status"),
        [
            ("same-origin", "http://testserver", 204),
            ("same-origin", "http://evil.example.com", 403),
            ("same-site", "http://testserver", 204),
            ("same-site", "http://blog.testserver", 403),
            ("same-site", "", 403),
            ("cross-site", "http://testserver", 403),
            ("none", "http://testserver", 403),
        ],
    )
    def test_a_subdomain_may_not_report(self, visitor: Client, site: str, origin: str, status: int) -> None:
        headers = {"HTTP_ORIGIN": origin} if origin else {}

        assert post(visitor, mirrored("Search"), HTTP_SEC_FETCH_SITE=site, **headers).status_code == status

    def test_refusals_are_reported_also_without_consent(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.never"}

        answer = post(visitor, mirrored("Purchase"), mirrored("Search"))

        assert refused(answer) == {0: "event_name-not-in-BROWSER_EVENTS"}
        assert not Event.objects.exists()

    def test_nothing_of_a_refused_report_is_logged(self, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "django_capi")

        post(visitor, mirrored("jane@example.com"))

        assert caplog.messages == ["The collector refused 1 events: event_name-not-in-BROWSER_EVENTS."]
        assert FBP not in caplog.text
