"""The page of test events: a live list of both copies, paired by event id, and a form that sends one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from django_capi.admin import detail, links, outcomes, payload_helper, pills, pixels, stored, test_mode, wording
from django_capi.admin.test_codes import TestCodeField
from django_capi.browser.nonces import nonce_of
from django_capi.conf import Pixel, conf
from django_capi.meta.events import InvalidEvent
from django_capi.models import BrowserState, Event, Status
from django_capi.requests import test_mode as test_cookie
from django_capi.tracking import test_events
from django_capi.tracking.actions import is_storable

NEWEST: Final = 5000  # events of the ledger that are searched for test events, so that the page's cost is fixed
MOST: Final = 50  # test events on the page


View = Callable[..., HttpResponse]


def without_transaction(view: View) -> View:
    """Exempt the view from ATOMIC_REQUESTS in every database, so that no transaction is open while Meta answers."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


class TestEventForm(forms.Form):
    """Which event to send, for which pixel, with which code."""

    __test__ = False

    event_name = forms.CharField(label=_("Event name"), max_length=50, initial="Purchase")
    pixel = forms.ChoiceField(label=_("Pixel"))
    code = TestCodeField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pixel"].choices = [(name, name) for name in conf.pixels()]  # type: ignore[attr-defined]  # a ChoiceField

    def clean_event_name(self) -> str:
        name: str = self.cleaned_data["event_name"]
        if not is_storable("event_name", name):
            raise forms.ValidationError(_("Use 1 to 50 printable characters."))
        return name

    @property
    def chosen(self) -> Pixel:
        return conf.pixels()[self.cleaned_data["pixel"]]


def page(request: HttpRequest, site: AdminSite, context: dict[str, Any], *, may_send: bool) -> HttpResponse:
    """Show the list and the form, or send what the form says."""
    form = TestEventForm(request.POST or None, initial={"code": first_code(request)})
    if request.method == "POST":
        if not may_send:
            raise PermissionDenied
        if form.is_valid():
            send(request, form)
            return HttpResponseRedirect(request.path)
    shown = {
        "title": _("Test events"),
        "form": form if may_send and conf.pixels() else None,
        "rows": rows(site, request),
        "current_code": test_cookie.code_of(request),
        "nonce": nonce_of(request),
    }
    return TemplateResponse(request, "admin/django_capi/event/test_events.html", {**context, **shown})


def first_code(request: HttpRequest) -> str:
    return next((code for pixel in conf.pixels().values() if (code := test_mode.code_for(request, pixel.pixel_id))), "")


def send(request: HttpRequest, form: TestEventForm) -> None:
    address = request.build_absolute_uri("/")
    try:
        event = test_events.sample(form.cleaned_data["event_name"], page=address)
        sent = test_events.send(event, form.chosen, form.cleaned_data["code"])
    except InvalidEvent as error:
        messages.error(request, payload_helper.refused(error))
        return
    tell(request, sent)


def tell(request: HttpRequest, sent: test_events.TestEvent) -> None:
    """Say what became of it, with the trace id that Meta's support asks for."""
    if sent.problem:
        words = _("Not sent, as Meta would refuse it. %(field)s: %(advice)s")
        messages.error(request, words % {"field": sent.problem.field, "advice": stored.translated(sent.problem.advice)})
        return
    verdict = sent.answer.verdict if sent.answer else None
    trace = verdict.fbtrace_id if verdict and verdict.fbtrace_id else wording.NOTHING
    if sent.is_accepted and conf.sender() != "graph":
        messages.warning(request, _('CAPI["SENDER"] is not "graph": nothing was sent to Meta.'))
    elif sent.is_accepted:
        messages.success(request, _("Meta accepted the test event. fbtrace_id: %(trace)s") % {"trace": trace})
    else:
        reason = stored.translated(verdict.reason) if verdict else wording.NOTHING
        words = _("Meta did not accept the test event: %(reason)s fbtrace_id: %(trace)s")
        messages.error(request, words % {"reason": reason, "trace": trace})


def feed(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The rows as JSON, for the script that refreshes the page."""
    answer = JsonResponse({"rows": rows(site, request)})
    answer["Cache-Control"] = "no-store"
    return answer


def rows(site: AdminSite, request: HttpRequest) -> list[dict[str, Any]]:
    """The newest test events among the newest events of the ledger. Two queries."""
    newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    found = Event.objects.filter(pk__gt=newest - NEWEST).exclude(test_event_code="").order_by("-pk")
    found = found.select_related("batch").defer("payload")
    return [row(event, lambda pk: links.to_event(site, request, pk)) for event in found[:MOST]]


def row(event: Event, url_of: Callable[[int], str]) -> dict[str, Any]:
    """Plain strings, so that the template and the script print the same."""
    tone, mark = pills.SERVER[Status(event.status)]
    browser_tone, browser_mark = pills.BROWSER[BrowserState(event.browser_state)]
    return {
        "url": url_of(event.pk),
        "time": wording.instant(detail.happened_at(event)),
        "event_name": event.event_name,
        "event_id": event.event_id,
        "pixel": pixels.name_of(event.pixel_id),
        "code": event.test_event_code,
        "outcome": str(outcomes.LABELS[outcomes.outcome_of_event(event)]),
        "server": {"tone": tone, "mark": mark, "word": str(Status(event.status).label)},
        "browser": {"tone": browser_tone, "mark": browser_mark, "word": str(BrowserState(event.browser_state).label)},
        "trace": event.batch.fbtrace_id if event.batch_id and event.batch else "",
    }
