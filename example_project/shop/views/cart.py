"""A request in, the visitor's cart changed and shown; by HTMX only the part of the page that changed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from django_capi.tracking import track
from example_project.shop.cart import MOST, Cart, total_of
from example_project.shop.forms import AddForm, ChangeForm
from example_project.shop.models import Product

TOO_MANY = f"We sell between 1 and {MOST} of a thing at a time."


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    lines = Cart(request.session).lines
    return render(request, "shop/cart.html", {"lines": lines, "total": total_of(lines)})


@require_POST
def add(request: HttpRequest, sku: str) -> HttpResponse:
    product = get_object_or_404(Product, sku=sku)
    form = AddForm(request.POST)
    added = Cart(request.session).add(product, quantity=form.cleaned_data["quantity"]) if form.is_valid() else 0
    if added:
        _track_added(request, product, quantity=added)
    return _answer(request, notice=f"Added {added} × {product.name}." if added else TOO_MANY, is_added=bool(added))


@require_POST
def change(request: HttpRequest, sku: str) -> HttpResponse:
    product = get_object_or_404(Product, sku=sku)
    form = ChangeForm(request.POST)
    if form.is_valid():
        Cart(request.session).change(product, quantity=form.cleaned_data["quantity"])
    else:
        messages.error(request, TOO_MANY)
    return redirect("shop:cart")


def _track_added(request: HttpRequest, product: Product, *, quantity: int) -> None:
    track(
        "AddToCart",
        request=request,
        custom_data={
            "content_ids": [product.sku],
            "content_type": "product",
            "content_name": product.name,
            "contents": [{"id": product.sku, "quantity": quantity, "item_price": product.price}],
            "value": product.price * quantity,
            "currency": "EUR",
        },
    )


def _answer(request: HttpRequest, *, notice: str, is_added: bool) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return render(request, "shop/_added.html", {"notice": notice}, status=200 if is_added else 422)
    messages.add_message(request, messages.SUCCESS if is_added else messages.ERROR, notice)
    return redirect("shop:cart")
