"""Addresses between an object, its conversion, its events and their requests, for those who may follow them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from django_capi.conversions.objects import place
from django_capi.models import Batch, ConversionMark, Event


def to_row(site: AdminSite, request: HttpRequest, model: type[Model], pk: object) -> str:
    """The admin page of a row; empty without the permission to view it, or where the site has no such page."""
    if not may_view(site, request, model):
        return ""
    try:
        return reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    except NoReverseMatch:
        return ""


def may_view(site: AdminSite, request: HttpRequest, model: type[Model]) -> bool:
    return site.is_registered(model) and site.get_model_admin(model).has_view_or_change_permission(request)


def to_object(site: AdminSite, request: HttpRequest, object_ref: str) -> str:
    """The site's own page of the object, such as that of the order."""
    found = place(object_ref) if object_ref else None
    return to_row(site, request, found.model, found.pk) if found else ""


def to_event(site: AdminSite, request: HttpRequest, pk: int) -> str:
    return to_row(site, request, Event, pk)


def to_conversion(site: AdminSite, request: HttpRequest, pk: int) -> str:
    return to_row(site, request, ConversionMark, pk)


def to_request(site: AdminSite, request: HttpRequest, batch_id: int | None) -> str:
    return to_row(site, request, Batch, batch_id) if batch_id else ""


def to_events(site: AdminSite, request: HttpRequest, **query: object) -> str:
    """The list of events, narrowed."""
    address = to_list(site, request, Event)
    return f"{address}?{urlencode(query)}" if address else ""


def to_list(site: AdminSite, request: HttpRequest, model: type[Model]) -> str:
    """The list of the model's rows; empty without the permission to view it."""
    if not may_view(site, request, model):
        return ""
    return reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
