"""The cells of lists, which carry their column's name where a narrow screen stacks them."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString


def labelled(label: object, value: object) -> SafeString:
    """The value, with a label that admin.css shows only where the table's head is hidden."""
    return format_html('<span class="capi-label">{}</span> <bdi>{}</bdi>', label, value)


def linked(url: str, value: object) -> object:
    return format_html('<a href="{}">{}</a>', url, value) if url else value
