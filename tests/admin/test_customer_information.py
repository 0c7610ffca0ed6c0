"""The page of customer information: its shares, their links to events, and the reasons of gaps."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.admin.customer_information import LABELS, ONLY, KeyLine
from django_capi.admin.gaps import SENTENCES
from django_capi.ledger import tallies
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.meta.left_out import Reason
from django_capi.models import MATCH_KEYS
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, EventFactory, match_keys

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_customerinformation_changelist")
LIST = reverse("admin:django_capi_event_changelist")
OTHER_PIXEL = "9876543210987654"
TWO_PIXELS = {"PIXELS": {"main": {"PIXEL_ID": PIXEL_ID}, "eu": {"PIXEL_ID": OTHER_PIXEL}}}
HOSTILE = "<script>alert(1)</script>"


def add(number: int, *keys: str, days: int = 0, **made: object) -> None:
    at = int((timezone.now() - timedelta(days=days, minutes=1)).timestamp())
    state = {} if {"rejected", "withdrawn", "expired"} & made.keys() else {"accepted": True}
    EventFactory.create_batch(number, match_keys=match_keys(*keys), event_time=at, **state, **made)


def lines(client: Client, **query: str) -> dict[str, KeyLine]:
    return {line.key: line for line in client.get(PAGE, query).context["lines"]}


def words(html: object) -> str:
    return re.sub(r"<.*?>", "", str(html)).strip()


def listed(client: Client, url: str) -> int:
    response = client.get(url)
    assert response.status_code == 200
    return len(response.context["cl"].result_list)


def test_each_key_has_its_share_of_the_accepted_events(admin_client: Client) -> None:
    add(3, "em", "fbp")
    add(1, "fbp")
    add(2, "em", rejected=True)
    add(1, "ph", test_event_code="TEST1")

    found = lines(admin_client)

    assert list(found)[:5] == ["em", "ph", "external_id", "fbc", "fbp"]
    assert set(found) == set(MATCH_KEYS)
    assert [(found[key].share, found[key].carrying.count, found[key].lacking.count) for key in ("em", "fbp", "ph")] == [
        ("75%", "3", "1"),
        ("100%", "4", "0"),
        ("0%", "0", "4"),
    ]


def test_the_page_says_that_it_has_no_score(admin_client: Client) -> None:
    add(1, "em")

    page = admin_client.get(PAGE).content.decode()

    assert "Match quality is computed by Meta" in page
    assert f"https://business.facebook.com/events_manager2/list/dataset/{PIXEL_ID}" in page


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (8, 20, "▲ Up from 40%"),
        (20, 8, "▼ Down from 100%"),
        (8, 8, "→ Steady"),
    ],
    ids=["more", "fewer", "as many"],
)  # fmt: skip
def test_a_share_is_compared_with_the_window_before(before: int, now: int, said: str, admin_client: Client) -> None:
    for with_email, days in ((before, 9), (now, 1)):
        add(with_email, "em", "fbp", days=days)
        add(20 - with_email, "fbp", days=days)

    found = lines(admin_client, days="7")

    assert words(found["em"].trend) == said
    assert words(found["fbp"].trend) == "→ Steady"


def test_a_few_events_are_not_compared(admin_client: Client) -> None:
    add(20, "em")
    add(19, "fbp", days=9)

    assert words(lines(admin_client)["em"].trend) == "· Too few to compare"


def test_a_key_that_few_can_carry_says_so(admin_client: Client) -> None:
    add(1, "fbp")

    page = admin_client.get(PAGE).content.decode()

    assert "only of signed-in customers" in page
    assert "only of visitors who came from an advert" in page


def test_the_line_has_a_point_for_each_day_with_events(admin_client: Client) -> None:
    add(1, "em", days=5)
    add(1, "fbp", days=3)
    add(1, "em", "fbp", days=1)

    response = admin_client.get(PAGE)

    found = {line.key: line for line in response.context["lines"]}
    assert "over time: 100%, 0%, 100%" in found["em"].line
    assert len(re.findall(r"[\d.]+,[\d.]+", found["em"].line.partition("points=")[2].partition(">")[0])) == 3
    assert found["ph"].line == ""
    steps = response.context["steps"]
    assert response.context["carried"] == ["em", "fbp"]
    assert [tuple(link.count for link in (step.events, *step.shares)) for step in steps] == [
        ("1", "100%", "100%"),
        ("1", "0%", "100%"),
        ("1", "100%", "0%"),
    ]


def test_a_day_is_shown_by_hours(admin_client: Client) -> None:
    add(1, "em")

    response = admin_client.get(PAGE, {"days": "1"})

    assert response.context["is_hourly"]
    assert ">By hour</th>" in response.content.decode()


@override_settings(CAPI=TWO_PIXELS)
@pytest.mark.parametrize(
    "query",
    [{}, {"event": "Lead"}, {"pixel": PIXEL_ID}, {"days": "30"}, {"from": "today", "to": "today"}],
    ids=["a week", "one event", "one pixel", "a month", "today"],
)
def test_every_figure_leads_to_exactly_its_events(query: dict[str, str], admin_client: Client) -> None:
    noon = int(timezone.make_aware(datetime.combine(timezone.localdate(), time(12))).timestamp())
    for days in (0, 2, 9):
        made = {"event_time": noon - days * DAY}
        EventFactory.create_batch(2, accepted=True, match_keys=match_keys("em", "fbp"), **made)
        EventFactory(accepted=True, match_keys=match_keys("fbp"), left_out="ph:phone_length em:placeholder", **made)
        EventFactory(
            accepted=True, event_name="Lead", match_keys=match_keys("madid"), left_out="em:placeholder", **made
        )
        EventFactory(accepted=True, pixel_id=OTHER_PIXEL, match_keys=match_keys("em"), **made)
        EventFactory(rejected=True, match_keys=match_keys("ct", "client_user_agent"), **made)
        EventFactory(rejected=True, event_name="Lead", match_keys=match_keys("db"), **made)
        EventFactory(rejected=True, match_keys=match_keys("db", "em"), **made)
        EventFactory(accepted=True, match_keys=match_keys("em"), test_event_code="TEST1", **made)
    today = timezone.localdate().isoformat()

    context = admin_client.get(PAGE, {key: value.replace("today", today) for key, value in query.items()}).context

    links = [
        context["accepted"],
        context["weak"],
        *(link for line in context["lines"] for link in (line.carrying, line.lacking)),
        *(step.events for step in context["steps"]),
        *(gap.link for gap in context["gaps"]),
    ]
    followed = [link for link in links if link.url]
    assert len(followed) > 10
    assert [str(listed(admin_client, link.url)) for link in followed] == [link.count for link in followed]


def test_the_shares_of_a_day_lead_to_the_events_that_carry_the_key(admin_client: Client) -> None:
    add(2, "em")
    add(2, "fbp")
    add(1, "em", days=1)

    steps = admin_client.get(PAGE).context["steps"]

    today = steps[0].shares
    assert [link.count for link in today] == ["50%", "50%"]
    assert [listed(admin_client, link.url) for link in today] == [2, 2]


def test_the_reasons_of_gaps_are_sentences(admin_client: Client) -> None:
    add(2, left_out="ph:phone_needs_country phone_nubmer:unknown_key")
    add(1, left_out="client_ip_address:not_public currency:unknown_currency something:unknown_key email:personal")
    add(1, left_out="user_data:raised custom_data:raised")

    response = admin_client.get(PAGE)

    assert [(gap.link.count, gap.key, str(gap.reason)) for gap in response.context["gaps"]] == [
        ("2", "ph", "The number is a national one, and its country is not known, or phonenumbers is not installed."),
        ("2", "ph", "“phone_nubmer” is not a name that is accepted here: use the name of the key."),
        ("1", "client_ip_address", str(SENTENCES[Reason.NOT_PUBLIC])),
        ("1", "user_data", "The user_data() of a Conversion raised an error, which the log names."),
    ]
    assert "Reasons are read from the newest" not in response.content.decode()


def test_every_reason_about_a_customer_key_has_a_sentence() -> None:
    others = {
        Reason.UNKNOWN_KEY, Reason.UNKNOWN_CURRENCY, Reason.CURRENCY_CONFLICT, Reason.INCOMPLETE, Reason.PERSONAL,
        Reason.RESERVED,
    }  # fmt: skip

    assert SENTENCES.keys() == set(Reason) - others


def test_every_match_key_has_a_name_in_the_admin() -> None:
    assert LABELS.keys() == set(MATCH_KEYS)
    assert ONLY.keys() <= LABELS.keys()


def test_weak_combinations_are_counted_and_explained(admin_client: Client) -> None:
    add(2, "ct", "country", "client_user_agent", rejected=True)
    add(1, "fn", "ge", rejected=True)
    add(1, "fn", "ge")
    add(3, "em", "ge", rejected=True)
    add(1, "fbp")

    response = admin_client.get(PAGE)

    page = response.content.decode()
    assert response.context["weak"].count == "3"
    assert listed(admin_client, response.context["weak"].url) == 3
    assert "3 events were rejected with only weak combinations of keys." in page
    assert "db + client_user_agent" in page


def test_without_weak_combinations_there_is_no_banner_of_them(admin_client: Client) -> None:
    add(1, "em")

    assert "weak combination of keys" not in admin_client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("made", "title"),
    [
        pytest.param([], "No events yet.", id="new"),
        pytest.param([{"accepted": True, "event_time": 1_700_000_000}], "No events in this window.", id="quiet"),
        pytest.param([{"fired": True}], "Events wait to be sent, but no worker has ever run.", id="no worker"),
        pytest.param([{"rejected": True}], "Events are stored, but no copy of any has reached Meta.", id="rejected"),
        pytest.param([{"met": True, "test_event_code": "TEST1"}], "There are only test events", id="only test events"),
    ],
)
def test_an_empty_page_says_what_to_do(made: list[dict[str, object]], title: str, admin_client: Client) -> None:
    for event in made:
        EventFactory(**event)

    page = admin_client.get(PAGE).content.decode()

    assert title in page
    assert "data-key" not in page


def test_server_events_without_receipts_are_shown_as_any_others(admin_client: Client) -> None:
    add(1, "em")

    response = admin_client.get(PAGE)

    assert response.context["empty"] is None
    assert 'data-key="em"' in response.content.decode()


def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}

    assert "nothing is sent to Meta" in admin_client.get(PAGE).content.decode()


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        keys = match_keys(*MATCH_KEYS[: index % 20])
        EventFactory(accepted=True, event_name=f"Custom{index}", match_keys=keys, left_out=f"key{index}:empty")
    tallies.refresh()

    # Session, user, how far the tallies have come, two for the banner, keys of both windows, what is deleted,
    # reasons: two.
    with django_assert_num_queries(10):
        admin_client.get(PAGE)


def test_it_is_in_the_index_for_those_who_may_see_it(staff: Staff) -> None:
    client = staff("view_customerinformation")

    assert PAGE in client.get(reverse("admin:index")).content.decode()
    assert client.get(PAGE).status_code == 200


def test_the_page_needs_its_permission(staff: Staff) -> None:
    assert staff("view_event", "view_deduplication").get(PAGE).status_code == 403


def test_visitors_are_sent_to_the_sign_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize("part", ["add", "change", "delete", "history"])
def test_no_event_can_be_opened_through_the_page(part: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_capi_customerinformation_{part}", args=[1] if part != "add" else [])


def test_nothing_is_inline_and_hostile_names_are_text(admin_client: Client) -> None:
    add(20, "em", event_name=HOSTILE, left_out=f"{HOSTILE}:empty")

    content = admin_client.get(PAGE, {"event": HOSTILE}).content.decode()

    content = content.partition('id="content"')[2].partition('id="footer"')[0]
    assert "&lt;script&gt;" in content
    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)


def test_numbers_follow_the_reader_s_language(admin_client: Client) -> None:
    add(2, "em")
    add(1, "fbp")

    with translation.override("de"):
        assert lines(admin_client)["em"].share == "66,6\u00a0%"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"carries": "em"}, 3),
        ({"lacks": "em"}, 1),
        ({"carries": "em", "lacks": "fbp"}, 2),
        ({"carries": "madid"}, 0),
        ({"carries": "nonsense"}, 4),
        ({"carries": "em", "days": "7"}, 2),
        ({"carries": "em", "event_time__gte": "0"}, 3),
        ({"family": "1"}, 1),
        ({"family": "77"}, 4),
        ({"page": "/cart/"}, 1),
        ({"page": ""}, 3),
        ({"keys": "weak"}, 0),
        ({"left_out": "em:empty"}, 1),
    ],
)
def test_the_list_is_filtered_by_keys_and_places(query: dict[str, str], count: int, admin_client: Client) -> None:
    add(1, "em", "fbp", page="/cart/", browser_family=1)
    add(1, "em", left_out="item:empty")
    add(1, "fbp", left_out="ph:empty em:empty")
    add(1, "em", days=31)

    assert listed(admin_client, f"{LIST}?{'&'.join(f'{name}={value}' for name, value in query.items())}") == count


def test_a_list_within_a_window_is_in_the_order_of_the_events(admin_client: Client) -> None:
    for name, days in (("B", 2), ("A", 1), ("C", 3)):
        add(1, "em", days=days, event_name=name)

    within = admin_client.get(LIST, {"carries": "em", "days": "7"}).context["cl"].result_list
    everything = admin_client.get(LIST).context["cl"].result_list

    assert [event.event_name for event in within] == ["A", "B", "C"]
    assert [event.event_name for event in everything] == ["C", "A", "B"]


def test_a_filter_by_key_offers_the_key_of_a_link(admin_client: Client) -> None:
    specs = admin_client.get(LIST, {"carries": "madid"}).context["cl"].filter_specs

    carries = next(spec for spec in specs if str(spec.title) == "key carried")
    assert ("madid", "madid") in carries.lookup_choices


def test_filters_that_only_links_set_are_hidden_otherwise(admin_client: Client) -> None:
    plain = admin_client.get(LIST).context["cl"].filter_specs
    used = admin_client.get(LIST, {"page": "/cart/", "left_out": "em:empty", "keys": "weak"}).context["cl"].filter_specs

    hidden = {"page", "left out", "combination of keys"}
    assert not hidden & {str(spec.title) for spec in plain}
    assert hidden <= {str(spec.title) for spec in used}


def test_a_window_of_two_days_is_compared_with_the_two_days_before(admin_client: Client) -> None:
    start = int(timezone.make_aware(datetime(2026, 9, 20)).timestamp())
    for hours, keys in ((0, ["em"]), (47, ["em"]), (-1, ["fbp"]), (-48, ["fbp"]), (-49, ["em"])):
        EventFactory.create_batch(20, accepted=True, event_time=start + hours * HOUR + 60, match_keys=match_keys(*keys))

    found = lines(admin_client, **{"from": "2026-09-20", "to": "2026-09-21"})

    assert (found["em"].share, words(found["em"].trend)) == ("100%", "▲ Up from 0%")
