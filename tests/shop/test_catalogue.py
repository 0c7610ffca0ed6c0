"""The pages that show products, the one page that everybody shares, and the page for what is not there."""

from __future__ import annotations

import pytest
from django.test import Client

from example_project.shop.catalogue import OFFERS, seed_catalogue
from example_project.shop.factories import CustomerFactory, ProductFactory
from example_project.shop.models import Product

pytestmark = pytest.mark.django_db


def test_the_shop_sells_24_different_things() -> None:
    seed_catalogue()

    products = list(Product.objects.all())

    assert len(products) == 24
    for product in products:
        product.full_clean()


def test_seeding_again_keeps_a_price_that_was_changed() -> None:
    seed_catalogue()
    Product.objects.filter(sku=OFFERS[0].sku).update(price="99.00")

    seed_catalogue()

    assert Product.objects.count() == len(OFFERS)
    assert str(Product.objects.get(sku=OFFERS[0].sku).price) == "99.00"


def test_the_first_page_shows_every_product(client: Client) -> None:
    products = seed_catalogue()

    answer = client.get("/")

    for product in products:
        assert product.get_absolute_url() in answer.text


def test_an_empty_shop_says_so(client: Client) -> None:
    answer = client.get("/")

    assert "The shelves are empty" in answer.text


def test_a_product_has_a_page(client: Client) -> None:
    product = ProductFactory.create(name="Salt <fine>", colour="#123456")

    answer = client.get(product.get_absolute_url())

    assert "Salt &lt;fine&gt;" in answer.text
    assert 'fill="#123456"' in answer.text


@pytest.mark.parametrize("query", ["HONEY", "minty", " honey "], ids=["name", "description", "spaces"])
def test_the_search_finds_by_name_and_description(client: Client, query: str) -> None:
    ProductFactory.create(name="Linden honey", description="A little minty.", slug="linden-honey")
    ProductFactory.create(name="Salt", description="Flakes.", slug="salt")

    answer = client.get("/search/", {"q": query})

    assert "/products/linden-honey/" in answer.text
    assert "/products/salt/" not in answer.text


def test_a_search_without_a_hit_offers_the_shelves(client: Client) -> None:
    answer = client.get("/search/", {"q": "<unicorn>"})

    assert "We have nothing like that" in answer.text
    assert "&lt;unicorn&gt;" in answer.text


@pytest.mark.parametrize("query", ["", "   ", "\x00", "x" * 101], ids=["nothing", "spaces", "NUL", "too long"])
def test_a_search_for_junk_asks_again(client: Client, query: str) -> None:
    answer = client.get("/search/", {"q": query})

    assert answer.status_code == 200
    assert "Type what you are looking for" in answer.text


def test_what_is_not_there_gets_the_shops_own_page(client: Client) -> None:
    answer = client.get("/products/unicorn/")

    assert answer.status_code == 404
    assert "We do not stock this page" in answer.text


@pytest.mark.parametrize("path", ["/", "/search/?q=a", "/cart/", "/register/", "/contact/", "/login/", "/visitor/"])
def test_a_page_belongs_to_one_visitor(client: Client, path: str) -> None:
    answer = client.get(path)

    assert "private" in answer.headers["Cache-Control"]


def test_the_about_page_is_the_same_for_everybody(client: Client) -> None:
    stranger = client.get("/about/")
    client.force_login(CustomerFactory.create(first_name="Grete"))
    customer = client.get("/about/")

    assert "public" in stranger.headers["Cache-Control"]
    assert "Set-Cookie" not in stranger.headers
    assert customer.content == stranger.content


def test_the_about_page_fetches_the_visitors_corner(client: Client) -> None:
    client.force_login(CustomerFactory.create(first_name="Grete"))

    page = client.get("/about/")
    corner = client.get("/visitor/")

    assert 'hx-get="/visitor/"' in page.text
    assert "Log out Grete" in corner.text
    assert 'id="cart-badge"' in corner.text


FILES = {
    "/static/shop/shop.css": "text/css",
    "/static/shop/motifs.svg": "image/svg+xml",
    "/static/django_htmx/htmx-2.min.js": "text/javascript",
    "/static/django_capi/pixel.js": "text/javascript",
    "/favicon.ico": "image/svg+xml",
}


@pytest.mark.parametrize(("path", "media_type"), FILES.items())
def test_the_shop_serves_its_own_files(client: Client, path: str, media_type: str) -> None:
    answer = client.get(path, follow=True)
    answer.close()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(media_type)
