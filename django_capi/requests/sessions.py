"""Read a request's session and user without making the response vary by cookie.

Django's session middleware adds `Vary: Cookie` once the session has been read, and each visitor then has a separate
cache entry. A public page does not depend on what this app reads; what the site itself reads still counts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty

READ: Final = "_capi_read_session"
BY_DJANGO: Final = "_cached_user"  # where Django's authentication middleware keeps the fetched user


@contextmanager
def read_aside(request: HttpRequest) -> Iterator[None]:
    """Undo Django's record that the session was read in this block."""
    session: Any = getattr(request, "session", None)
    if getattr(session, "accessed", True):  # there is no session, or the site has already read it
        yield
        return
    user: Any = getattr(request, "user", None)
    is_lazy = isinstance(user, SimpleLazyObject) and user.__dict__.get("_wrapped") is empty
    stand_in = copy.copy(user) if is_lazy else user
    if is_lazy:
        request.user = stand_in
    try:
        yield
    finally:
        if session.accessed and not session.modified:
            setattr(request, READ, True)
            session.accessed = False
            if is_lazy and request.user is stand_in:
                request.user = user
                record_use(request)


def record_use(request: HttpRequest) -> None:
    """Give the site's unused `request.user` the fetched user, and record the read once the site uses it."""
    user: Any = getattr(request, BY_DJANGO, None)

    def used() -> Any:
        request.session.accessed = True
        return user

    if user is not None:
        setattr(request, BY_DJANGO, SimpleLazyObject(used))


def record_read(request: HttpRequest) -> None:
    """Record the read after all, as the response depends on it."""
    if getattr(request, READ, False):
        request.session.accessed = True
