"""The page of the payload helper: its form, and where the values of an event or an order come from."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi import callbacks
from django_capi.admin import own_request, payload_helper, search, test_events
from django_capi.admin.payload_helper import Examined, Given
from django_capi.conf import conf
from django_capi.meta.events import ActionSource, InvalidEvent
from django_capi.models import ConversionMark, Event
from django_capi.tracking import test_events as sending

USER_KEYS: Final = (
    "em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge", "external_id", "client_ip_address",
    "client_user_agent", "fbc", "fbp",
)  # fmt: skip
CUSTOM_KEYS: Final = ("value", "currency")


class PayloadForm(test_events.TestEventForm):
    """Typed values. They are sent by POST, so that they appear in no address."""

    action_source = forms.ChoiceField(label=gettext_lazy("Action source"))
    page = forms.CharField(label="event_source_url", max_length=500, required=False)

    field_order = ("event_name", "action_source", "page", *USER_KEYS, *CUSTOM_KEYS, "pixel", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action_source"].choices = [(str(one), str(one)) for one in ActionSource]  # type: ignore[attr-defined]
        self.fields["code"].required = False
        for key in (*USER_KEYS, *CUSTOM_KEYS):
            widget = forms.TextInput(attrs={"autocomplete": "off"})
            self.fields[key] = forms.CharField(label=key, max_length=1000, required=False, strip=False, widget=widget)
        self.order_fields(self.field_order)

    @property
    def given(self) -> Given:
        data = self.cleaned_data
        return Given(
            event_name=data["event_name"],
            user_data={key: data[key] for key in USER_KEYS if data[key]},
            custom_data={key: data[key] for key in CUSTOM_KEYS if data[key]},
            page=data["page"],
            action_source=ActionSource(data["action_source"]),
        )


def page(request: HttpRequest, context: dict[str, Any], *, may_send: bool) -> HttpResponse:
    """Examine what was typed, or the event or object that the address names."""
    form = PayloadForm(
        request.POST or None,
        initial={"code": test_events.first_code(request), "action_source": str(ActionSource.WEBSITE)},
    )
    examined: Examined | str | None = None
    own = None
    if request.method == "POST":
        examined = of_form(request, form, may_send=may_send) if form.is_valid() else None
    elif "me" in request.GET:
        own = own_request.explain(request)
        examined = own.examined
    elif term := request.GET.get("q", "").strip():
        examined = of_term(term)
    shown = {"title": _("Payload helper"), "form": form, "term": request.GET.get("q", ""), "may_send": may_send}
    shown["own"] = own
    return TemplateResponse(
        request, "admin/django_capi/event/payload_helper.html", {**context, **shown, **printed(examined)}
    )


def of_form(request: HttpRequest, form: PayloadForm, *, may_send: bool) -> Examined | str:
    try:
        examined = payload_helper.examine(form.given)
    except InvalidEvent as error:
        return payload_helper.refused(error)
    if "send" in request.POST and may_send and examined.event:
        if form.cleaned_data["code"]:
            test_events.tell(request, sending.send(examined.event, form.chosen, form.cleaned_data["code"]))
        else:
            form.add_error("code", _("Give a test code to send it."))
    return examined


def of_term(term: str) -> Examined | str:
    """An event by its id, or else the newest conversion of an object."""
    event = Event.objects.filter(event_id=term).exclude(payload="").first()
    if event:
        return payload_helper.examine_payload(event.payload)
    mark = ConversionMark.objects.filter(search.conversions(term)).order_by("-pk").first()
    if mark is None:
        return _("There is no event with a payload and no conversion of this name.")
    try:
        given = payload_helper.of_conversion(mark)
        return given if isinstance(given, str) else payload_helper.examine(given)
    except callbacks.Failed:
        return _("A method of the Conversion raised an error. The log names it.")
    except InvalidEvent as error:
        return payload_helper.refused(error)


def printed(examined: Examined | str | None) -> dict[str, Any]:
    if examined is None or isinstance(examined, str):
        return {"problem": examined or ""}
    pixel = next(iter(conf.pixels().values()), None)
    return {
        "examined": examined,
        "json": payload_helper.as_json(examined.payload),
        "curl": payload_helper.as_curl(examined.payload, pixel) if pixel else "",
        "python": payload_helper.as_python(examined.payload, pixel) if pixel else "",
    }
