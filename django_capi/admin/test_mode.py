"""The page on which staff switch their own browser to test events, and back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from django_capi.admin.test_codes import TestCodeField
from django_capi.conf import conf
from django_capi.requests import test_mode


class CodeForm(forms.Form):
    """Which code this browser's events are sent with."""

    code = TestCodeField()


def code_for(request: HttpRequest, pixel_id: str) -> str:
    """The test code that this browser or the pixel's settings have."""
    codes = (pixel.test_event_code for pixel in conf.pixels().values() if pixel.pixel_id == pixel_id)
    return test_mode.code_of(request) or next(codes, "")


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the form, or do as it says."""
    if request.method == "POST" and "stop" in request.POST:
        stopped = HttpResponseRedirect(request.path)
        test_mode.stop(stopped)
        messages.success(request, _("This browser's events are sent as those of any customer."))
        return stopped
    form = CodeForm(request.POST or None, initial={"code": conf.TEST_EVENT_CODE})
    if request.method == "POST" and form.is_valid():
        started = HttpResponseRedirect(request.path)
        test_mode.start(request, started, form.cleaned_data["code"])
        messages.success(request, _("For an hour, this browser's events are sent as test events."))
        return started
    shown = {"title": _("Test mode"), "form": form, "current_code": test_mode.code_of(request)}
    return TemplateResponse(request, "admin/django_capi/event/test_mode.html", {**context, **shown})
