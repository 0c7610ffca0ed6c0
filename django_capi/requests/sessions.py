"""Read a request's session and user without making the response vary by cookie.

Django's session middleware adds `Vary: Cookie` once the session has been read, and each visitor then gets a cache entry
of their own. A page for everybody does not depend on what this app reads; what the site itself reads still counts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty

READ: Final = "_capi_read_session"
BY_DJANGO: Final = "_cached_user"  # where its authentication middleware keeps the user that it has fetched


@contextmanager
def read_aside(request: HttpRequest) -> Iterator[None]:
    """Take back Django's note that the session has been read in this block."""
    session: Any = getattr(request, "session", None)
    if getattr(session, "accessed", True):  # there is none, or the site has read it already
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
                note_when_used(request)


def note_when_used(request: HttpRequest) -> None:
    """The site's own `request.user` has not been used yet. It gets the user that has been fetched, and the note."""
    found: Any = getattr(request, BY_DJANGO, None)

    def used() -> Any:
        request.session.accessed = True
        return found

    if found is not None:
        setattr(request, BY_DJANGO, SimpleLazyObject(used))


def note_reading(request: HttpRequest) -> None:
    """The response is for one visitor: it depends on what was read."""
    if getattr(request, READ, False):
        request.session.accessed = True
