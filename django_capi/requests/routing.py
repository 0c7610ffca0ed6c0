"""Choose the pixels for a request or an object, and decide whether a request is tracked."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cache

from django.http import HttpRequest

from django_capi import callbacks
from django_capi.conf import Pixel, conf
from django_capi.meta.events import InvalidEvent

logger = logging.getLogger("django_capi")


def pixels_for(subject: object) -> list[Pixel]:
    """Return the pixels that a request or an object belongs to; none if PIXEL_FOR fails."""
    try:
        return chosen_pixels(subject)
    except callbacks.Failed:
        return []  # not all pixels, as they may belong to another tenant


def chosen_pixels(subject: object) -> list[Pixel]:
    """Return all pixels, or those that PIXEL_FOR names.

    Raises callbacks.Failed if PIXEL_FOR cannot be imported, raises, or names only what is no pixel.
    """
    pixels = conf.pixels()
    if not conf.PIXEL_FOR:
        return list(pixels.values())
    choose = conf.imported("PIXEL_FOR")
    if choose is None:
        raise callbacks.Failed(ImportError())  # `manage.py check` shows the error
    try:
        chosen = callbacks.call(choose, subject)
    except callbacks.Failed as failure:
        logger.error("CAPI['PIXEL_FOR'] raised %s; nothing is sent.", failure)  # noqa: TRY400
        raise
    given = [chosen] if isinstance(chosen, str) or not isinstance(chosen, Iterable) else list(chosen)
    names = [name for name in given if name is not None]
    found = [pixels[name] for name in names if name in pixels]
    for name in names:
        if name not in pixels:
            log_unknown_pixel(str(name))
    if names and not found:
        raise callbacks.Failed(LookupError())
    return found


@cache
def log_unknown_pixel(name: str) -> None:
    """Log an error in the settings, once in a process."""
    logger.error("CAPI['PIXEL_FOR'] returned %r, which is not a usable entry of CAPI['PIXELS'].", name)


def pixels_named(names: str | Sequence[str]) -> list[Pixel]:
    """Return the pixels that a call of `track()` names, each once."""
    pixels = conf.pixels()
    wanted = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    if not wanted or not all(name in pixels for name in wanted):
        raise InvalidEvent("pixels", f"must be one or more names in CAPI['PIXELS']: {', '.join(pixels) or 'none yet'}")
    return [pixels[name] for name in wanted]


def is_unwanted(request: HttpRequest) -> bool:
    if not conf.EXCLUDE:
        return False
    ask = conf.imported("EXCLUDE")
    try:
        # Exclude every request if the setting cannot be imported.
        is_named: bool = ask is None or callbacks.call(bool, callbacks.call(ask, request))
    except callbacks.Failed as failure:
        logger.error("CAPI['EXCLUDE'] raised %s; the request is excluded.", failure)  # noqa: TRY400
        return True
    return is_named
