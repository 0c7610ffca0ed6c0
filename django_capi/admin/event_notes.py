"""What the page of an event says beside its story, of this one event only."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.admin import foreign, links, wording
from django_capi.models import Event, ForeignPixel
from django_capi.reports.diagnostics import shows

VALUES = _(
    "The server copy says {server}, and the browser copy said {browser}. Meta keeps one of them, usually the one that "
    "it received first, and drops the other together with its value. Which one is right, only your site knows."
)


def notes(event: Event, site: AdminSite, request: HttpRequest) -> Iterator[SafeString]:
    if shows("value_mismatch", event):
        yield format_html(
            str(VALUES),
            server=format_html("<bdi>{}</bdi>", wording.worth(event.value, event.currency)),
            browser=format_html("<bdi>{}</bdi>", wording.worth(event.browser_value, event.browser_currency)),
        )
    if links.may_view(site, request, ForeignPixel):
        yield from foreign.notices_of_event(event, site.name)
