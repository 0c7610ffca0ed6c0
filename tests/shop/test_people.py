"""Accounts, enquiries, and the visitor's decision about marketing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from example_project.shop.factories import CustomerFactory
from example_project.shop.models import Enquiry
from example_project.shop.privacy import CONSENT_COOKIE, marketing_consent

REGISTRATION = {
    "first_name": "Grete",
    "last_name": "Muster",
    "email": "Grete@Example.com",
    "password1": "rye-and-spelt-7",
    "password2": "rye-and-spelt-7",
}


@pytest.mark.django_db
def test_a_new_customer_is_logged_in_and_welcomed(client: Client) -> None:
    answer = client.post("/register/", REGISTRATION, follow=True)

    customer = User.objects.get()
    assert answer.redirect_chain == [("/", 302)]
    assert (customer.username, customer.email) == ("grete@example.com", "grete@example.com")
    assert "Welcome!" in answer.text
    assert "Log out Grete" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", f"{'x' * 150}@example.com"),
        ("password2", "something else"),
        ("password1", "password"),
    ],
)
def test_a_registration_that_cannot_be_is_explained(client: Client, field: str, value: str) -> None:
    answer = client.post("/register/", REGISTRATION | {field: value})

    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert not User.objects.exists()


@pytest.mark.django_db
def test_one_address_has_one_account(client: Client) -> None:
    CustomerFactory.create(username="grete@example.com")

    answer = client.post("/register/", REGISTRATION)

    assert "There is an account with this e-mail address already." in answer.text
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_customer_logs_in_with_the_address_in_any_case(client: Client) -> None:
    CustomerFactory.create(username="grete@example.com", password="rye-and-spelt-7")

    answer = client.post("/login/", {"username": "Grete@Example.com", "password": "rye-and-spelt-7"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.django_db
def test_logging_in_leads_back_to_the_checkout(client: Client) -> None:
    CustomerFactory.create(username="grete@example.com", password="rye-and-spelt-7")

    page = client.get("/login/", {"next": "/checkout/"})
    login = {"username": "grete@example.com", "password": "rye-and-spelt-7", "next": "/checkout/"}
    answer = client.post("/login/", login)

    assert 'name="next" value="/checkout/"' in page.text
    assert answer.headers["Location"] == "/checkout/"


@pytest.mark.django_db
def test_a_customer_logs_out(client: Client) -> None:
    client.force_login(CustomerFactory.create())

    answer = client.post("/logout/", follow=True)

    assert "Register" in answer.text


@pytest.mark.django_db
def test_an_enquiry_is_kept_and_thanked_for(client: Client) -> None:
    enquiry = {"name": "Grete", "email": "grete@example.com", "message": "Is there honey?"}

    answer = client.post("/contact/", enquiry, follow=True)

    assert answer.redirect_chain == [("/contact/", 302)]
    assert "Thank you, we will write back soon." in answer.text
    assert Enquiry.objects.get().message == "Is there honey?"


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "value"), [("email", "nobody"), ("message", ""), ("message", "x" * 2001)])
def test_an_enquiry_that_cannot_be_answered_is_explained(client: Client, field: str, value: str) -> None:
    enquiry = {"name": "Grete", "email": "grete@example.com", "message": "Is there honey?"}

    answer = client.post("/contact/", enquiry | {field: value})

    assert "errorlist" in answer.text
    assert not Enquiry.objects.exists()


@pytest.mark.parametrize(
    ("cookie", "decision"),
    [("yes", True), ("no", False), ("", None), ("YES", None), ("maybe", None), ("yes; x", None)],
)
def test_the_consent_cookie_says_yes_no_or_nothing(rf: RequestFactory, cookie: str, decision: bool | None) -> None:
    request = rf.get("/")
    request.COOKIES[CONSENT_COOKIE] = cookie

    assert marketing_consent(request) is decision


def test_without_the_cookie_nothing_is_decided(rf: RequestFactory) -> None:
    assert marketing_consent(rf.get("/")) is None
