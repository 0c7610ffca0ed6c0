"""Lead from an order's number, an event id or a trace id to the page that says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse

from django_capi.admin import links, search
from django_capi.models import ConversionMark, Event

LONGEST_TERM: Final = 120
CONDITIONS: Final[Mapping[type[Model], Callable[[str], Q]]] = {
    Event: search.events,
    ConversionMark: search.conversions_or_their_events,
}


def address(site: AdminSite, request: HttpRequest, term: str) -> str:
    """The only event that the term names, else its only conversion, else the list of those.

    Empty if there is none that the user may view.
    """
    models = (model for model in CONDITIONS if links.may_view(site, request, model))
    return next(filter(None, (found(site, request, model, term) for model in models)), "")


def is_hidden(site: AdminSite, request: HttpRequest, term: str) -> bool:
    """Whether the term names something that the user may not view."""
    models = (model for model in CONDITIONS if not links.may_view(site, request, model))
    return any(model._default_manager.filter(CONDITIONS[model](term)).exists() for model in models)


def found(site: AdminSite, request: HttpRequest, model: type[Model], term: str) -> str:
    pks = list(model._default_manager.filter(CONDITIONS[model](term)).order_by("pk").values_list("pk", flat=True)[:2])
    if len(pks) == 1:
        return links.to_row(site, request, model, pks[0])
    changelist = reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{changelist}?{urlencode({'q': term})}" if pks else ""
