"""A template's tags come in; the data blocks of `pixel` go out. `{% load capi %}`"""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.template import Context
from django.utils.html import format_html, format_html_join

from django_capi import conversions, pixel, tracking

register = template.Library()

NO_REQUEST = "no request in the context; add django.template.context_processors.request"


@register.simple_tag(takes_context=True)
def capi_pixel(context: Context) -> str:
    """The pixel and its PageView. Put it into the <head> of the base template."""
    request = request_of(context)
    if request is None:
        return missing()
    with tracking.Quietly("PageView"):
        return pixel.render_pixel(request, nonce=context.get("csp_nonce"))
    return ""


@register.simple_tag(takes_context=True)
def capi_event(context: Context, event_name: str, **custom_data: Any) -> str:
    """An event of this page: `{% capi_event "ViewContent" content_ids=product.sku content_type="product" %}`"""
    request = request_of(context)
    if request is None:
        return missing()
    with tracking.Quietly(event_name):
        return pixel.render_event(request, event_name, custom_data)
    return ""


@register.simple_tag(takes_context=True)
def capi_conversion(context: Context, obj: Model) -> str:
    """The browser copy of an object's conversions, once: `{% capi_conversion order %}` on the thank-you page."""
    request = request_of(context)
    if request is None:
        return missing()
    with tracking.Quietly("A conversion's copy"):
        page = tracking.events_of(request)
        if pixel.can_carry(request):
            found = ((pixel.render_copy(page, action),) for action in conversions.copies(obj, page))
            return format_html_join("\n", "{}", found)
    return ""


def request_of(context: Context) -> HttpRequest | None:
    found = context.get("request")
    return found if isinstance(found, HttpRequest) else None


def missing() -> str:
    return format_html("<!-- capi: {} -->", NO_REQUEST) if settings.DEBUG else ""
