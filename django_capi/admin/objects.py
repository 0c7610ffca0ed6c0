"""Show, on the site's own admin page of an object, what became of its conversions."""

# the signatures are Django's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.admin import links, outcomes, pills, pixels, wording
from django_capi.admin.cells import linked
from django_capi.admin.logs import outcome_pill, why_not_sent
from django_capi.conversions.objects import reference
from django_capi.models import ConversionMark, Event

if TYPE_CHECKING:
    Base = admin.ModelAdmin
else:
    Base = object

FIELD = "capi_events"
STYLE = "django_capi/admin.css"


class CapiEventsMixin(Base):
    """List an object's events on its admin page: put it before `ModelAdmin` in the admin of a model with conversions.

        class OrderAdmin(CapiEventsMixin, admin.ModelAdmin): ...

    It adds a read-only field, `capi_events`, in a section of its own, for staff who may view events. Name the field in
    `fields` or `fieldsets` to place it elsewhere.
    """

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(css={"all": (STYLE,)})

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), FIELD)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Without `fields`, Django would append the read-only field to the site's own."""
        found = super().get_fields(request, obj)
        return found if self.fields else [name for name in found if name != FIELD]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        found = list(super().get_fieldsets(request, obj))
        if obj is None or not links.may_view(self.admin_site, request, Event):
            return found
        if not any(FIELD in options["fields"] for _title, options in found):
            found.append((_("Events for Meta"), {"fields": (FIELD,)}))
        if not hasattr(obj, "capi_links"):
            obj.capi_links = links_of(self.admin_site, request, obj)  # type: ignore[attr-defined]  # capi_events() has no request
        return found

    @admin.display(description=_("events"))
    def capi_events(self, obj: Model) -> str:
        found = getattr(obj, "capi_links", None)
        return table(found) if found else str(_("None: it has not become a conversion yet."))


def links_of(site: admin.AdminSite, request: HttpRequest, obj: Model) -> list[tuple[Any, ...]]:
    """A row for each event of the object, or for a conversion without one. Two queries."""
    marks = list(ConversionMark.objects.filter(object_ref=reference(obj)).order_by("pk"))
    events = list(Event.objects.filter(event_id__in=[mark.event_id for mark in marks if mark.event_id]).order_by("pk"))
    rows: list[tuple[Any, ...]] = []
    for mark in marks:
        own = [event for event in events if event.event_id == mark.event_id and event.event_name == mark.event_name]
        name = linked(links.to_conversion(site, request, mark.pk), mark.event_name)
        rows += [(name, *event_cells(site, request, event)) for event in own]
        if not own:
            rows.append((name, outcome_pill(mark), why_not_sent(mark), wording.instant(mark.happened_at)))
    return rows


def event_cells(site: admin.AdminSite, request: HttpRequest, event: Event) -> tuple[Any, ...]:
    outcome = linked(links.to_event(site, request, event.pk), outcomes.LABELS[outcomes.outcome_of_event(event)])
    copies = format_html("{} {}", pills.server(event.status), pills.browser(event.browser_state))
    return outcome, copies, pixels.name_of(event.pixel_id)


def table(rows: list[tuple[Any, ...]]) -> SafeString:
    heads = (_("Conversion"), _("Outcome"), _("Server and browser copy, or reason"), _("Pixel, or time"))
    head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>', rows)
    caption = _("Conversions of this object, and their events")
    return format_html(
        '<table class="capi-table"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        caption,
        head,
        body,
    )
