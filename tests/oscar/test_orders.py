"""What becomes of Oscar's orders without a look at the page: staff, other statuses, goods that are not shipped."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from oscar.core.loading import get_model
from oscar.test.factories import create_product

from django_capi.models import Event
from django_capi.testing import tracked
from tests.oscar import samples

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # Oscar's and its dependencies' own
    pytest.mark.filterwarnings("error:::django_capi"),
]


@pytest.fixture(autouse=True)
def _shop(transactional_db: None) -> None:
    samples.open_shop()


def buy(visitor: Client, *products: Any) -> Any:
    """Oscar's checkout as a guest, form by form."""
    for product in products:
        visitor.post(f"/basket/add/{product.pk}/", {"quantity": 1})
    visitor.post("/checkout/", {"username": samples.EMAIL, "options": "anonymous"})
    visitor.post("/checkout/shipping-address/", {**samples.ADDRESS, "country": "GB"})
    visitor.get("/checkout/shipping-method/")
    visitor.post("/checkout/preview/", {"action": "place_order"})
    return get_model("order", "Order").objects.get()


def test_what_staff_do_to_an_order_later_sends_nothing_more(visitor: Client) -> None:
    order = buy(visitor, *samples.products(samples.BASKET))

    order.set_status("Being processed")
    type(order).objects.update(status="Complete")
    order.refresh_from_db()
    order.save()

    assert Event.objects.filter(event_name="Purchase").count() == 1


def test_goods_that_are_not_shipped_need_no_address(visitor: Client) -> None:
    download = get_model("catalogue", "ProductClass").objects.create(name="Download", requires_shipping=False)
    recipe = create_product(product_class=download.name, partner_sku="recipe", price="2.00", num_in_stock=9)

    order = buy(visitor, recipe)

    (purchase,) = tracked("Purchase")
    assert order.shipping_address is None
    assert purchase["custom_data"]["contents"] == [{"id": "recipe", "quantity": 1, "item_price": 2.0}]
    assert {"em", "ph", "country"} & purchase["user_data"].keys() == {"em"}


@pytest.mark.parametrize(("path", "is_tracked"), [("/catalogue/", True), ("/dashboard/", False)])
def test_the_storefront_has_the_pixel_and_the_dashboard_has_not(
    admin_client: Client, path: str, is_tracked: bool
) -> None:
    response = admin_client.get(path)

    assert response.status_code == 200
    assert ("capi-config" in response.content.decode()) is is_tracked
