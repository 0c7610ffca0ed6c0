"""Remember why events were not tracked, so that a failing assertion can say so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.signals import request_started
from django.dispatch import receiver
from django.http import HttpRequest
from django.test.signals import template_rendered

from django_capi.conf import conf
from django_capi.consent.decisions import Decision, decision
from django_capi.requests.agents import ClientKind, agent_of, client_of
from django_capi.requests.routing import is_unwanted, pixels_for
from django_capi.tracking.errors import event_skipped

MIDDLEWARE: Final = "django_capi.middleware.CapiMiddleware"
MOST: Final = 20  # of each kind; the newest are kept

skipped: deque[str] = deque(maxlen=MOST)
clients: deque[tuple[str, str]] = deque(maxlen=MOST)  # paths and agents
rendered: deque[HttpRequest] = deque(maxlen=MOST)  # requests that a template was rendered for


@receiver(event_skipped, dispatch_uid="django_capi.testing")
def remember_skipped(*, event_name: str, reason: str, advice: str = "", **_: Any) -> None:
    skipped.append(sentence(event_name, reason, advice))


@receiver(request_started, dispatch_uid="django_capi.testing")
def remember_client(
    *, environ: Mapping[str, Any] | None = None, scope: Mapping[str, Any] | None = None, **_: Any
) -> None:
    if environ is not None:
        clients.append((environ.get("PATH_INFO", ""), environ.get("HTTP_USER_AGENT", "")))
    elif scope is not None:
        headers = dict(scope.get("headers", ()))
        clients.append((scope.get("path", ""), headers.get(b"user-agent", b"").decode("latin-1")))


@receiver(template_rendered, dispatch_uid="django_capi.testing")
def remember_request(*, context: Any, **_: Any) -> None:
    request = getattr(context, "request", None)
    if isinstance(request, HttpRequest) and request not in rendered:
        rendered.append(request)


def clear() -> None:
    for kept in (skipped, clients, rendered):
        kept.clear()


def explanation(request: HttpRequest | None = None) -> str:
    """Why events may be missing, as text to append to a message: of one request, or of all since the last `clear()`."""
    found = [*of_settings(), *(of_request(request) if request else of_all_requests()), *skipped]
    lines = [f"\n  - {each}" for each in dict.fromkeys(found)]
    return "\nThis may be why:" + "".join(lines) if lines else ""


def of_settings() -> Iterator[str]:
    if not conf.pixels():
        yield 'No pixel is configured. Set CAPI["PIXEL_ID"].'
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield f'MIDDLEWARE does not have "{MIDDLEWARE}".'


def of_all_requests() -> Iterator[str]:
    for path, agent in clients:
        yield from of_agent(path, agent)
    for request in rendered:
        yield from of_request(request)


def of_request(request: HttpRequest) -> Iterator[str]:
    """Why a page has no events with ids."""
    yield from of_agent(request.path, agent_of(request) or "")
    if is_unwanted(request):
        yield f'{request.path}: excluded by CAPI["EXCLUDE"].'
    if conf.pixels() and not pixels_for(request):
        yield f'{request.path}: CAPI["PIXEL_FOR"] chose no pixel.'
    decided: Decision = decision(request)
    if not decided.consent.is_given:
        yield sentence(request.path, decided.reason, decided.advice)


def of_agent(path: str, agent: str) -> Iterator[str]:
    client = client_of(agent or None)
    if not agent:
        yield (
            f"{path}: no page events for a program: no User-Agent. Use django_capi.testing.BrowserClient, "
            "or the pytest fixture capi_events together with client."
        )
    elif client is ClientKind.CRAWLER:
        yield f"{path}: excluded as a crawler: User-Agent {agent!r}."
    elif client is ClientKind.PROGRAM:
        yield f"{path}: no page events for a program: User-Agent {agent!r}."


def sentence(subject: str, reason: str, advice: str) -> str:
    return f"{subject}: {reason}. {advice}".strip()
