"""Read the contact data of a request's signed-in user, by the site's own functions or from Django's user."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest

from django_capi import callbacks
from django_capi.conf import conf
from django_capi.meta.events import UserData
from django_capi.meta.normalize import HASHED

logger = logging.getLogger("django_capi")


def contact_of(request: HttpRequest) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the hashed contact data, and "key:reason" of what is left out."""
    known = contact(request)
    hashed = {key: value for key, value in known.payload().items() if key in HASHED}
    return hashed, tuple(f"{item.key}:{item.reason}" for item in known.left_out)


def contact(request: HttpRequest) -> UserData:
    """Return the signed-in user's contact data and external id, hashed."""
    raw = raw_contact(request)
    return UserData.from_raw(raw, default_region=conf.DEFAULT_REGION) if raw else NO_USER_DATA


def raw_contact(request: HttpRequest) -> dict[str, object]:
    """Return the same as the site gives it.

    Raises SynchronousOnlyOperation if the user must be fetched from the database in an event loop.
    """
    raw: dict[str, object] = {}
    for name, ask in SITE_CALLABLES if conf.USER_DATA or conf.EXTERNAL_ID else DEFAULT:
        raw.update(asked(name, ask, request) or {})
    return raw


def asked(name: str, ask: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the site's code answers; None if it raises."""
    try:
        return callbacks.call(ask, *arguments)
    except callbacks.Failed as failure:
        if issubclass(failure.kind, SynchronousOnlyOperation):
            raise SynchronousOnlyOperation from None
        logger.error("%s raised %s; the event is sent without it.", name, failure)  # noqa: TRY400  # a traceback may hold personal data
        return None


def user_data(request: HttpRequest) -> Mapping[str, object]:
    """Return what USER_DATA says of the signed-in user. It is also called on sites without Django's users."""
    user = getattr(request, "user", None)
    if user is not None and not user.is_authenticated:
        return {}
    if not conf.USER_DATA:
        return user_fields(user)
    ask = conf.imported("USER_DATA")
    raw = callbacks.answer(ask, request) if ask else None
    return raw if isinstance(raw, Mapping) else {}


def user_fields(user: object) -> Mapping[str, object]:
    """Return the email address and the name of Django's user, if the site's user model has them."""
    email_field = getattr(user, "get_email_field_name", None)
    fields = {"em": email_field() if email_field else "email", "fn": "first_name", "ln": "last_name"}
    values = {key: asked(f"{name} of the signed-in user", getattr, user, name, None) for key, name in fields.items()}
    return {key: value for key, value in values.items() if isinstance(value, str) and value.strip()}


def external_id(request: HttpRequest) -> Mapping[str, object]:
    ask = conf.imported("EXTERNAL_ID")
    value = callbacks.answer(ask, request) if ask else user_pk(request)
    return {} if value is None else {"external_id": value}


def user_pk(request: HttpRequest) -> object:
    user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


def signed_in(request: HttpRequest) -> Mapping[str, object]:
    """Return both for a site without callables of its own, so that the user is read once."""
    return {**user_data(request), **external_id(request)}


NO_USER_DATA: Final = UserData()
DEFAULT: Final = (("The signed-in user", signed_in),)
SITE_CALLABLES: Final = (("CAPI['USER_DATA']", user_data), ("CAPI['EXTERNAL_ID']", external_id))
