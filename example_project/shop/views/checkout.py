"""A filled cart in, an order and a redirect to the bank out; the order's thank-you page afterwards."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from example_project.shop.bank import payment_url
from example_project.shop.cart import Cart, total_of
from example_project.shop.forms import CheckoutForm
from example_project.shop.models import Order
from example_project.shop.orders import place_order


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    cart = Cart(request.session)
    lines = cart.lines
    if not lines:
        messages.info(request, "Put something into your cart first.")
        return redirect("shop:cart")
    form = CheckoutForm(request.POST if request.method == "POST" else None, initial=_known_about(request))
    if form.is_valid():
        customer = request.user if request.user.is_authenticated else None
        order = place_order(form.save(commit=False), lines=lines, customer=customer)
        cart.clear()
        return redirect(payment_url(order, request=request))
    page = {
        "form": form,
        "lines": lines,
        "total": total_of(lines),
        "skus": [line.product.sku for line in lines],
        "count": sum(line.quantity for line in lines),
    }
    return render(request, "shop/checkout.html", page)


@require_safe
def thanks(request: HttpRequest, reference: UUID) -> HttpResponse:
    order = get_object_or_404(Order.objects.prefetch_related("lines__product"), reference=reference)
    return render(request, "shop/thanks.html", {"order": order, "payment_url": payment_url(order, request=request)})


def _known_about(request: HttpRequest) -> dict[str, str]:
    """What a customer with an account need not type again."""
    if not request.user.is_authenticated:
        return {}
    fields = ("first_name", "last_name", "email")
    return {field: getattr(request.user, field) for field in fields}
