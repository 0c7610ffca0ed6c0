"""The first page of the app in the admin."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.admin import wording
from django_capi.ledger import tallies
from django_capi.ledger.expiry import SHED_REASON
from django_capi.models import ConversionState, Diagnostic, Event, Lane, NotSent, Rank, Status
from django_capi.reports import diagnostics, freshness, health
from django_capi.reports.diagnostics.open import by_severity
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
TWO_PIXELS = {"PIXELS": {"main": {"PIXEL_ID": PIXEL_ID}, "eu": {"PIXEL_ID": OTHER_PIXEL}}}
PAGE = reverse("admin:django_capi_overview_changelist")


def plain(html: object) -> str:
    return re.sub(r"<.*?>", "", str(html)).strip()


def test_it_is_the_first_page_of_the_app(admin_client: Client) -> None:
    index = admin_client.get(reverse("admin:index")).context["app_list"]

    app = next(app for app in index if app["app_label"] == "django_capi")
    assert app["models"][0]["admin_url"] == PAGE


def test_each_event_name_says_by_which_channels_meta_has_it(admin_client: Client) -> None:
    EventFactory.create_batch(4, met=True)
    EventFactory.create_batch(3, accepted=True, event_name="Lead")
    EventFactory.create_batch(2, fired=True, rejected=True, event_name="Search")
    EventFactory(rejected=True, event_name="Contact")

    events = admin_client.get(PAGE).context["events"]

    said = [
        (each.name, plain(each.connection), each.browser.count, each.server.count, each.lost.count) for each in events
    ]
    assert said == [
        ("Purchase", "⇄ Both", "4", "4", "0"),
        ("Lead", "↑ Server", "0", "3", "0"),
        ("Search", "◉ Browser", "2", "0", "0"),
        ("Contact", "✕ None", "0", "0", "1"),
    ]


def test_the_freshness_is_that_of_meta_s_four_steps(admin_client: Client) -> None:
    at = int(timezone.now().timestamp()) - 100_000
    for name, delay in (("A", 5), ("B", 1800), ("C", 7201), ("D", 90_000)):
        finished_at = datetime.fromtimestamp(at + delay, UTC)
        EventFactory(accepted=True, event_name=name, event_time=at, finished_at=finished_at)
    EventFactory(event_name="E")

    events = admin_client.get(PAGE).context["events"]

    assert {event.name: (str(event.freshness), event.speed) for event in events} == {
        "A": ("Real time", "half within 10 seconds, 95 of 100 within 10 seconds"),
        "B": ("Hourly", "half within 1 hour, 95 of 100 within 1 hour"),
        "C": ("Daily", "half within 1 day, 95 of 100 within 1 day"),
        "D": ("Weekly", "half over 1 day, 95 of 100 over 1 day"),
        "E": ("—", ""),
    }


def test_a_name_was_last_seen_in_an_hour_or_on_a_day(admin_client: Client) -> None:
    now = timezone.now()
    EventFactory(event_name="Today", event_time=int(now.timestamp()))
    EventFactory(event_name="Before", event_time=int(now.timestamp()) - 3 * tallies.DAY)

    events = {event.name: event.last for event in admin_client.get(PAGE).context["events"]}

    assert re.fullmatch(r"after \S+ \d\d:00", events["Today"])
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", events["Before"])


def test_a_name_whose_events_have_stopped_is_shown_with_its_last_day_and_its_list(admin_client: Client) -> None:
    now = int(timezone.now().timestamp())
    EventFactory(met=True, event_name="Lead")
    EventFactory(met=True, event_name="Lead", event_time=now - 9 * tallies.DAY)
    stopped = EventFactory(met=True, event_name="Subscribe", event_time=now - 12 * tallies.DAY)
    EventFactory(met=True, event_name="Contact", event_time=now - 20 * tallies.DAY)
    EventFactory(met=True, event_name="Schedule", event_time=now - 40 * tallies.DAY)
    EventFactory(event_name="Search", event_time=now - 12 * tallies.DAY, test_event_code="TEST1")

    lead, subscribe, contact = admin_client.get(PAGE).context["events"]

    assert [each.name for each in (lead, subscribe, contact)] == ["Lead", "Subscribe", "Contact"]
    assert (plain(lead.connection), lead.browser.count) == ("⇄ Both", "1")
    assert plain(subscribe.connection) == "– No recent activity"
    assert (subscribe.browser.count, subscribe.server.count, subscribe.coverage, subscribe.speed) == (
        "0",
        "0",
        None,
        "",
    )
    assert subscribe.last == wording.day(datetime.fromtimestamp(stopped.event_time, UTC))
    assert listed(admin_client, subscribe.url) == {stopped.pk}


def test_a_site_whose_events_have_all_stopped_still_names_them(admin_client: Client) -> None:
    EventFactory(met=True, event_time=int(timezone.now().timestamp()) - 8 * tallies.DAY)

    context = admin_client.get(PAGE).context

    assert [plain(event.connection) for event in context["events"]] == ["– No recent activity"]
    assert context["tiles"] == []


@override_settings(CAPI=TWO_PIXELS)
def test_a_name_that_only_another_pixel_had_is_not_among_those_of_the_chosen_one(admin_client: Client) -> None:
    EventFactory(met=True, event_time=int(timezone.now().timestamp()) - 8 * tallies.DAY)

    every, other = (admin_client.get(PAGE, query).context["events"] for query in ({}, {"pixel": OTHER_PIXEL}))

    assert [event.name for event in every] == ["Purchase"]
    assert other == []


def test_a_name_with_open_diagnostics_leads_to_the_gravest(admin_client: Client) -> None:
    EventFactory.create_batch(3, event_name="Lead", rejected=True, error_reason="The currency is unknown.")
    EventFactory.create_batch(3, event_name="Lead", met=True, shared_id=True)
    EventFactory(met=True, event_name="Search")
    diagnostics.refresh()

    lead, search = admin_client.get(PAGE).context["events"]

    open_ones = by_severity(Diagnostic.objects.open().filter(event_name="Lead"))
    assert len(open_ones) > 1
    assert lead.diagnostics.count == f"{len(open_ones)} open diagnostics"
    address, _, row_id = lead.diagnostics.url.partition("#")
    assert f'id="{row_id}" data-code="{open_ones[0].code}"' in admin_client.get(address).content.decode()
    assert search.diagnostics is None


def test_diagnostics_are_not_named_to_those_who_may_not_see_them(staff: Staff) -> None:
    EventFactory.create_batch(3, rejected=True, error_reason="The currency is unknown.")
    diagnostics.refresh()

    [event] = staff("view_overview").get(PAGE).context["events"]

    assert event.diagnostics is None


def test_the_tiles_say_whether_it_works(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True)
    waiting = EventFactory(fired=True)
    EventFactory(rejected=True)
    EventFactory(withdrawn=True)
    Event.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(minutes=5))

    tiles = {tile.label: tile for tile in admin_client.get(PAGE).context["tiles"]}

    assert {label: (tile.value, tile.note) for label, tile in tiles.items()} == {
        "Browser events covered": ("75%", "have a server copy that Meta accepted. Goal: 75%"),
        "Accepted by Meta": ("75%", "3 of 4 server events, without those that wait or were withdrawn"),
        "Data freshness": ("Real time", "half within 10 seconds, 95 of 100 within 10 seconds"),
        "Waiting": ("1", "The oldest has waited: 5 minutes"),
    }
    accepted = Event.objects.filter(status=Status.ACCEPTED).values_list("pk", flat=True)
    assert listed(admin_client, tiles["Accepted by Meta"].url) == set(accepted)
    assert listed(admin_client, tiles["Waiting"].url) == {waiting.pk}
    assert admin_client.get(tiles["Data freshness"].url).status_code == 200


def test_a_tile_leads_nowhere_without_the_permission(staff: Staff) -> None:
    EventFactory(met=True)

    tiles = staff("view_overview").get(PAGE).context["tiles"]

    assert {tile.url for tile in tiles} == {""}


def test_nothing_that_was_sent_or_given_up_is_no_share(admin_client: Client) -> None:
    EventFactory(fired=True)

    tiles = {tile.label: tile for tile in admin_client.get(PAGE).context["tiles"]}

    accepted = tiles["Accepted by Meta"]
    assert (accepted.value, accepted.note, accepted.url) == (
        "—",
        "0 of 0 server events, without those that wait or were withdrawn",
        "",
    )


def test_a_paused_pixel_says_why_and_can_be_resumed(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)

    page = admin_client.get(PAGE).content.decode()
    admin_client.post(
        reverse("admin:django_capi_lane_changelist"), {"action": "resume_now", "_selected_action": str(lane.pk)}
    )

    assert "The access token has expired." in page
    assert 'value="resume_now"' in page
    assert f'name="_selected_action" value="{lane.pk}"' in page
    assert Lane.objects.get().paused_until is None
    assert "resume_now" not in admin_client.get(PAGE).content.decode()


def test_resuming_needs_its_permission(staff: Staff) -> None:
    LaneFactory(paused=True)

    page = staff("view_overview").get(PAGE).content.decode()

    assert "The access token has expired." in page
    assert "resume_now" not in page


@pytest.mark.parametrize(
    ("seen", "state"),
    [(None, "✕ no worker"), (timedelta(hours=1), "✕ no worker"), (timedelta(seconds=5), "– idle")],
    ids=["never", "an hour ago", "just now"],
)
def test_a_pixel_without_a_worker_is_not_called_idle(seen: timedelta | None, state: str, admin_client: Client) -> None:
    LaneFactory(seen_at=None if seen is None else timezone.now() - seen)

    lanes = admin_client.get(PAGE).context["lanes"]

    assert [plain(line.state) for line in lanes] == [state]


@override_settings(CAPI=TWO_PIXELS)
def test_the_figures_of_one_pixel_can_be_chosen(admin_client: Client) -> None:
    money: dict[str, object] = {"value": Decimal(20), "currency": "EUR"}
    EventFactory(event_id="to-both-pixels", accepted=True, **money)
    EventFactory(event_id="to-both-pixels", accepted=True, pixel_id=OTHER_PIXEL, **money)

    pages = [admin_client.get(PAGE, query) for query in ({}, {"pixel": OTHER_PIXEL}, {"pixel": "12"})]

    assert [page.context["tiles"][0].value for page in pages] == ["40.00 EUR", "20.00 EUR", "40.00 EUR"]
    assert [b"data-counts-of-pixels" in page.content for page in pages] == [True, False, True]
    assert b"was not understood" in pages[2].content
    assert [b"data-all-pixels" in page.content for page in pages] == [False, True, False]


@override_settings(CAPI=TWO_PIXELS)
def test_lanes_and_diagnostics_are_those_of_the_chosen_pixel(admin_client: Client) -> None:
    for pixel_id in (PIXEL_ID, OTHER_PIXEL):
        LaneFactory(pixel_id=pixel_id)
        EventFactory(pixel_id=pixel_id, rejected=True, error_reason="A Purchase has no value.")
    diagnostics.refresh()

    every, chosen = (admin_client.get(PAGE, query).context for query in ({}, {"pixel": OTHER_PIXEL}))

    assert [line.lane.pixel_id for line in every["lanes"]] == [PIXEL_ID, OTHER_PIXEL]
    assert [line.lane.pixel_id for line in chosen["lanes"]] == [OTHER_PIXEL]
    assert {line.pixel for line in every["diagnostics"]["lines"]} >= {"main", "eu"}
    assert "main" not in {line.pixel for line in chosen["diagnostics"]["lines"]}
    assert chosen["diagnostics"]["number"] == every["diagnostics"]["number"]


def test_a_pixel_is_shown_by_its_name(admin_client: Client) -> None:
    lane = LaneFactory()

    assert [line.pixel for line in admin_client.get(PAGE).context["lanes"]] == [f"main · {lane.pixel_id}"]


def test_an_outcome_of_requests_leads_to_these_requests(admin_client: Client) -> None:
    lane = LaneFactory()
    BatchFactory.create_batch(2, lane=lane, outcome="accepted")
    BatchFactory(lane=lane, outcome="ambiguous")

    counts = {fact.label: fact for fact in admin_client.get(PAGE).context["requests"]}

    assert counts["accepted"].value == "2"
    assert len(admin_client.get(counts["accepted"].url).context["cl"].result_list) == 2


def test_an_outcome_of_requests_leads_to_those_that_are_counted_only(admin_client: Client) -> None:
    lane = LaneFactory()
    BatchFactory.create_batch(3, lane=lane)
    BatchFactory(lane=lane, outcome="", finished_at=None)
    counted = BatchFactory.create_batch(health.REQUESTS - 1, lane=lane)
    opened = BatchFactory(lane=lane, outcome="", finished_at=None)

    facts = {fact.label: fact for fact in admin_client.get(PAGE).context["requests"]}

    assert (facts["accepted"].value, facts["without an answer"].value) == ("199", "1")
    assert listed(admin_client, facts["accepted"].url) == {batch.pk for batch in counted}
    assert listed(admin_client, facts["without an answer"].url) == {opened.pk}


def test_expired_and_shed_events_are_counted_with_their_lists(admin_client: Client) -> None:
    EventFactory.create_batch(2, expired=True)
    EventFactory(expired=True, error_reason=SHED_REASON, event_name="PageView")

    facts = {fact.label: fact for fact in admin_client.get(PAGE).context["facts"]}

    expired, shed = facts["Expired"], facts["of these, shed"]
    assert (expired.value, shed.value) == ("3", "1")
    assert len(admin_client.get(expired.url).context["cl"].result_list) == 3
    assert len(admin_client.get(shed.url).context["cl"].result_list) == 1


def test_events_that_are_put_off_are_told_with_their_next_try(admin_client: Client) -> None:
    next_try = timezone.now() + timedelta(minutes=45)
    event = EventFactory(rank=Rank.QUARANTINE, due_at=next_try)
    Event.objects.update(created_at=timezone.now() - timedelta(hours=2))

    facts = {fact.label: fact for fact in admin_client.get(PAGE).context["facts"]}

    assert (facts["Due to be sent"].value, facts["The oldest has waited"].value) == ("0", "2 hours")
    assert facts[f"Put off, the next until {wording.instant(next_try)}"].value == "1"
    assert listed(admin_client, facts["Waiting in this window"].url) == {event.pk}


def test_more_events_than_are_read_are_at_least_so_many(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "FIRST", 3)
    now = timezone.now()
    EventFactory.create_batch(3)
    EventFactory(event_time=int(now.timestamp()), rank=Rank.QUARANTINE, due_at=now + timedelta(minutes=45))

    facts = {fact.label: fact.value for fact in admin_client.get(PAGE).context["facts"]}

    assert (facts["Due to be sent"], facts["Waiting in this window"]) == ("≥ 3", "4")


def test_requests_are_counted_by_outcome(admin_client: Client) -> None:
    lane = LaneFactory()
    BatchFactory.create_batch(2, lane=lane)
    BatchFactory(lane=lane, outcome="throttle")
    BatchFactory(lane=lane, outcome="", finished_at=None)

    facts = admin_client.get(PAGE).context["requests"]

    counts = {fact.label: fact.value for fact in facts}
    assert counts == {"accepted": "2", "asked to send less": "1", "without an answer": "1"}


def test_the_money_that_only_the_server_reported_is_one_click_away(admin_client: Client) -> None:
    EventFactory(accepted=True, value=Decimal(40), currency="EUR")

    context = admin_client.get(PAGE).context

    assert context["tiles"][0].value == "40.00 EUR"


def test_events_lost_by_both_channels_are_said(admin_client: Client) -> None:
    EventFactory.create_batch(3, rejected=True)

    assert (
        "3 events reached Meta by neither channel, as far as this site knows."
        in admin_client.get(PAGE).content.decode()
    )


def test_lost_conversions_are_said_and_no_name_of_theirs_is_good(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    lost = ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.NO_PIXEL, event_id="")

    context = admin_client.get(PAGE).context

    [[sentence]] = context["losses"]
    assert sentence.text == "1 conversion was never sent: it was found too late for Meta, or belongs to no pixel."
    assert listed(admin_client, sentence.url) == {lost.pk}
    assert [plain(event.coverage.pill) for event in context["events"]] == ["▲ Events lost"]


def test_a_new_site_is_told_what_to_do(admin_client: Client) -> None:
    assert "No events yet." in admin_client.get(PAGE).content.decode()


def test_a_site_whose_events_are_deleted_is_not_new(admin_client: Client) -> None:
    EventFactory(met=True, event_time=int(timezone.now().timestamp()) - 5 * tallies.DAY)
    admin_client.get(PAGE)
    tallies.remove(Event.objects.all())

    page = admin_client.get(PAGE).content.decode()

    assert "The events of this window have been deleted." in page
    assert "No events yet." not in page


def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}

    assert "nothing is sent to Meta" in admin_client.get(PAGE).content.decode()


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        EventFactory(met=True, event_name=f"Custom{index}")
        BatchFactory(lane=LaneFactory(pixel_id=f"{index + 1:016d}"))
    tallies.refresh()
    diagnostics.refresh()

    # Session, user, how far the tallies have come, whether to refresh the diagnostics, two for the banner, sums,
    # the open diagnostics, conversions that were not sent: two, what is deleted, days, hours, the weeks before, lanes,
    # requests.
    with django_assert_num_queries(16):
        admin_client.get(PAGE)


def test_the_page_needs_its_permission(staff: Staff) -> None:
    assert staff("view_event", "view_deduplication").get(PAGE).status_code == 403


def test_nothing_is_inline(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    LaneFactory(paused=True)

    page = admin_client.get(PAGE).content.decode()

    content = page.partition('id="content"')[2].partition('id="footer"')[0]
    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)


def listed(client: Client, url: str) -> set[int]:
    return set(client.get(url).context["cl"].queryset.values_list("pk", flat=True))


def test_the_money_of_each_currency_links_to_exactly_its_events(admin_client: Client) -> None:
    euros = EventFactory.create_batch(2, accepted=True, value=Decimal(10), currency="EUR")
    francs = EventFactory(accepted=True, value=Decimal(7), currency="CHF")
    EventFactory(accepted=True)
    EventFactory(met=True, value=Decimal(5), currency="EUR")

    tiles = {tile.value: tile.url for tile in admin_client.get(PAGE).context["tiles"]}

    assert listed(admin_client, tiles["20.00 EUR"]) == {event.pk for event in euros}
    assert listed(admin_client, tiles["7.00 CHF"]) == {francs.pk}


def test_each_channel_links_to_exactly_its_copies(admin_client: Client) -> None:
    both, by_server, by_browser = EventFactory(met=True), EventFactory(accepted=True), EventFactory(fired=True)
    EventFactory(event_name="Lead", met=True)

    purchases = next(line for line in admin_client.get(PAGE).context["events"] if line.name == "Purchase")

    assert listed(admin_client, purchases.browser.url) == {both.pk, by_browser.pk}
    assert listed(admin_client, purchases.server.url) == {both.pk, by_server.pk}


def test_what_is_lost_links_to_exactly_its_events(admin_client: Client) -> None:
    lost = EventFactory(rejected=True)
    withdrawn = EventFactory(withdrawn=True)
    EventFactory(met=True)

    context = admin_client.get(PAGE).context
    [purchases] = context["events"]

    [[sentence]] = context["losses"]
    assert listed(admin_client, sentence.url) == {lost.pk}
    assert purchases.lost.count == "2"
    assert listed(admin_client, purchases.lost.url) == {lost.pk, withdrawn.pk}
