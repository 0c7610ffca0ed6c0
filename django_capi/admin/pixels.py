"""The names that the site gives its pixels, instead of their numbers."""

from __future__ import annotations

from django_capi.conf import conf


def name_of(pixel_id: str) -> str:
    """The key in CAPI["PIXELS"]; the number itself for a pixel that is no longer in the settings."""
    names = {pixel.pixel_id: name for name, pixel in conf.pixels().items()}
    return names.get(pixel_id, pixel_id)


def titled(pixel_id: str) -> str:
    """The name with the number, for a page of one event."""
    name = name_of(pixel_id)
    return pixel_id if name == pixel_id else f"{name} · {pixel_id}"
