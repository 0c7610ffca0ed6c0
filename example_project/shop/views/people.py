"""A request in, what concerns one person out: an account, an enquiry, the corner of the page that is theirs."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from django_capi.tracking import track
from django_capi.types import UserDataDict
from example_project.shop.forms import ContactForm, RegistrationForm


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    form = RegistrationForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "shop/register.html", {"form": form})
    with transaction.atomic():
        customer = form.save()
        login(request, customer)
        track(
            "CompleteRegistration",
            request=request,
            custom_data={"content_name": "account", "status": True},
            user_data=_known_about(customer),
        )
    messages.success(request, "Welcome! Your account is ready.")
    return redirect("shop:catalogue")


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    form = ContactForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "shop/contact.html", {"form": form})
    with transaction.atomic():
        enquiry = form.save()
        track("Contact", request=request, user_data={"em": enquiry.email})
    messages.success(request, "Thank you, we will write back soon.")
    return redirect("shop:contact")


@require_safe
def visitor(request: HttpRequest) -> HttpResponse:
    """The visitor's corner alone, for the page that comes from a shared cache without one."""
    return render(request, "shop/_visitor.html")


def _known_about(customer: User) -> UserDataDict:
    return {
        "em": customer.email,
        "fn": customer.first_name,
        "ln": customer.last_name,
        "external_id": customer.pk,
    }
