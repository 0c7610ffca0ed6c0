"""Keep browser copies in the session until the next page, without ever breaking the site's response.

Django saves the session after us, where an error would be the site's. So a change of ours is saved here already, and
undone when that fails: the server's copy is stored in any case.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from copy import copy
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieStore
from django.http import HttpRequest

from django_capi.browser.blocks import is_prefetch
from django_capi.ledger.marks import COPY_LIFETIME

logger = logging.getLogger("django_capi")

SESSION_KEY: Final = "_capi"
MOST_CARRIED: Final = 20  # copies in a session: a client that never opens a page must not fill it
LONGEST_COOKIE: Final = 3_500  # characters, where the session is in the cookie itself; browsers drop one above 4,096

Copies = list[dict[str, Any]]


def save_copies(request: HttpRequest, copies: Copies) -> None:
    """Keep the copies for the next page, the way messages do."""
    session = session_of(request)
    if not copies or session is None:
        return
    expires = int(time.time()) + COPY_LIFETIME
    try:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and session.modified and session.is_empty():
            return  # the view has just ended the session
        stored = latest(session)
        waiting = [*stored.get(SESSION_KEY, []), *({**item, "expires": item["expires"] or expires} for item in copies)]
        keep(request, session, waiting[-MOST_CARRIED:], stored)
    except Exception as error:  # noqa: BLE001  # a store can fail in any way, and the message may hold anything
        log_failure(error)


def pop_copies(request: HttpRequest) -> Copies:
    """Take what earlier responses left. The session is not read where the browser has none."""
    session = session_of(request)
    if session is None or settings.SESSION_COOKIE_NAME not in request.COOKIES or is_prefetch(request):
        return []
    try:
        if not session.get(SESSION_KEY):
            return []
        stored = latest(session)
        found: Copies = stored.get(SESSION_KEY, [])  # another request may have taken them
        return found if found and keep(request, session, [], stored) else []
    except Exception as error:  # noqa: BLE001
        log_failure(error)
        return []


def session_of(request: HttpRequest) -> SessionBase | None:
    return getattr(request, "session", None)


def latest(session: SessionBase) -> SessionBase:
    """Return the session as it is stored now: another request may have saved it since this one has read it.

    One that the view has changed is saved as it is, and so is one that is not read yet, has ended, or is in the cookie.
    """
    if session.modified or not session.accessed or session.session_key is None or isinstance(session, CookieStore):
        return session
    found = type(session)(session.session_key)
    found.get(SESSION_KEY)  # loads it
    return found if found.session_key else session


def keep(request: HttpRequest, session: SessionBase, copies: Sequence[dict[str, Any]], stored: SessionBase) -> bool:
    """Write the copies into the session and save it; False, and the session as it was, when it cannot hold them.

    `stored`: the session itself, or what `latest` has read of it.
    """
    before = state_of(stored)
    was_modified = session.modified
    try:
        while True:
            put(stored, copies)
            stored.save()
            if len(stored.session_key or "") <= LONGEST_COOKIE:
                break
            if not copies:
                restore(stored, before)
                return False
            copies = copies[1:]
    except Exception:
        restore(stored, before)
        raise
    if stored is not session:
        put(session, copies)  # in case the site saves it again
    if session.session_key == request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        session.modified = was_modified  # the browser has its cookie, so nothing is left to do
    return True


def put(session: SessionBase, copies: Sequence[dict[str, Any]]) -> None:
    if copies:
        session[SESSION_KEY] = list(copies)
    else:
        session.pop(SESSION_KEY, None)


def state_of(session: SessionBase) -> dict[str, Any]:
    """Everything that the session knows, whatever its backend: the key, the data and the flags."""
    return {name: copy(value) if isinstance(value, dict) else value for name, value in vars(session).items()}


def restore(session: SessionBase, state: dict[str, Any]) -> None:
    vars(session).clear()
    vars(session).update(state)


def log_failure(error: Exception) -> None:
    logger.error("The session could not be used, and browser copies are lost: %s.", type(error).__name__)
