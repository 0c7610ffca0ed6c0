from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin import ModelAdmin, site
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db import connection
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from django_capi.admin import event_rows, paging, search, wording
from django_capi.admin.events import EventAdminMixin
from django_capi.admin.outcomes import outcome_of_event
from django_capi.consent import Consent
from django_capi.ledger import tallies
from django_capi.ledger.tallies import DELAYS
from django_capi.models import BrowserState, Event, Origin, Status
from django_capi.reports.outcomes import Outcome
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory, match_keys

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_capi_event_changelist")
HOSTILE = "<script>alert(1)</script>"
OTHER_PIXEL = "9876543210987654"
TWO_PIXELS = {"PIXELS": {"main": {"PIXEL_ID": PIXEL_ID}, "eu": {"PIXEL_ID": OTHER_PIXEL}}}


def shown(client: Client, **query: str) -> list[Event]:
    return list(client.get(LIST, query).context["cl"].result_list)


def text(client: Client, **query: str) -> str:
    return client.get(LIST, query).content.decode()


def test_the_list_tells_the_state_of_both_copies(admin_client: Client) -> None:
    EventFactory(met=True, object_ref="shop.order:7", match_keys=match_keys("em", "ph", "fbp", "fbc"))

    page = text(admin_client)

    for word in ("Purchase", "shop.order:7", "accepted", "fired", "em ph +2", "2 seconds"):
        assert word in page


def test_a_test_event_is_marked_as_one(admin_client: Client) -> None:
    EventFactory(met=True, test_event_code="TEST12345")
    EventFactory(met=True)

    assert admin_client.get(LIST).content.decode().count("Test event</span>") == 1


@pytest.mark.parametrize("rows", [1, 40], ids=["one row", "forty rows"])
def test_the_number_of_queries_does_not_depend_on_the_rows(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    batch = BatchFactory()
    EventFactory.create_batch(rows, met=True, batch=batch)

    # Session, user, two for the banner, the bounded count, the rows.
    with django_assert_num_queries(6):
        admin_client.get(LIST)


@pytest.mark.parametrize(
    ("query", "made"),
    [
        pytest.param({"status__exact": "2"}, {"rejected": True}, id="server copy"),
        pytest.param({"browser_state__exact": "1"}, {"blocked": True}, id="browser copy"),
        pytest.param({"event": "Lead"}, {"event_name": "Lead"}, id="standard event"),
        pytest.param({"event": "*"}, {"event_name": "WheelOfFortune"}, id="other event"),
        pytest.param({"pixel": OTHER_PIXEL}, {"pixel_id": OTHER_PIXEL}, id="pixel"),
        pytest.param({"origin__exact": "2"}, {"origin": Origin.CONVERSION}, id="origin"),
        pytest.param({"consent__exact": "2"}, {"consent": Consent.LIMITED}, id="consent"),
        pytest.param({"shared_id__exact": "1"}, {"shared_id": True}, id="shared id"),
        pytest.param({"outcome": "met"}, {"met": True}, id="met"),
        pytest.param({"outcome": "server"}, {"accepted": True, "blocked": True}, id="server only"),
        pytest.param({"outcome": "browser"}, {"rejected": True, "fired": True}, id="browser only"),
        pytest.param({"outcome": "neither"}, {"expired": True, "blocked": True}, id="neither"),
        pytest.param({"event_time__gte": "2000", "event_time__lt": "3000"}, {"event_time": 2000}, id="exact time"),
        pytest.param({"q": "an-exact-id"}, {"event_id": "an-exact-id"}, id="search by event id"),
    ],
)
def test_the_list_can_be_narrowed(query: dict[str, str], made: dict[str, object], admin_client: Client) -> None:
    EventFactory()
    wanted = EventFactory(**made)

    assert shown(admin_client, **query) == [wanted]


def test_every_event_has_one_outcome_in_the_filter_and_in_python(admin_client: Client) -> None:
    for status, state in itertools.product(Status, BrowserState):
        EventFactory(status=status, browser_state=state)

    found = {outcome: shown(admin_client, outcome=outcome) for outcome in Outcome}

    assert sum(len(events) for events in found.values()) == Event.objects.count()
    for outcome, events in found.items():
        assert {outcome_of_event(event) for event in events} == {outcome}


def test_the_exact_time_of_a_link_is_shown_and_can_be_removed(admin_client: Client) -> None:
    EventFactory(event_time=1_790_000_000)

    page = text(admin_client, event_time__gte="1790000000", event_time__lt="1790003600", outcome="waiting")

    assert f"{wording.instant(datetime.fromtimestamp(1_790_000_000, UTC))} to " in page
    assert 'href="?outcome=waiting"' in page


@pytest.mark.parametrize("value", ["yesterday", "-1", "9" * 30])
def test_a_time_that_is_none_is_refused(value: str, admin_client: Client) -> None:
    assert admin_client.get(LIST, {"event_time__gte": value}).status_code == 302


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ({"days": "7"}, ()),
        ({"event": "Lead"}, ("event_name",)),
        ({"event": "Lead", "days": "7"}, ("event_name",)),
        ({"status__exact": "1"}, ("status",)),
    ],
    ids=["a window", "a name", "a name in a window", "a status"],
)
def test_the_order_of_a_list_is_that_of_a_whole_index(
    query: dict[str, str], same: tuple[str, ...], rf: RequestFactory
) -> None:
    *columns, last = site.get_model_admin(Event).get_ordering(rf.get(LIST, query))

    assert last == "-pk"
    assert [*same, *(str(column).removeprefix("-") for column in columns)] in [
        index.fields for index in Event._meta.indexes
    ]


@pytest.mark.parametrize("term", ["R-4711", "12", "site.order:12"], ids=["reference", "primary key", "object"])
def test_the_events_of_an_order_are_found_by_its_number(term: str, admin_client: Client) -> None:
    mark = ConversionMarkFactory(object_ref="site.order:12", reference="R-4711")
    EventFactory()
    wanted = EventFactory(event_id=mark.event_id)

    assert shown(admin_client, q=term) == [wanted]


def test_consent_that_no_event_can_have_is_no_choice(admin_client: Client) -> None:
    page = text(admin_client)

    assert "?consent__exact=3" in page
    assert "?consent__exact=0" not in page


def test_pixels_are_called_by_their_names(admin_client: Client) -> None:
    EventFactory(pixel_id=OTHER_PIXEL)

    with override_settings(CAPI=TWO_PIXELS):
        page = text(admin_client)

    assert "<bdi>eu</bdi>" in page
    assert f"<bdi>{OTHER_PIXEL}</bdi>" not in page


def test_the_list_can_be_narrowed_to_a_window(admin_client: Client) -> None:
    EventFactory(event_time=int((timezone.now() - timedelta(days=3)).timestamp()))
    recent = EventFactory()

    assert shown(admin_client, days="1") == [recent]
    assert len(shown(admin_client, days="7")) == 2
    assert len(shown(admin_client, days="nonsense")) == 2


@pytest.mark.parametrize(
    ("parameter", "title"),
    [
        ("outcome", "outcome"),
        ("days", "event time"),
        ("delay", "delay"),
        ("consent__exact", "consent"),
        ("family", "browser family"),
        ("carries", "key carried"),
        ("lacks", "key missing"),
    ],
)
def test_a_filter_that_is_not_understood_is_named_and_not_applied(
    parameter: str, title: str, admin_client: Client
) -> None:
    event = EventFactory()

    response = admin_client.get(LIST, {parameter: "jane@example.com"})

    sentence = f"The address has a value for “{title}” that was not understood. Shown instead: All."
    (spec,) = (each for each in response.context["cl"].filter_specs if each.title == title)
    assert list(response.context["cl"].result_list) == [event]
    assert sentence in response.content.decode()
    assert next(spec.choices(response.context["cl"]))["selected"]


@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "lost"},
        {"outcome": ""},
        {"days": "7"},
        {"delay": "hourly"},
        {"delay": next(iter(DELAYS))},
        {"carries": "fn"},
        {"event": "QuizDone"},
        {"page": "/orders/<pk>/"},
        {},
    ],
)
def test_a_filter_that_is_understood_needs_no_words(query: dict[str, str], admin_client: Client) -> None:
    assert "was not understood" not in text(admin_client, **query)


@pytest.mark.parametrize("query", [{"status__exact": "x"}, {"event_time__gte": "yesterday"}])
def test_filters_that_django_drops_are_mentioned(query: dict[str, str], admin_client: Client) -> None:
    page = admin_client.get(LIST, query, follow=True).content.decode()

    assert "A filter in the address was not understood, so none is applied." in page


def test_a_request_to_meta_is_found_by_its_trace_id(admin_client: Client) -> None:
    batch = BatchFactory(fbtrace_id="AbCdEf123")
    EventFactory(met=True)
    wanted = EventFactory(met=True, batch=batch)

    assert shown(admin_client, q="AbCdEf123") == [wanted]


def test_the_events_of_an_object_are_found(admin_client: Client) -> None:
    mark = ConversionMarkFactory(object_ref="shop.order:7")
    ConversionMarkFactory(object_ref="shop.order:8", event_id="")
    EventFactory(event_id="")
    wanted = EventFactory(event_id=mark.event_id)

    assert shown(admin_client, q=" shop.order:7 ") == [wanted]
    assert shown(admin_client, q="shop.order:8") == []


@pytest.mark.parametrize("term", ["c6ac810", "ac810cd1", "c6ac%10c", "c6ac810f"])
def test_a_search_for_another_part_of_an_id_finds_nothing(term: str, admin_client: Client) -> None:
    EventFactory(event_id="c6ac810cd1")

    assert shown(admin_client, q=term) == []


@pytest.mark.parametrize("term", ["c6ac810c", "C6AC810C", " #c6ac810cd "])
def test_an_event_is_found_by_the_beginning_of_its_id(term: str, admin_client: Client) -> None:
    for other in ("c6ac810b", "c6ac810d", "0", "f"):
        EventFactory(event_id=other)
    pair = [EventFactory(event_id="c6ac810cd1", pixel_id=pixel_id) for pixel_id in ("1", "2")]

    assert sorted(event.pk for event in shown(admin_client, q=term)) == [event.pk for event in pair]


def test_the_beginning_of_an_id_is_sought_only_if_it_is_no_whole_value(admin_client: Client) -> None:
    EventFactory(event_id="ORDER-1001")
    ConversionMarkFactory(reference="ORDER-100", event_id="")
    whole = EventFactory(event_id="ORDER-10")

    assert shown(admin_client, q="ORDER-10") == [whole]
    assert shown(admin_client, q="ORDER-100") == []


def test_of_very_many_ids_with_one_beginning_a_bounded_number_is_found(admin_client: Client) -> None:
    for number in range(search.MOST_OF_PREFIX + 1):
        EventFactory(event_id=f"order-2026-{number:05d}")

    assert admin_client.get(LIST, {"q": "order-2026"}).context["cl"].result_count == search.MOST_OF_PREFIX


def test_a_link_of_the_deduplication_page_leaves_test_events_out(admin_client: Client) -> None:
    EventFactory(test_event_code="TEST123")
    real = EventFactory()

    assert shown(admin_client, test_event_code__exact="") == [real]


@pytest.mark.parametrize(
    "lookup",
    ["payload__contains", "payload__startswith", "server_fbp__startswith", "batch__fbtrace_id", "event_id__contains"],
)
def test_the_address_cannot_be_used_to_guess_a_field(lookup: str, admin_client: Client) -> None:
    EventFactory()

    assert admin_client.get(LIST, {lookup: "2"}).status_code == 400


@pytest.mark.parametrize("name", ["event", "batch", "conversionmark"])
def test_the_search_box_has_a_visible_label(name: str, admin_client: Client) -> None:
    page = admin_client.get(reverse(f"admin:django_capi_{name}_changelist")).content.decode()

    assert '<label for="searchbar">Search</label>' in page


def test_each_filter_is_shown_once(admin_client: Client) -> None:
    filters = admin_client.get(LIST).context["cl"].filter_specs

    assert len({str(each.title) for each in filters}) == len(filters)


def test_a_search_keeps_the_filters(admin_client: Client) -> None:
    assert '<input type="hidden" name="outcome" value="met">' in text(admin_client, outcome="met")


def test_a_hostile_event_name_is_text(admin_client: Client) -> None:
    EventFactory(event_name=HOSTILE, object_ref=HOSTILE)

    page = text(admin_client)

    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_pixel_has_a_column_only_where_there_are_several(admin_client: Client) -> None:
    EventFactory()
    alone = text(admin_client)

    with override_settings(CAPI=TWO_PIXELS):
        several = text(admin_client)

    assert "column-pixel" not in alone
    assert "column-pixel" in several


def test_a_long_ledger_is_cut_and_says_so(admin_client: Client) -> None:
    row = model_to_dict(EventFactory.build())
    Event.objects.bulk_create(Event(**{**row, "event_id": str(number)}) for number in range(paging.LIMIT + 1))

    page = text(admin_client)

    assert "the newest 3000 events; filter or search to reach older ones" in page


def far_apart(**fields: object) -> tuple[Event, Event]:
    """Two such events with as many keys between them as a filter may search."""
    old = EventFactory(**fields)
    return old, EventFactory(pk=old.pk + paging.SEARCHED, **{**fields, "event_time": old.event_time + 1})


@pytest.mark.parametrize(
    "query", [{"shared_id__exact": "0"}, {"event": "*"}, {"carries": "fbp"}], ids=["shared id", "other names", "key"]
)
def test_a_filter_without_an_index_searches_the_newest_events_and_says_so(
    query: dict[str, str], admin_client: Client
) -> None:
    _old, new = far_apart(accepted=True, event_name="Custom")

    assert shown(admin_client, **query) == [new]
    assert "the filters were applied to the newest 3000 events only" in text(admin_client, **query)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status__exact": "0"},
        {"outcome": "waiting"},
        {"event": "Purchase"},
        {"event": "Purchase", "event_time__gte": "0", "test_event_code__exact": ""},
        {"event": "Purchase", "status__exact": "0", "shared_id__exact": "0"},
    ],
    ids=["no filter", "status", "outcome", "name", "time and name", "what few have"],
)
def test_a_list_that_an_index_serves_has_all_events(query: dict[str, str], admin_client: Client) -> None:
    old, new = far_apart()

    assert shown(admin_client, **query) == [new, old]
    assert "the filters were applied" not in text(admin_client, **query)


NOON = 1_700_000_000  # Unix seconds


def many(number: int, **fields: object) -> None:
    """Store that number of events, one each second until noon."""
    row = model_to_dict(EventFactory.build(**fields))
    Event.objects.bulk_create(
        Event(**{**row, "event_id": f"many-{second}", "event_time": NOON - second}) for second in range(number)
    )


def test_in_a_window_of_many_events_what_is_rare_is_found_by_its_name_or_status(admin_client: Client) -> None:
    many(paging.SEARCHED + 1, accepted=True, event_name="PageView")
    rare = EventFactory(rejected=True, event_name="Purchase", event_time=NOON - paging.SEARCHED - 10, shared_id=True)

    def finds(**query: str) -> list[Event]:
        window = {"event_time__gte": str(NOON - 100_000), "event_time__lt": str(NOON + 1)}
        return shown(admin_client, shared_id__exact="1", **query, **window)

    assert finds() == []
    assert finds(event="PageView") == []
    assert finds(event="Purchase") == [rare]
    assert finds(status__exact="2") == [rare]
    assert finds(outcome="neither") == [rare]
    assert finds(outcome="neither", event="Purchase") == [rare]
    assert finds(outcome="neither", event="PageView") == []


def test_a_window_with_too_many_events_says_since_when_they_were_searched(admin_client: Client) -> None:
    many(paging.SEARCHED + 1, accepted=True)
    window = {"shared_id__exact": "0", "event_time__lt": str(NOON + 1)}

    crowded = text(admin_client, **window)
    quiet = text(admin_client, **window, event_time__gte=str(NOON - 10))

    assert f"the filters were applied to the events since {instant(NOON - paging.SEARCHED)} only" in crowded
    assert "the filters were applied" not in quiet


def test_a_window_that_begins_before_the_oldest_row_says_that_older_ones_are_deleted(admin_client: Client) -> None:
    hour = NOON - NOON % tallies.HOUR
    EventFactory(met=True, event_time=hour - 5 * tallies.HOUR)
    kept = EventFactory(met=True, event_time=hour)
    tallies.remove(Event.objects.filter(event_time__lt=hour))

    early, late = (text(admin_client, event_time__gte=str(since)) for since in (hour - 9 * tallies.HOUR, hour))

    assert f"Events before {instant(kept.event_time)} have been deleted." in early
    assert "have been deleted" not in late
    assert "have been deleted" not in text(admin_client)


def test_the_event_time_has_one_lower_bound(admin_client: Client) -> None:
    """Of two, SQLite scans from the one that comes first, which is the start of the window."""
    many(paging.SEARCHED + 1, accepted=True)

    with CaptureQueriesContext(connection) as asked:
        page = text(admin_client, shared_id__exact="0", event_time__gte=str(NOON - 100_000))

    assert "the filters were applied to the events since" in page
    bounds = [query["sql"].replace("`", '"').count('"event_time" >=') for query in asked]
    assert max(bounds) == 1


def test_of_two_windows_the_later_start_counts(admin_client: Client) -> None:
    now = int(timezone.now().timestamp())
    old, new = (EventFactory(event_time=now - age) for age in (5_000, 1_000))

    assert shown(admin_client, days="1", event_time__gte=str(now - 2_000)) == [new]
    assert shown(admin_client, days="1", event_time__gte="0") == [new, old]
    assert shown(admin_client, days="1", event_time__lt=str(now - 2_000)) == [old]


def test_a_window_holds_in_a_list_of_the_site_s_own(rf: RequestFactory, admin_user: User) -> None:
    class OwnList(EventAdminMixin, ModelAdmin):
        def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:  # type: ignore[override]
            return ChangeList

    now = int(timezone.now().timestamp())
    _old, new = (EventFactory(event_time=now - age) for age in (5_000, 1_000))
    request = rf.get(LIST, {"event_time__gte": str(now - 2_000), "event_time__lt": str(now)})
    request.user = admin_user

    assert list(OwnList(Event, site).get_changelist_instance(request).queryset) == [new]


def test_too_many_lost_events_are_cut_at_the_same_time_for_each_status(admin_client: Client) -> None:
    many(event_rows.MOST_OF_STATUS + 1, rejected=True)
    EventFactory(expired=True, event_time=NOON - event_rows.MOST_OF_STATUS - 1)
    newest = EventFactory(expired=True, event_time=NOON)

    page = text(admin_client, outcome="lost", shared_id__exact="0")

    assert f"the filters were applied to the events since {instant(NOON - event_rows.MOST_OF_STATUS)} only" in page
    assert f"{event_rows.MOST_OF_STATUS + 2} events" in page
    assert newest in shown(admin_client, outcome="lost")


def instant(at: int) -> str:
    return wording.instant(datetime.fromtimestamp(at, UTC))


def test_a_search_finds_an_old_event_in_spite_of_a_filter(admin_client: Client) -> None:
    old, _new = far_apart()

    assert shown(admin_client, event="Purchase", q=old.event_id) == [old]


@pytest.mark.parametrize("query", ["q", "batch__id__exact"], ids=["trace id", "link"])
def test_the_events_of_a_request_are_found_by_the_keys_that_it_kept(query: str, admin_client: Client) -> None:
    settled, sent_again = EventFactory(), EventFactory()
    batch = BatchFactory(fbtrace_id="AbCdEf123", event_pks=[settled.pk, sent_again.pk])
    Event.objects.filter(pk=settled.pk).update(batch=batch)
    Event.objects.filter(pk=sent_again.pk).update(batch=BatchFactory(lane=batch.lane))

    found = shown(admin_client, **{query: "AbCdEf123" if query == "q" else str(batch.pk)})

    assert found == [settled]


@pytest.mark.parametrize("number", ["-1", "x", "9" * 30, "²"])
def test_a_request_that_does_not_exist_has_no_events(number: str, admin_client: Client) -> None:
    EventFactory()

    assert admin_client.get(LIST, {"batch__id__exact": number}, follow=True).status_code == 200


def test_a_short_ledger_is_counted(admin_client: Client) -> None:
    EventFactory.create_batch(2)

    assert "2 events" in text(admin_client)


def test_the_banner_asks_for_a_worker_when_events_wait(admin_client: Client) -> None:
    EventFactory(due_at=timezone.now() - timedelta(minutes=12, seconds=5))

    assert "Oldest event has waited 12 minutes: is a worker running? 1 due." in text(admin_client)


def test_the_banner_says_why_a_pixel_is_paused(admin_client: Client) -> None:
    LaneFactory(paused=True)

    page = text(admin_client)

    assert "Sending for pixel main is paused. Next try " in page
    assert reverse("admin:django_capi_lane_resume", args=[PIXEL_ID]) in page
    assert "The access token has expired." in page


def test_there_is_no_banner_when_all_is_well(admin_client: Client) -> None:
    EventFactory(met=True)

    assert "capi-banner" not in text(admin_client)


def test_an_event_can_be_looked_at_but_not_made_or_changed(admin_client: Client) -> None:
    event = EventFactory()

    assert admin_client.get(reverse("admin:django_capi_event_add")).status_code == 403
    assert admin_client.post(reverse("admin:django_capi_event_change", args=[event.pk])).status_code == 403


def test_an_event_can_be_erased(admin_client: Client) -> None:
    event = EventFactory()

    admin_client.post(reverse("admin:django_capi_event_delete", args=[event.pk]), {"post": "yes"})

    assert not Event.objects.exists()


def test_the_list_needs_the_permission_to_view_events(staff: Staff) -> None:
    client = staff("view_lane")

    assert client.get(LIST).status_code == 403
