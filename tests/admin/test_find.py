"""The search of the first page leads to the one page that answers it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from django_capi.models import ConversionState, NotSent
from tests.admin.conftest import Staff
from tests.support.factories import BatchFactory, ConversionMarkFactory, EventFactory

pytestmark = pytest.mark.django_db

FIND = reverse("admin:django_capi_overview_find")
OVERVIEW = reverse("admin:django_capi_overview_changelist")
EVENTS = reverse("admin:django_capi_event_changelist")


def found(client: Client, term: str) -> str:
    response = client.get(FIND, {"q": term})
    assert response.status_code == 302
    return str(response["Location"])


def page_of(model: str, pk: int) -> str:
    return reverse(f"admin:django_capi_{model}_change", args=[pk])


def test_an_order_s_number_leads_to_its_event(admin_client: Client) -> None:
    event = EventFactory(event_id="c0ffee", object_ref="shop.order:12", accepted=True)
    ConversionMarkFactory(object_ref="shop.order:12", reference="A-100", event_id="c0ffee")
    EventFactory()

    assert found(admin_client, " A-100 ") == page_of("event", event.pk)
    assert found(admin_client, "shop.order:12") == page_of("event", event.pk)
    assert found(admin_client, "c0ffee") == page_of("event", event.pk)


@pytest.mark.parametrize("term", ["#c6ac810c", "C6AC810C", " # C6ac810c "])
def test_a_number_may_have_a_sign_before_it_and_letters_of_either_case(term: str, admin_client: Client) -> None:
    event = EventFactory(event_id="c0ffee", accepted=True)
    ConversionMarkFactory(reference="c6ac810c", event_id="c0ffee")

    assert found(admin_client, term) == page_of("event", event.pk)


@pytest.mark.parametrize("term", ["#a-100", "A-100"])
def test_a_number_that_is_stored_in_capitals_or_with_its_sign_is_found(term: str, admin_client: Client) -> None:
    stored = "#A-100" if term.startswith("#") else "A-100"
    mark = ConversionMarkFactory(reference=stored, event_id="", state=ConversionState.NOT_SENT)

    assert found(admin_client, term) == page_of("conversionmark", mark.pk)


def test_the_short_id_of_an_event_leads_to_it(admin_client: Client) -> None:
    event = EventFactory(event_id="0f15efbe2d9b4c8c", accepted=True)

    assert found(admin_client, "0f15efbe") == page_of("event", event.pk)


def test_an_order_that_was_not_sent_leads_to_its_conversion(admin_client: Client) -> None:
    mark = ConversionMarkFactory(reference="A-101", event_id="", state=ConversionState.NOT_SENT, reason=NotSent.DENIED)

    assert found(admin_client, "A-101") == page_of("conversionmark", mark.pk)


def test_several_events_lead_to_their_list(admin_client: Client) -> None:
    batch = BatchFactory(fbtrace_id="Atrace")
    EventFactory.create_batch(2, accepted=True, batch=batch)

    assert found(admin_client, "Atrace") == f"{EVENTS}?q=Atrace"


@pytest.mark.parametrize("term", ["no such order", "%", "#", "x" * 500])
def test_what_is_not_there_leads_back_with_a_message(admin_client: Client, term: str) -> None:
    EventFactory()

    answer = admin_client.get(FIND, {"q": term}, follow=True)

    assert answer.redirect_chain[0][0] == OVERVIEW
    assert f"Nothing was found for “{term[:120]}”." in [str(message) for message in answer.context["messages"]]


def test_an_empty_search_says_nothing(admin_client: Client) -> None:
    EventFactory()

    answer = admin_client.get(FIND, {"q": "  "}, follow=True)

    assert answer.redirect_chain[0][0] == OVERVIEW
    assert list(answer.context["messages"]) == []


def test_only_what_one_may_view_is_found(staff: Staff) -> None:
    EventFactory(event_id="c0ffee", object_ref="shop.order:12", accepted=True)
    mark = ConversionMarkFactory(object_ref="shop.order:12", event_id="c0ffee")

    client = staff("view_overview", "view_conversionmark")

    assert found(client, "c0ffee") == page_of("conversionmark", mark.pk)


@pytest.mark.parametrize("term", ["A-100", "c0ffee", "shop.order:12"])
def test_what_one_may_not_view_is_not_said_to_be_missing(term: str, staff: Staff) -> None:
    EventFactory(event_id="c0ffee", object_ref="shop.order:12", accepted=True)
    ConversionMarkFactory(object_ref="shop.order:12", reference="A-100", event_id="c0ffee")

    answer = staff("view_overview").get(FIND, {"q": term}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == [
        f"“{term}” was found, but your permissions do not let you see it."
    ]


def test_what_is_not_there_is_missing_for_everyone(staff: Staff) -> None:
    answer = staff("view_overview").get(FIND, {"q": "A-100"}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["Nothing was found for “A-100”."]


def test_a_character_that_no_database_takes_finds_nothing(admin_client: Client) -> None:
    assert found(admin_client, "A\0-100") == OVERVIEW


def test_the_search_needs_the_permission_of_its_page(staff: Staff) -> None:
    assert staff("view_event").get(FIND, {"q": "1"}).status_code == 403


def test_the_page_has_the_search(admin_client: Client) -> None:
    assert f'action="{FIND}"' in admin_client.get(OVERVIEW).content.decode()
