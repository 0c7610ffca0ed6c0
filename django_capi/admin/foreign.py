"""The list of pixels that other code has put on pages, and the sentence on the Deduplication page about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.admin import empty_lists, pixels, wording
from django_capi.admin.cells import labelled
from django_capi.admin.empty import Empty
from django_capi.admin.pages import LogPagesMixin
from django_capi.models import Event, ForeignPixel
from django_capi.requests.pages import page_of_path

OTHER = _(
    "Pixel {other} is on the page {path} as well, and was not put there by this app: its events carry no id of this "
    "site, so nothing pairs them. They do not reach your pixel, as trackSingleOnly keeps them away. If you do not "
    "use that pixel, remove its base code or its tag from the page. {link}"
)
OWN = _(
    "Other code on the page {path} initialises pixel {other} as well, such as an old base code: events that it sends "
    "before this app's script carry no id, and Meta counts them a second time. Remove that code from your templates "
    "or your tag manager. {link}"
)

OTHER_OF_EVENT = _(
    "Other code had pixel {others} on the page {page} as well, whose events carry no id of this site, so that nothing "
    "pairs them. {link}"
)
OWN_OF_EVENT = _(
    "Other code on the page {page} initialised this event's pixel as well, so that Meta may count what that code sends "
    "a second time. {link}"
)
NEAR: Final = timedelta(hours=1)  # within which a page reports an event, and other pixels with it
MOST_NAMED: Final = 3


def notice(request: HttpRequest, *, days: int, pixel_id: str | None, site_name: str = "admin") -> SafeString:
    """What the Deduplication page says of the pixel that was seen last; empty without one in the last `days`."""
    if not request.user.has_perm("django_capi.view_foreignpixel"):
        return SafeString()
    rows = ForeignPixel.objects.filter(last_seen_at__gte=timezone.now() - timedelta(days=days))
    found = (rows.filter(pixel_id=pixel_id) if pixel_id else rows).order_by("-last_seen_at", "-pk").first()
    if found is None:
        return SafeString()
    return format_html(
        str(OWN if found.other_id == found.pixel_id else OTHER),
        other=format_html("<bdi>{}</bdi>", found.other_id),
        path=format_html("<bdi>{}</bdi>", found.path),
        link=to_list(site_name),
    )


def to_list(site_name: str) -> SafeString:
    address = reverse(f"{site_name}:django_capi_foreignpixel_changelist")
    return format_html('<a href="{}">{}</a>', address, _("All pages"))


def notices_of_event(event: Event, site_name: str) -> Iterator[SafeString]:
    """What the page of an event says of the other pixels that were seen on its page around its time."""
    seen = on_page_of(event)
    page = {"page": format_html("<bdi>{}</bdi>", event.page), "link": to_list(site_name)}
    if others := [other_id for other_id in seen if other_id != event.pixel_id]:
        yield format_html(str(OTHER_OF_EVENT), others=wording.listed(others[:MOST_NAMED]), **page)
    if event.pixel_id in seen:
        yield format_html(str(OWN_OF_EVENT), **page)


def on_page_of(event: Event) -> list[str]:
    """Return the other pixels on pages of the same URL pattern, which is all that an event keeps of its page."""
    if not event.page:
        return []
    at = datetime.fromtimestamp(event.event_time, UTC)
    rows = ForeignPixel.objects.filter(
        pixel_id=event.pixel_id, first_seen_at__lte=at + NEAR, last_seen_at__gte=at - NEAR
    )
    found = rows.order_by("-last_seen_at", "-pk").values_list("other_id", "path")
    return list(dict.fromkeys(other_id for other_id, path in found if page_of_path(path) == event.page))


class ForeignPixelAdminMixin(LogPagesMixin):
    list_display = ("other_id", "page", "pixel", "times", "first_seen", "last_seen")
    fields = list_display
    readonly_fields = list_display
    ordering = ("-last_seen_at", "-pk")

    def when_empty(self) -> Empty:
        return empty_lists.of_other_pixels()

    @admin.display(description=_("page"))
    def page(self, row: ForeignPixel) -> SafeString:
        return labelled(_("page"), row.path)

    @admin.display(description=_("pixel of this site"))
    def pixel(self, row: ForeignPixel) -> SafeString:
        return labelled(_("pixel of this site"), pixels.name_of(row.pixel_id))

    @admin.display(description=_("times seen"))
    def times(self, row: ForeignPixel) -> SafeString:
        return labelled(_("times seen"), wording.number(row.count))

    @admin.display(description=_("first seen"))
    def first_seen(self, row: ForeignPixel) -> SafeString:
        return labelled(_("first seen"), wording.instant(row.first_seen_at))

    @admin.display(description=_("last seen"))
    def last_seen(self, row: ForeignPixel) -> SafeString:
        return labelled(_("last seen"), wording.instant(row.last_seen_at))


class ForeignPixelAdmin(ForeignPixelAdminMixin, admin.ModelAdmin):
    """Pixels of other code, by page."""
