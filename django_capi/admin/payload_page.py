"""The page of the payload helper, and its form."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import own_request, payload_helper, payload_sources, test_events
from django_capi.admin.payload_helper import Examined, Given
from django_capi.browser.nonces import nonce_of
from django_capi.conf import Pixel, conf
from django_capi.meta.events import ActionSource, InvalidEvent
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


def page(request: HttpRequest, site: AdminSite, context: dict[str, Any], *, may_send: bool) -> HttpResponse:
    """Examine what was typed, or the event or object that the address names."""
    form = PayloadForm(
        request.POST or None,
        initial={"code": test_events.first_code(request), "action_source": str(ActionSource.WEBSITE)},
    )
    term = request.GET.get("q", "").strip()
    shown = {"title": _("Payload helper"), "form": form, "term": term, "may_send": may_send}
    if request.method == "POST":
        if form.is_valid():
            shown |= printed(request, of_form(request, form, may_send=may_send), form.chosen)
    elif "me" in request.GET:
        own = own_request.explain(request)
        shown |= {"own": own, **printed(request, own.examined, pixel_of(""))}
    elif term:
        source = payload_sources.of_term(term)
        shown |= payload_sources.printed(source, site, request)
        shown |= printed(request, source.examined or source.problem, pixel_of(source.pixel_id))
    return TemplateResponse(request, "admin/django_capi/event/payload_helper.html", {**context, **shown})


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


def pixel_of(pixel_id: str) -> Pixel | None:
    """The pixel with this id, or the first one where no id is known; None for one that is not in the settings."""
    return next((pixel for pixel in conf.pixels().values() if pixel_id in ("", pixel.pixel_id)), None)


def printed(request: HttpRequest, examined: Examined | str | None, pixel: Pixel | None) -> dict[str, Any]:
    if examined is None or isinstance(examined, str):
        return {"problem": examined or ""}
    return {
        "examined": examined,
        "nonce": nonce_of(request),
        "json": payload_helper.as_json(examined.payload),
        "curl": payload_helper.as_curl(examined.payload, pixel) if pixel else "",
        "python": payload_helper.as_python(examined.payload, pixel) if pixel else "",
    }
