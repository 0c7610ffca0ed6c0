"""Make plausible products, customers and orders, the same ones after `reseed()`. None of the data is real."""

# factory_boy annotates its factories, but not what they declare.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.models import User
from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory, Password
from factory.faker import Faker
from factory.fuzzy import FuzzyChoice
from factory.random import reseed_random

from example_project.shop.models import Motif, Order, OrderLine, Product

SEED = "corner shop"
# Numbers that the German regulator keeps for films and books, so that they ring nowhere.
DRAMA_PHONES = "+49 30 23125 {:03d}"


def reseed() -> None:
    """Start the factories' chance again, so that two runs make the same data."""
    reseed_random(SEED)


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product
        django_get_or_create = ("sku",)

    sku = Sequence("TEST-{}".format)
    slug = LazyAttribute(lambda product: product.sku.lower())
    name = LazyAttribute(lambda product: f"Product {product.sku}")
    description = "Good for testing."
    price = Decimal("12.50")
    colour = "#4d7391"
    motif = FuzzyChoice(Motif.values)


class CustomerFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        django_get_or_create = ("username",)

    first_name = Faker("first_name", locale="de_DE")
    last_name = Faker("last_name", locale="de_DE")
    username = Sequence("customer{}@example.com".format)
    email = SelfAttribute("username")
    password = Password("corner-shop")


class OrderFactory(DjangoModelFactory[Order]):
    """A guest's order, waiting for its payment and its lines."""

    class Meta:
        model = Order

    first_name = Faker("first_name", locale="de_DE")
    last_name = Faker("last_name", locale="de_DE")
    email = Sequence("guest{}@example.com".format)
    phone = Sequence(lambda number: DRAMA_PHONES.format(number % 1000))
    street = Faker("street_address", locale="de_DE")
    city = Faker("city", locale="de_DE")
    postcode = Faker("postcode", locale="de_DE")
    total = Decimal("12.50")

    class Params:
        paid = Trait(status=Order.Status.PAID, paid_at=LazyFunction(timezone.now))
        with_account = Trait(
            customer=SubFactory(CustomerFactory),
            first_name=SelfAttribute("customer.first_name"),
            last_name=SelfAttribute("customer.last_name"),
            email=SelfAttribute("customer.email"),
        )


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    class Meta:
        model = OrderLine

    order = SubFactory(OrderFactory)
    product = SubFactory(ProductFactory)
    quantity = 1
    unit_price = SelfAttribute("product.price")
