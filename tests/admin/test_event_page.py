from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from django_capi.admin import wording
from django_capi.consent import Consent
from django_capi.models import Event, Origin, Rank
from tests.admin.conftest import Staff
from tests.support.factories import BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory, match_keys

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


def address(event: Event) -> str:
    return reverse("admin:django_capi_event_change", args=[event.pk])


def text(client: Client, event: Event) -> str:
    return client.get(address(event)).content.decode()


SOON = timezone.now() + timedelta(hours=1)
LONG_AGO = timezone.now() - timedelta(minutes=20)
DAYS = timedelta(days=3)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        pytest.param({"met": True}, "Meta can keep one and drop the other", id="both copies"),
        pytest.param(
            {"accepted": True, "blocked": True}, "without the server copy this event would be lost", id="blocked"
        ),
        pytest.param({"accepted": True}, "never reported its browser copy", id="no receipt for a page"),
        pytest.param({"accepted": True, "origin": Origin.CONVERSION}, "No page reported a browser copy", id="webhook"),
        pytest.param({}, "the next delivery takes it", id="just stored"),
        pytest.param({"due_at": SOON}, "is to be sent at", id="not due yet"),
        pytest.param({"due_at": SOON, "rank": Rank.QUARANTINE}, "alone once an hour", id="quarantined"),
        pytest.param({"due_at": LONG_AGO}, "Start a Celery worker", id="waits too long"),
        pytest.param({"consent": Consent.UNKNOWN}, "there was no consent", id="no consent"),
        pytest.param({"rejected": True}, "Meta refused the server copy (100 / 2804019)", id="refused by Meta"),
        pytest.param(
            {"rejected": True, "attempts": 0}, "was not sent, because Meta would refuse it", id="refused by us"
        ),
        pytest.param({"expired": True}, "was not delivered before its deadline", id="expired"),
        pytest.param({"withdrawn": True}, "withdrew consent", id="withdrawn"),
        pytest.param({"in_doubt": True}, "it is not known whether it arrived", id="in doubt"),
        pytest.param({"met": True, "browser_at": LONG_AGO - DAYS}, "after the page had reported", id="server late"),
        pytest.param({"met": True, "browser_at": LONG_AGO + DAYS}, "after Meta had accepted", id="browser late"),
        pytest.param({"met": True, "shared_id": True}, "different visitors", id="shared id"),
    ],
)
def test_one_sentence_says_what_happened(made: dict[str, object], sentence: str, admin_client: Client) -> None:
    event = EventFactory(**made)

    assert sentence in text(admin_client, event)


def test_a_waiting_event_of_a_paused_pixel_says_why(admin_client: Client) -> None:
    LaneFactory(paused=True)
    event = EventFactory()

    page = text(admin_client, event)

    assert "sending for this pixel is paused until" in page
    assert "Resume now" in page


@pytest.mark.parametrize("made", [{}, {"paused": True}], ids=["delivery runs", "its pixel is paused for less long"])
def test_an_event_in_quarantine_names_its_next_try(made: dict[str, object], admin_client: Client) -> None:
    LaneFactory(**made)
    event = EventFactory(rank=Rank.QUARANTINE, due_at=SOON)

    assert f"It is sent again at {wording.instant(SOON)}." in text(admin_client, event)


def test_both_copies_stand_side_by_side(admin_client: Client) -> None:
    event = EventFactory(met=True, browser_count=3, batch=BatchFactory(fbtrace_id="AbCdEf123"))

    page = text(admin_client, event)

    for word in ("Server copy", "Browser copy", "HTTP 200 · accepted", "AbCdEf123", "Do the keys agree?"):
        assert word in page


def test_a_conversion_whose_copy_was_rendered_and_never_reported_says_so(admin_client: Client) -> None:
    mark = ConversionMarkFactory(object_ref="site.order:12", shown_at=timezone.now(), reference="R-4711")
    event = EventFactory(accepted=True, origin=Origin.CONVERSION, object_ref="site.order:12", event_id=mark.event_id)

    page = text(admin_client, event)

    assert "A page rendered the browser copy at" in page
    assert "stopped the script of {% capi_pixel %} or its report" in page
    assert "R-4711" in page
    assert reverse("admin:django_capi_conversionmark_change", args=[mark.pk]) in page


def test_a_conversion_whose_copy_no_page_rendered_says_so(admin_client: Client) -> None:
    mark = ConversionMarkFactory(object_ref="site.order:12")
    event = EventFactory(accepted=True, origin=Origin.CONVERSION, object_ref="site.order:12", event_id=mark.event_id)

    assert "No page rendered the browser copy" in text(admin_client, event)


@pytest.mark.parametrize(
    ("trace", "is_sent"), [("", False), ("AbCdEf123", True)], ids=["console", "sent before the setting changed"]
)
def test_what_the_console_took_was_not_sent(trace: str, is_sent: bool, admin_client: Client) -> None:
    event = EventFactory(met=True, batch=BatchFactory(fbtrace_id=trace))

    with override_settings(CAPI={"PIXEL_ID": "1234567890123456", "SENDER": "console"}):
        page = text(admin_client, event)

    assert ("Nothing was sent to Meta" in page) is not is_sent


def test_a_rejected_event_shows_metas_answer(admin_client: Client) -> None:
    pruned = EventFactory(rejected=True)
    known = EventFactory(rejected=True, batch=BatchFactory(http_status=400, outcome="event", fbtrace_id="AbCdEf123"))

    assert "<dt>Meta&#x27;s answer</dt><dd><bdi>100 / 2804019</bdi>" in text(admin_client, pruned)
    assert "AbCdEf123" in text(admin_client, known)


def test_near_misses_are_explained_and_linked(admin_client: Client) -> None:
    now = int(timezone.now().timestamp())
    visitor = {"server_fbp": "9a1f2c3d4e5f6071", "event_time": now}
    event = EventFactory(accepted=True, **visitor)
    renamed = EventFactory(event_id=event.event_id, event_name="purchase_done")
    other_half = EventFactory(rejected=True, fired=True, **{**visitor, "event_time": now + 3})
    EventFactory(accepted=True, server_fbp="another visitor1", event_time=now)
    EventFactory(accepted=True, **{**visitor, "event_time": now - 3600})

    misses = admin_client.get(address(event)).context["capi_near_misses"]

    assert [miss["url"] for miss in misses] == [address(renamed), address(other_half)]
    assert "another event name, purchase_done" in misses[0]["meaning"]
    assert "3 seconds apart: one has only its server copy" in misses[1]["meaning"]


def test_two_page_views_in_a_row_are_no_near_miss(admin_client: Client) -> None:
    visitor = {"event_name": "PageView", "server_fbp": "9a1f2c3d4e5f6071"}
    event = EventFactory(accepted=True, **visitor)
    EventFactory(accepted=True, **visitor)

    assert admin_client.get(address(event)).context["capi_near_misses"] == []


@pytest.mark.parametrize(
    ("server", "browser", "word"),
    [
        pytest.param("aa", "aa", "same", id="same"),
        pytest.param("aa", "bb", "different", id="different"),
        pytest.param("aa", "", "in one copy only", id="one copy"),
        pytest.param("", "", "in neither", id="neither"),
    ],
)
def test_the_keys_are_compared(server: str, browser: str, word: str, admin_client: Client) -> None:
    event = EventFactory(met=True, server_external_id=server, browser_external_id=browser)

    agreement = admin_client.get(address(event)).context["capi_agreements"][2]

    assert agreement.term == "External ID"
    assert word in agreement.verdict


EUROS = {"value": Decimal(20), "currency": "EUR"}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        pytest.param({"browser_value": Decimal("19.9"), "browser_currency": "EUR"}, "said 19.90 EUR", id="value"),
        pytest.param({"browser_value": Decimal(20), "browser_currency": "USD"}, "said 20.00 USD", id="currency"),
        pytest.param({"browser_value": Decimal("19.9")}, "said 19.9.", id="without its currency"),
        pytest.param({"browser_currency": "USD"}, "said USD.", id="without its value"),
        pytest.param({"browser_value": Decimal(20), "browser_currency": "EUR"}, "", id="the same"),
        pytest.param({}, "", id="not said"),
    ],
)
def test_values_that_differ_are_shown_with_a_sentence(
    said: dict[str, object], sentence: str, admin_client: Client
) -> None:
    event = EventFactory(met=True, **EUROS, **said)

    notes = admin_client.get(address(event)).context["capi_notes"]

    words = [strip_tags(note).replace("\u00a0", " ") for note in notes]
    assert len(words) == bool(sentence)
    assert all(note.startswith("The server copy says 20.00 EUR, and the browser copy") for note in words)
    assert all(sentence in note for note in words)


@pytest.mark.parametrize(
    ("custom_data", "shown"),
    [
        pytest.param({"value": 20.5}, ["20.5"], id="value"),
        pytest.param({"currency": "EUR"}, ["EUR"], id="currency"),
        pytest.param({"value": 20, "currency": "EUR"}, ["20.00\u00a0EUR"], id="both"),
        pytest.param({"value": True, "currency": 3}, [], id="neither in a form that is known"),
        pytest.param(None, [], id="nothing"),
        pytest.param([], [], id="no object"),
    ],
)
def test_what_is_known_of_the_value_is_shown(custom_data: object, shown: list[str], admin_client: Client) -> None:
    event = EventFactory(rejected=True, attempts=0, payload=json.dumps({"custom_data": custom_data}))

    page = admin_client.get(address(event))

    assert [fact.value for fact in page.context["capi_server"] if fact.term == "Value"] == shown


def test_values_are_not_compared_before_both_copies_are_there(admin_client: Client) -> None:
    event = EventFactory(fired=True, **EUROS, browser_value=Decimal(5), browser_currency="EUR")

    page = admin_client.get(address(event))

    assert page.context["capi_notes"] == []
    assert [fact.value for fact in page.context["capi_browser"] if fact.term == "Value"] == ["5.00\u00a0EUR"]
    assert [fact.value for fact in page.context["capi_server"] if fact.term == "Value"] == ["20.00\u00a0EUR"]


def test_an_event_without_a_receipt_has_nothing_to_compare(admin_client: Client) -> None:
    event = EventFactory(accepted=True)

    assert "there is nothing to compare" in text(admin_client, event)


@pytest.mark.parametrize(
    ("key", "meant"),
    [("lastName", "ln"), ("phone_number", "ph"), ("postal_code", "zp"), ("dob", "db"), ("emailAddress", "em"),
     ("frist_name", "fn"), ("user_agent", "client_user_agent"), ("Zip", "zp")],
)  # fmt: skip
def test_a_key_that_is_not_metas_is_explained_by_the_right_one(admin_client: Client, key: str, meant: str) -> None:
    event = EventFactory(left_out=f"{key}:unknown_key")

    context = admin_client.get(address(event)).context

    assert [entry.why for entry in context["capi_left_out"]] == [f"Meta has no such key here; use {meant}"]


@pytest.mark.parametrize("key", ["click_id", "contents.colour", "?"])
def test_a_key_that_resembles_none_of_metas_has_no_hint(admin_client: Client, key: str) -> None:
    event = EventFactory(left_out=f"{key}:unknown_key")

    context = admin_client.get(address(event)).context

    assert [entry.why for entry in context["capi_left_out"]] == ["Meta has no such key here"]


def test_match_keys_are_ticked_or_absent_and_left_out_ones_say_why(admin_client: Client) -> None:
    event = EventFactory(match_keys=match_keys("em", "fbp"), left_out="ph:phone_needs_country zp:someday")

    context = admin_client.get(address(event)).context

    assert context["capi_carried"] == ["em", "fbp"]
    assert {"ph", "zp", "em"}.isdisjoint(context["capi_absent"])
    assert [(entry.key, entry.why) for entry in context["capi_left_out"]] == [
        ("ph", "a national number whose country is not known (or phonenumbers is not installed)"),
        ("zp", "someday"),
    ]


def test_unanswered_attempts_are_told(admin_client: Client) -> None:
    event = EventFactory(in_doubt=True, attempts=3, ambiguous=2)

    assert "3, of which 2 without an answer" in text(admin_client, event)


def test_an_open_request_has_no_answer_yet(admin_client: Client) -> None:
    batch = BatchFactory(http_status=None, finished_at=None, outcome="", fbtrace_id="")
    event = EventFactory(batch=batch, attempts=1)

    assert "none yet" in text(admin_client, event)


def test_a_pruned_request_does_not_break_the_page(admin_client: Client) -> None:
    event = EventFactory(met=True, batch_id=987654)

    assert admin_client.get(address(event)).status_code == 200


def test_the_payload_is_printed_readably(admin_client: Client) -> None:
    event = EventFactory(payload='{"event_name":"Purchase","custom_data":{"value":12.5}}')

    assert "&quot;value&quot;: 12.5\n" in text(admin_client, event)


def test_a_payload_that_cannot_be_read_is_printed_as_it_is(admin_client: Client) -> None:
    event = EventFactory(payload="not JSON")

    assert "not JSON" in text(admin_client, event)


def test_a_removed_payload_is_said_to_be_removed(admin_client: Client) -> None:
    event = EventFactory(met=True, payload="")

    assert "The payload has been removed." in text(admin_client, event)


def test_the_answer_to_a_test_is_printed_as_it_came_for_those_who_may_see_payloads(staff: Staff) -> None:
    answer = '{"error":{"message":"<b>Invalid</b>","fbtrace_id":"AbC"}}'
    batch = BatchFactory(test_event_code="TEST1", answer_text=answer)
    event = EventFactory(rejected=True, test_event_code="TEST1", batch=batch)
    client = staff("view_event", "view_batch")
    request = reverse("admin:django_capi_batch_change", args=[batch.pk])

    assert "Invalid" not in text(client, event)
    assert "TEST1" in client.get(request).content.decode()
    assert "Invalid" not in client.get(request).content.decode()

    user = User.objects.get()
    user.user_permissions.add(Permission.objects.get(codename="view_payload"))
    for page in (text(client, event), client.get(request).content.decode()):
        assert "&quot;message&quot;: &quot;&lt;b&gt;Invalid&lt;/b&gt;&quot;" in page
        assert "Meta's answer, as it came" in unescape(page)


def test_a_request_that_is_no_test_has_no_such_line(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:django_capi_batch_change", args=[BatchFactory().pk])).content.decode()

    assert "as it came" not in page
    assert "Test code" not in page


def test_the_payload_needs_its_own_permission(staff: Staff) -> None:
    event = EventFactory(payload='{"em":"hash-of-somebody"}')
    client = staff("view_event")

    page = text(client, event)

    assert "hash-of-somebody" not in page
    assert "Payload" not in page


def test_the_payload_is_shown_to_those_who_may_see_it(staff: Staff) -> None:
    event = EventFactory(payload='{"em":"hash-of-somebody"}')
    client = staff("view_event", "view_payload")

    assert "hash-of-somebody" in text(client, event)


def test_the_request_is_linked_only_for_those_who_may_follow(staff: Staff) -> None:
    batch = BatchFactory()
    event = EventFactory(met=True, batch=batch)
    client = staff("view_event")

    assert reverse("admin:django_capi_batch_change", args=[batch.pk]) not in text(client, event)


def test_hostile_values_are_text(admin_client: Client) -> None:
    event = EventFactory(
        met=True,
        event_name=HOSTILE,
        event_id=HOSTILE,
        object_ref=HOSTILE,
        error_reason=HOSTILE,
        left_out=f"{HOSTILE}:x",
        payload=HOSTILE,
        batch=BatchFactory(outcome="<b>x</b>", fbtrace_id=HOSTILE),
    )

    page = text(admin_client, event)

    assert HOSTILE not in page
    assert "<b>x</b>" not in page


def test_the_page_costs_the_same_number_of_queries(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    event = EventFactory(met=True, batch=BatchFactory(), page="/page/")

    # Session, user, the event, two for the banner, its request, two for near misses, the open diagnostics, and the
    # other pixels of its page.
    with django_assert_num_queries(10):
        admin_client.get(address(event))


def test_an_event_that_is_gone_leads_back(admin_client: Client) -> None:
    response = admin_client.get(reverse("admin:django_capi_event_change", args=[987654]))

    assert response.status_code == 302
