"""The template tags: `{% load capi %}`"""

from __future__ import annotations

import logging
from typing import Final

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from django_capi.browser import blocks
from django_capi.conversions.copies import copies
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import events_of

logger = logging.getLogger("django_capi")
register = template.Library()

FRAGMENT_CACHES: Final = ("cache", "wagtailcache", "wagtailpagecache")  # Django's tag, and Wagtail's
NO_REQUEST: Final = "no request in the context; add django.template.context_processors.request"


@register.tag
def capi_pixel(parser: Parser, token: Token) -> Node:
    """The pixel and its PageView. Put it into the <head> of the base template: `{% capi_pixel %}`"""
    name, *bits = token.split_contents()
    if bits:
        raise TemplateSyntaxError(f"{name} takes no arguments.")
    return PixelNode(is_cached=is_in_cached_fragment(parser))


@register.tag
def capi_event(parser: Parser, token: Token) -> Node:
    """An event of this page: `{% capi_event "ViewContent" content_ids=product.sku content_type="product" %}`"""
    name, *bits = token.split_contents()
    event_name = parser.compile_filter(bits.pop(0)) if bits and "=" not in bits[0].partition('"')[0] else None
    custom_data = token_kwargs(bits, parser)
    if event_name is None or bits:
        raise TemplateSyntaxError(f"{name} takes an event name and key=value pairs.")
    return EventNode(event_name, custom_data, is_cached=is_in_cached_fragment(parser))


@register.tag
def capi_conversion(parser: Parser, token: Token) -> Node:
    """The browser copy of an object's conversions, once: `{% capi_conversion order %}` on the thank-you page."""
    name, *bits = token.split_contents()
    if len(bits) != 1:
        raise TemplateSyntaxError(f"{name} takes one object.")
    return ConversionNode(parser.compile_filter(bits[0]), is_cached=is_in_cached_fragment(parser))


def is_in_cached_fragment(parser: Parser) -> bool:
    """True between the tags of a fragment that the template keeps for other visitors, too."""
    return any(command in FRAGMENT_CACHES for command, _ in parser.command_stack)


class PixelNode(Node):
    def __init__(self, *, is_cached: bool) -> None:
        self.is_cached = is_cached

    def render(self, context: Context) -> SafeString:
        request = request_of(context)
        if request is None:
            return missing()
        with LogErrors("PageView"):
            return blocks.render_pixel(request, nonce=context.get("csp_nonce"), is_cached=self.is_cached)
        return SafeString()


class EventNode(Node):
    def __init__(
        self, event_name: FilterExpression, custom_data: dict[str, FilterExpression], *, is_cached: bool
    ) -> None:
        self.event_name = event_name
        self.custom_data = custom_data
        self.is_cached = is_cached

    def render(self, context: Context) -> SafeString:
        request = request_of(context)
        if request is None:
            return missing()
        event_name = str(self.event_name.resolve(context))
        with LogErrors(event_name):
            custom_data = {key: value.resolve(context) for key, value in self.custom_data.items()}
            return blocks.render_event(request, event_name, custom_data, is_cached=self.is_cached)
        return SafeString()


class ConversionNode(Node):
    def __init__(self, obj: FilterExpression, *, is_cached: bool) -> None:
        self.obj = obj
        self.is_cached = is_cached

    def render(self, context: Context) -> SafeString:
        request = request_of(context)
        if request is None:
            return missing()
        with LogErrors("A conversion's copy"):
            if self.is_cached:  # its id would be in other visitors' pages
                logger.error("{% capi_conversion %} is in a cached fragment: it renders nothing there.")
                return SafeString()
            page = events_of(request)
            if blocks.can_carry(request):
                found = ((blocks.render_copy(page, action),) for action in copies(self.obj.resolve(context), page))
                return format_html_join("\n", "{}", found)
        return SafeString()


def request_of(context: Context) -> HttpRequest | None:
    found = context.get("request")
    return found if isinstance(found, HttpRequest) else None


def missing() -> SafeString:
    return format_html("<!-- capi: {} -->", NO_REQUEST) if settings.DEBUG else SafeString()
