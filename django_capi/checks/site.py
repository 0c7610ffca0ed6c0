"""Check the site's middleware, URLs, Content-Security-Policy and database."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, reverse

from django_capi.checks import database
from django_capi.checks.csp import check_policies
from django_capi.checks.imports import PathError, imported
from django_capi.conf import conf

MIDDLEWARE = "django_capi.middleware.CapiMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
ACCOUNTS = "django.contrib.auth.middleware.AuthenticationMiddleware"
PAGE_CACHES = (
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "wagtailcache.cache.UpdateCacheMiddleware",
    "wagtailcache.cache.FetchFromCacheMiddleware",
)


def messages() -> Iterator[CheckMessage]:
    yield from check_middleware()
    yield from check_page_cache()
    yield from check_policies()
    yield from check_urls()
    yield from database.messages()


def check_middleware() -> Iterator[CheckMessage]:
    ours = position(MIDDLEWARE)
    if ours is None:
        yield checks.Warning(
            "MIDDLEWARE has no CapiMiddleware: page views have no server copy, and visitor data is unavailable.",
            hint=f'Add "{MIDDLEWARE}", below sessions and authentication.',
            id="django_capi.W001",
        )
        return
    later = [name for name in (SESSIONS, ACCOUNTS) if (position(name) or 0) > ours]
    if later:
        lowest = max(later, key=lambda name: position(name) or 0)
        yield checks.Warning(
            "CapiMiddleware comes before middleware that it needs: it sees neither the session nor the user.",
            hint=f'In MIDDLEWARE, move "{MIDDLEWARE}", below "{lowest}",',
            id="django_capi.W002",
        )


def check_page_cache() -> Iterator[CheckMessage]:
    if conf.PAGE_IDS != "server" or all(position(name) is None for name in PAGE_CACHES):
        return
    yield checks.Warning(
        'CAPI["PAGE_IDS"] is "server" and whole pages are cached: all visitors of a cached page share its event ids.',
        hint='Write "PAGE_IDS": "auto", or remove the line: the browser then makes the ids of cached pages.',
        id="django_capi.W006",
    )


def position(name: str) -> int | None:
    """Return the index of a middleware, or of a subclass of it, in MIDDLEWARE."""
    written: object = settings.MIDDLEWARE
    paths = written if isinstance(written, (list, tuple)) else ()
    return next((index for index, path in enumerate(paths) if path == name or name in ancestors(path)), None)


def ancestors(path: object) -> list[str]:
    try:
        found = imported(path) if isinstance(path, str) else None
    except PathError:
        return []  # Django reports it when it loads the list
    return [f"{base.__module__}.{base.__qualname__}" for base in getattr(found, "__mro__", ())]


def check_urls() -> Iterator[CheckMessage]:
    try:
        reverse("django_capi:collect")
    except NoReverseMatch:
        yield checks.Warning(
            "ROOT_URLCONF does not include django_capi.urls: the browser cannot report its events.",
            hint='Add to urlpatterns: path("capi/", include("django_capi.urls")),',
            id="django_capi.W014",
        )
    except Exception:  # noqa: BLE001  # Django's own checks report URLs that cannot be imported
        return
