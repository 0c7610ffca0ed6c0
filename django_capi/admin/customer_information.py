"""The page that shows which customer keys the server events carry, and why keys are missing."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_capi.admin import charts, deletions, empty, pills, wording
from django_capi.admin.chosen import PARAMETERS, chosen_in
from django_capi.admin.deduplication import dataset_url, pixel_choices, window_choices
from django_capi.admin.detail import KEY_ORDER
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import CountLink, link
from django_capi.admin.filters import NAMES
from django_capi.admin.gaps import gaps
from django_capi.admin.pages import ReportPageMixin
from django_capi.admin.timeline import name_of
from django_capi.ledger.tallies import HOUR
from django_capi.meta.normalize.keys import BY_KEY
from django_capi.meta.rules.about_person import TOO_BROAD
from django_capi.models import Event, Status
from django_capi.reports import evidence, freshness, information, overlap, sums
from django_capi.reports.information import STEADY, Carried, Information

WHOLE: Final = 1000  # of a share, in the lines
LABELS: Final[Mapping[str, Any]] = {
    "em": gettext_lazy("Email address"),
    "ph": gettext_lazy("Phone number"),
    "fn": gettext_lazy("First name"),
    "ln": gettext_lazy("Last name"),
    "ct": gettext_lazy("City"),
    "st": pgettext_lazy("part of a country", "State"),
    "zp": gettext_lazy("Postcode"),
    "country": gettext_lazy("Country"),
    "db": gettext_lazy("Date of birth"),
    "ge": gettext_lazy("Gender"),
    "external_id": gettext_lazy("External ID"),
    "client_ip_address": gettext_lazy("IP address"),
    "client_user_agent": gettext_lazy("User agent"),
    "fbc": gettext_lazy("Click ID"),
    "fbp": gettext_lazy("Browser ID"),
    "subscription_id": gettext_lazy("Subscription ID"),
    "fb_login_id": gettext_lazy("Facebook login ID"),
    "lead_id": gettext_lazy("Lead ID"),
    "anon_id": gettext_lazy("Installation ID"),
    "madid": gettext_lazy("Mobile advertiser ID"),
}
# Keys that not every event can carry, so that a small share of them is no fault.
ONLY: Final[Mapping[str, Any]] = {
    "external_id": gettext_lazy("only of signed-in customers"),
    "fbc": gettext_lazy("only of visitors who came from an advert"),
    "subscription_id": gettext_lazy("only of subscriptions"),
    "fb_login_id": gettext_lazy("only of customers who signed in with Facebook"),
    "lead_id": gettext_lazy("only of leads from Meta's lead forms"),
    "anon_id": gettext_lazy("only of app events"),
    "madid": gettext_lazy("only of app events"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyLine:
    """One customer key: how many events carry it, how that has changed, and its line over time."""

    key: str
    label: Any
    only: Any
    share: str
    bar: SafeString
    carrying: CountLink
    lacking: CountLink
    trend: SafeString
    line: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class StepLine:
    """An hour or a day: its name, its events, and the share of each key with the events that carry it."""

    name: str
    events: CountLink
    shares: tuple[CountLink, ...]


class CustomerInformationAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/customer_information.html"
    parameters = PARAMETERS

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        chosen = chosen_in(request)
        scope = chosen.scope(now)
        step = scope.window.step(now)
        links = EventLinks(list_url=self.list_url(request, Event), scope=scope)
        found = information.information(scope, scope.window.before(now), step)
        reasons = information.gaps(scope)
        carried = [key for key in KEY_ORDER if found.now.by_key[key]]
        return {
            "chosen": chosen,
            "windows": window_choices(chosen),
            "pixels": pixel_choices(chosen),
            "event_names": list(dict.fromkeys([*NAMES, *([chosen.event_name] if chosen.event_name else [])])),
            "notice": empty.notice(),
            "empty": empty_state(scope, found.now),
            "deleted": deletions.sentence(scope.window),
            "accepted": link(found.now.events, links.to(status__exact=Status.ACCEPTED.value)),
            "weak": link(found.now.weak, links.to(keys="weak")),
            "accepted_number": found.now.events,
            "weak_number": found.now.weak,
            "combinations": combinations(),
            "lines": [key_line(key, found, links) for key in KEY_ORDER],
            "is_hourly": step == HOUR,
            "carried": carried,
            "steps": [step_line(each, step, carried, links) for each in reversed(found.steps)],
            "gaps": gaps(reasons, links),
            "gaps_since": wording.instant(datetime.fromtimestamp(reasons.since, UTC)) if reasons.is_cut else "",
            "gaps_most": wording.number(information.MOST_EVENTS),
            "dataset_url": dataset_url(chosen),
        }


def empty_state(scope: sums.Scope, carried: Carried) -> empty.Empty | None:
    """What to do where Meta has accepted no event of the window."""
    if carried.events:
        return None
    measured = overlap.measured(scope, lost_conversions=evidence.not_sent(scope).lost_by_name)
    return empty.of_accepted(measured.total, window=scope.window)


def combinations() -> list[str]:
    """The combinations that Meta refuses, each as the names of its keys."""
    return [" + ".join(key for key in KEY_ORDER if key in keys) for keys in TOO_BROAD]


def key_line(key: str, found: Information, links: EventLinks) -> KeyLine:
    carrying, part = found.now.by_key[key], found.now.share(key)
    accepted = Status.ACCEPTED.value
    return KeyLine(
        key=key,
        label=label_of(key),
        only=ONLY.get(key, ""),
        share=wording.percent(part),
        bar=charts.bar(part, tone="server", label=wording.percent(part)),
        carrying=link(carrying, links.to(status__exact=accepted, carries=key)),
        lacking=link(found.now.events - carrying, links.to(status__exact=accepted, lacks=key)),
        trend=trend(key, found),
        line=line(key, found),
    )


def label_of(key: str) -> Any:
    return LABELS.get(key) or capfirst(BY_KEY[key].label)


def trend(key: str, found: Information) -> SafeString:
    """The share against that of the window before, as an arrow and in words."""
    change, before = found.change(key), {"share": wording.percent(found.before.share(key))}
    if change is None:
        return pills.pill("quiet", "·", _("Too few to compare"))
    if abs(change) < STEADY:
        return pills.pill("quiet", "→", _("Steady"))
    if change > 0:
        return pills.pill("good", "▲", _("Up from %(share)s") % before)
    return pills.pill("fair", "▼", _("Down from %(share)s") % before)


def line(key: str, found: Information) -> SafeString:
    """The shares of the steps that have events."""
    shares = [share for step in found.steps if (share := step.carried.share(key)) is not None]
    label = _("Share of events with %(key)s over time: %(shares)s") % {
        "key": key,
        "shares": ", ".join(map(wording.percent, shares)),
    }
    values = [round(share * WHOLE) for share in shares]
    drawn = charts.ChartLine(tone="server", label=label, values=values)
    return charts.lines([drawn], label=label, height=charts.SPARK_HEIGHT, top=WHOLE)


def step_line(step: information.Step, seconds: int, keys: list[str], links: EventLinks) -> StepLine:
    to = partial(links.to, since=step.start, until=step.start + seconds, status__exact=Status.ACCEPTED.value)
    return StepLine(
        name=name_of(step.start, seconds),
        events=link(step.carried.events, to()),
        shares=tuple(
            CountLink(
                count=wording.percent(step.carried.share(key)),
                url=to(carries=key) if step.carried.by_key[key] else "",
            )
            for key in keys
        ),
    )


class CustomerInformationAdmin(CustomerInformationAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
