"""The events of one request: its visitor, what is stored with the response, and the copies for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from django_capi.conf import Pixel
from django_capi.consent import Consent
from django_capi.consent import decisions as policies
from django_capi.consent.decisions import Decision
from django_capi.ledger import store as ledger
from django_capi.models import NotSent, Origin
from django_capi.requests import original
from django_capi.requests.agents import BY_SITE, ClientKind, agent_of, client_of, crawler_name
from django_capi.requests.routing import is_unwanted, pixels_for
from django_capi.requests.sessions import read_aside
from django_capi.requests.visitor import Visitor, fbp, from_request, new_fbp
from django_capi.tracking import untracked
from django_capi.tracking.actions import Action, entry_of, write
from django_capi.tracking.errors import LogErrors

current: ContextVar[RequestEvents | None] = ContextVar("django_capi_current", default=None)


def active_page() -> RequestEvents | None:
    """The events of the current request; None once its response is finished.

    A task or thread that has copied the context and outlives the request gets None as well.
    """
    page = current.get()
    return None if page is None or page.is_finished else page


def current_request() -> HttpRequest | None:
    """The current request, for code that is not given it: `track(…, request=current_request())`.

    None outside of a request, and once its response is finished. Needs `CapiMiddleware`.
    """
    page = active_page()
    return page.request if page else None


def events_of(request: HttpRequest) -> RequestEvents:
    """The request's events. Without the middleware they are created here, and stored at once."""
    found: RequestEvents | None = getattr(request, "capi", None)
    if found is None:
        found = RequestEvents(request)
        found.is_finished = True
        request.capi = found  # type: ignore[attr-defined]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """An event that is stored with the response, and the visitor at the time of the event."""

    action: Action
    visitor: Visitor
    pixels: tuple[Pixel, ...] | None  # None: those of the page


def why_not_sent(consent: Consent) -> NotSent:
    """Why an event is not sent with this consent, which is not given."""
    return NotSent.DENIED if consent is Consent.DENIED else NotSent.UNKNOWN


class RequestEvents:
    """The events of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.received_at = timezone.now()  # when the consent that the request carries held
        self.waiting: list[Waiting] = []
        self.copies: list[Action] = []
        self.untracked: list[str] = []  # names of events of the page that are not tracked as it is rendered
        self.in_transaction: set[str] = set()  # ids whose rows the caller's transaction may still take back
        self.blocks: list[Any] = []
        self.is_finished = False
        self.is_cached = False  # its configuration is in a fragment that is cached for other visitors
        self.has_declined = False  # the policy says no for a visitor who has _fbp, and so had consented
        self.has_withdrawn = False  # in this request; the response deletes the cookies
        self._decided_at = self.received_at
        self._new_fbp: str | None = None  # for a browser that has none; the response sets the cookie
        self._visitor: Visitor | None = None
        self._user: object = None  # the user when the visitor was read

    @property
    def visitor(self) -> Visitor:
        """The visitor as last read; read again after a login or logout."""
        if self._visitor is None or self._user is not getattr(self.request, "user", None):
            return self.read_visitor()
        return self._visitor

    @visitor.setter
    def visitor(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._user = getattr(self.request, "user", None)

    def decide(self, *, stated: bool | None = None) -> Decision:
        """Ask the consent policy; `stated` is the `consent` argument of `track()`."""
        self._decided_at = timezone.now() if stated else self.received_at
        with original.as_sent(self.request), read_aside(self.request):
            found = policies.WITHDRAWN if self.has_withdrawn else policies.decision(self.request, stated=stated)
        if stated is not False:
            self.has_declined = found is policies.POLICY_DENIED and fbp(self.request) is not None
        return found

    def read_visitor(self, consent: Consent | None = None) -> Visitor:
        """Read the visitor now. `consent`: if the policy has just been asked."""
        self.visitor = found = self.visitor_with(self.decide().consent if consent is None else consent)
        return found

    def visitor_with(self, consent: Consent) -> Visitor:
        """The visitor now, with this consent. The page's own visitor is not changed."""
        with read_aside(self.request):
            found = from_request(self.request, consent=consent, decided_at=self._decided_at)
        is_new = found.fbp is None and consent.is_given
        return found.with_fbp(self._new_fbp) if self._new_fbp and is_new else found

    def mint_fbp(self) -> None:
        """Create a `_fbp` for a browser that has none, so that the events of its first page carry it."""
        if self.visitor.fbp is None:
            self._new_fbp = new_fbp(self.request)
            self.visitor = self.visitor.with_fbp(self._new_fbp)

    def note_withdrawal(self) -> None:
        """From now on this request has no consent, even if the policy says yes."""
        self.has_withdrawn, self.has_declined = True, False
        self._visitor = None

    @cached_property
    def client(self) -> ClientKind:
        return client_of(agent_of(self.request))

    @cached_property
    def is_browser(self) -> bool:
        """True for a browser. An unknown agent counts as one if it accepts HTML."""
        if self.client is ClientKind.UNKNOWN:
            return "html" in self.request.META.get("HTTP_ACCEPT", "")
        return self.client is ClientKind.BROWSER

    @cached_property
    def is_unwanted(self) -> bool:
        """True when the site's EXCLUDE names this request."""
        return is_unwanted(self.request)

    @property
    def is_ignored(self) -> bool:
        """True when nothing is tracked: for crawlers, and for requests that the site's EXCLUDE names."""
        return self.client is ClientKind.CRAWLER or self.is_unwanted

    @property
    def excluded_as(self) -> str:
        """Why the request is ignored: the crawler's name, or EXCLUDE."""
        return crawler_name(agent_of(self.request)) if self.client is ClientKind.CRAWLER else BY_SITE

    @property
    def is_excluded(self) -> bool:
        """True when there are no page events and no cookies. `track()` may still track a program's request."""
        return self.client is ClientKind.PROGRAM or self.is_ignored

    def add(self, action: Action, *, visitor: Visitor | None = None, pixels: Sequence[Pixel] | None = None) -> None:
        """Store the action with the response; at once if that is finished, as in a streamed page or a thread."""
        chosen = None if pixels is None else tuple(pixels)
        self.waiting.append(Waiting(action=action, visitor=visitor or self.visitor, pixels=chosen))
        if self.is_finished:
            self.store()

    def kept_copies(self) -> list[Action]:
        """The copies for the browser, except those whose event was rolled back."""
        lost = self.in_transaction - ledger.present(self.in_transaction) if self.in_transaction else set()
        return [action for action in self.copies if action.event_id not in lost]

    @property
    def why_untracked(self) -> NotSent | None:
        """Why the server does not track the page's events. None if it does, and for programs, which see no page."""
        if self.is_ignored:
            return NotSent.EXCLUDED
        consent = self.visitor.consent
        return None if self.is_excluded or consent.is_given else why_not_sent(consent)

    def drop_page_events(self) -> None:
        """Drop the events of the page itself: it is not shown, or it is cached for other visitors."""
        self.waiting = [item for item in self.waiting if item.action.origin != Origin.PAGE]
        self.untracked = []

    def count_untracked(self) -> None:
        """Count the page's events that are not tracked, when it is certain that the page is shown to its visitor."""
        names, self.untracked = self.untracked, []
        reason = self.why_untracked if names else None
        if reason:
            pixels = pixels_for(self.request)
            for name in names:
                untracked.count(name, reason, pixels)

    def abandon(self) -> None:
        """Store what was tracked though there is no response: the client has left, or a time limit ended the view."""
        self.is_finished = True
        self.drop_page_events()
        self.store()

    def store(self) -> None:
        """Write the waiting events, with one INSERT for each set of pixels. An error costs no other event."""
        taken = []
        while self.waiting:
            taken.append(self.waiting.pop(0))
        try:
            for pixels, entries in self.by_pixels(taken).items():
                with LogErrors("The server's copy"):
                    write(entries, pixels)
        except BaseException:
            self.waiting = [*taken, *self.waiting]  # interrupted; events that are stored already are not stored twice
            raise

    def by_pixels(self, items: Sequence[Waiting]) -> dict[tuple[Pixel, ...], list[ledger.EventEntry]]:
        found: dict[tuple[Pixel, ...], list[ledger.EventEntry]] = {}
        own = tuple(pixels_for(self.request)) if any(item.pixels is None for item in items) else ()
        for item in items:
            with LogErrors(item.action.event_name):
                made = entry_of(item.action, self.completed(item.visitor))
                found.setdefault(own if item.pixels is None else item.pixels, []).append(made)
        return found

    def completed(self, visitor: Visitor) -> Visitor:
        """Add what was missing when the event happened: contact data in an event loop, and a new `_fbp`."""
        if visitor.contact is None and visitor.consent.is_given:
            visitor = visitor.with_contact(self.request)
        minted = self._visitor.fbp if self._visitor else None
        return visitor.with_fbp(minted) if minted and visitor.fbp is None else visitor
