"""Lead from an order's number, an event id or a trace id to the page that says what became of it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse

from django_capi.admin import links, search
from django_capi.models import ConversionMark, Event

LONGEST_TERM = 120


def address(site: AdminSite, request: HttpRequest, term: str) -> str:
    """The only event that the term names, else its only conversion, else the list of those; empty if there is none."""
    return found(site, request, Event, search.events(term), term) or found(
        site, request, ConversionMark, search.conversions_or_their_events(term), term
    )


def found(site: AdminSite, request: HttpRequest, model: type[Model], condition: Q, term: str) -> str:
    if not links.may_view(site, request, model):
        return ""
    pks = list(model._default_manager.filter(condition).order_by("pk").values_list("pk", flat=True)[:2])
    if len(pks) == 1:
        return links.to_row(site, request, model, pks[0])
    changelist = reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{changelist}?{urlencode({'q': term})}" if pks else ""
