"""A request in, the cart for every template out; lazily, so that a page that shows none leaves the session alone."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from example_project.shop.cart import Cart


def cart(request: HttpRequest) -> dict[str, object]:
    return {"cart": SimpleLazyObject(lambda: Cart(request.session))}


def nonce(request: HttpRequest) -> dict[str, object]:
    """The nonce of the policy on Django 5.2; from 6.0 on Django's own context processor gives it."""
    return {"csp_nonce": getattr(request, "csp_nonce", None)}
