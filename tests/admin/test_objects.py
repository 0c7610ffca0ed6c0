from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from django_capi.models import ConversionState, NotSent
from tests.admin.conftest import Staff
from tests.site.models import Order
from tests.support.factories import ConversionMarkFactory, EventFactory

pytestmark = pytest.mark.django_db


def text(client: Client, order: Order) -> str:
    return client.get(reverse("admin:site_order_change", args=[order.pk])).content.decode()


@pytest.fixture
def order(db: None) -> Order:
    return Order.objects.bulk_create([Order()])[0]  # without a signal, and so without a conversion


def test_an_orders_page_leads_to_its_events(order: Order, admin_client: Client) -> None:
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}")
    event = EventFactory(accepted=True, event_id=mark.event_id)

    page = text(admin_client, order)

    assert f'<a href="{reverse("admin:django_capi_event_change", args=[event.pk])}">Server only</a>' in page
    assert reverse("admin:django_capi_conversionmark_change", args=[mark.pk]) in page


def test_the_page_has_the_styles_of_the_table(order: Order, admin_client: Client) -> None:
    assert "django_capi/admin.css" in text(admin_client, order)


def test_an_order_whose_conversion_was_not_sent_says_why(order: Order, admin_client: Client) -> None:
    ConversionMarkFactory(
        object_ref=f"site.order:{order.pk}", state=ConversionState.NOT_SENT, reason=NotSent.DENIED, event_id=""
    )

    assert "the customer declined" in text(admin_client, order)


def test_an_order_that_is_no_conversion_says_so(order: Order, admin_client: Client) -> None:
    assert "it has not become a conversion yet" in text(admin_client, order)


def test_only_staff_who_may_view_events_see_them(order: Order, staff: Staff) -> None:
    client = staff("view_order")

    page = text(client, order)

    assert "Events for Meta" not in page


def test_the_page_for_a_new_order_has_no_events(admin_client: Client) -> None:
    assert "Events for Meta" not in admin_client.get(reverse("admin:site_order_add")).content.decode()


def test_saving_the_order_in_the_admin_still_works(order: Order, admin_client: Client) -> None:
    address = reverse("admin:site_order_change", args=[order.pk])

    assert admin_client.post(address, {"status": "paid", "email": ""}).status_code == 302
    order.refresh_from_db()
    assert order.status == "paid"


@pytest.mark.parametrize("count", [1, 5])
def test_the_events_cost_two_queries(
    count: int, order: Order, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}")
    for number in range(count):
        EventFactory(event_id=mark.event_id, pixel_id=str(number))

    # Session, user, the order, and the two.
    with django_assert_num_queries(5):
        admin_client.get(reverse("admin:site_order_change", args=[order.pk]))
