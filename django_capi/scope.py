"""A request or an object comes in; which pixels it belongs to, and whether it is tracked at all, goes out."""

from __future__ import annotations

import logging

from django.http import HttpRequest

from django_capi import hooks
from django_capi.conf import Pixel, conf

logger = logging.getLogger("django_capi")


def pixels_for(subject: object) -> list[Pixel]:
    """The pixels that a request or an object belongs to; none where PIXEL_FOR fails."""
    try:
        return chosen_pixels(subject)
    except hooks.Failed:
        return []  # not all of them: another tenant must not be told


def chosen_pixels(subject: object) -> list[Pixel]:
    """All pixels, or those that PIXEL_FOR names; hooks.Failed, logged, when it raises."""
    pixels = conf.pixels()
    if not conf.PIXEL_FOR:
        return list(pixels.values())
    choose = conf.imported("PIXEL_FOR")
    try:
        chosen = hooks.call(choose, subject) if choose else ()
    except hooks.Failed as failure:
        logger.error("CAPI['PIXEL_FOR'] raised %s; nothing is sent.", failure)  # noqa: TRY400
        raise
    names = [chosen] if isinstance(chosen, str) else list(chosen or ())
    return [pixels[name] for name in names if name in pixels]


def is_unwanted(request: HttpRequest) -> bool:
    if not conf.EXCLUDE:
        return False
    ask = conf.imported("EXCLUDE")
    try:
        return ask is None or hooks.call(lambda: bool(ask(request)))  # whom to exclude is not known: nobody is tracked
    except hooks.Failed as failure:
        logger.error("CAPI['EXCLUDE'] raised %s; the request is excluded.", failure)  # noqa: TRY400
        return True
