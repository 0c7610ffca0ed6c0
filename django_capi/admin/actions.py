"""What staff may do with events: resend them, send a copy of one as a test event, and withdraw those that wait."""

# the signatures are Django's

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_capi.admin import resend_messages
from django_capi.admin.paging import LIMIT
from django_capi.admin.test_codes import NO_CODE
from django_capi.ledger import resend, test_copies, withdrawal
from django_capi.models import RESENDABLE, Event, Status
from django_capi.tracking.test_events import is_given_code

if TYPE_CHECKING:
    Base = admin.ModelAdmin
else:
    Base = object


class EventActionsMixin(Base):
    """The actions of the list, and the buttons on the page of one event."""

    actions = ("resend_selected", "withdraw_selected")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.resend_event")

    def has_test_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.send_test_event")

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.withdraw_event")

    @admin.action(description=_("Resend selected events"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.send_again(request, queryset[:LIMIT])

    @admin.action(description=_("Withdraw selected events"), permissions=["withdraw"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.withdraw(request, queryset[:LIMIT])

    def send_again(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        events = list(chosen)
        resent = resend.resend([event.pk for event in events])
        count = len(resent.pks)
        self.log(request, [event for event in events if event.pk in set(resent.pks)], _("Asked to resend it."))
        words = ngettext("%(count)d event will be sent again.", "%(count)d events will be sent again.", count) % {
            "count": count
        }
        left = len(events) - count - len(resent.problems)
        if left:
            words += " " + ngettext(
                "%(count)d was left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
                "%(count)d were left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
                left,
            ) % {"count": left}
        if resent.problems:
            words += f" {resend_messages.left_alone(resent.problems)}"
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)

    def send_copy(self, request: HttpRequest, chosen: QuerySet[Event], code: str) -> None:
        event = chosen.get()
        copy = test_copies.store_copy(event.pk, code)
        if not isinstance(copy, Event):
            self.message_user(request, resend_messages.hindered(event, copy), messages.WARNING)
            return
        self.log(request, [event], _("Asked to send a copy as a test event: %(id)s.") % {"id": copy.event_id})
        self.message_user(request, resend_messages.copied(copy, self.admin_site.name), messages.SUCCESS)

    def withdraw(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        events = list(chosen)
        changed = withdrawal.end_waiting([event.pk for event in events])
        count = len(changed)
        self.log(request, [event for event in events if event.pk in set(changed)], _("Withdrew it."))
        words = ngettext(
            "%(count)d event was withdrawn and will not be sent.",
            "%(count)d events were withdrawn and will not be sent.",
            count,
        ) % {"count": count}
        if count < len(events):
            words += " " + str(_("Only events that are waiting can be withdrawn."))
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)

    def log(self, request: HttpRequest, changed: Sequence[Event], done: Any) -> None:
        """Write what was done into the history of the events that it changed."""
        if changed:
            LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, str(done))

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        return [
            path("<path:object_id>/resend/", wrapped(self.resend_view), name="django_capi_event_resend"),
            path(
                "<path:object_id>/resend-as-test/", wrapped(self.resend_test_view), name="django_capi_event_resend_test"
            ),
            path("<path:object_id>/withdraw/", wrapped(self.withdraw_view), name="django_capi_event_withdraw"),
            *super().get_urls(),
        ]

    def resend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        chosen = self.chosen_by_button(request, object_id, allowed=self.has_resend_permission(request))
        if isinstance(chosen, HttpResponse):
            return chosen
        self.send_again(request, chosen)
        return self.back_to(object_id)

    def resend_test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        allowed = self.has_resend_permission(request) and self.has_test_permission(request)
        chosen = self.chosen_by_button(request, object_id, allowed=allowed)
        if isinstance(chosen, HttpResponse):
            return chosen
        code = request.POST.get("code", "").strip()
        if is_given_code(code):
            self.send_copy(request, chosen, code)
        else:
            self.message_user(request, NO_CODE, messages.ERROR)
        return self.back_to(object_id)

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        chosen = self.chosen_by_button(request, object_id, allowed=self.has_withdraw_permission(request))
        if isinstance(chosen, HttpResponse):
            return chosen
        self.withdraw(request, chosen)
        return self.back_to(object_id)

    def chosen_by_button(
        self, request: HttpRequest, object_id: str, *, allowed: bool
    ) -> QuerySet[Event] | HttpResponse:
        """The event that a button on its page is for, or the answer to a request that is not from there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        event = self.get_object(request, object_id)
        if event is None:
            raise Http404
        if not (allowed and self.has_view_permission(request, event)):
            raise PermissionDenied
        return Event.objects.filter(pk=event.pk)

    def back_to(self, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:django_capi_event_change", args=[object_id]))

    def buttons(self, request: HttpRequest, event: Event) -> dict[str, Any]:
        """Which buttons the page of the event has."""
        can_resend = self.has_resend_permission(request) and resendable(event)
        return {
            "capi_can_resend": can_resend,
            "capi_can_resend_test": can_resend and self.has_test_permission(request),
            "capi_can_withdraw": event.status == Status.PENDING and self.has_withdraw_permission(request),
        }


def resendable(event: Event) -> bool:
    is_kept = event.status in RESENDABLE and bool(event.payload) and event.deadline > timezone.now()
    return is_kept and not resend.problem_of(event.payload) and not withdrawal.withdrawn_among([event.pk])
