"""What the banner of a page says was lost, each number with the list of exactly what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import ngettext

from django_capi.admin import wording
from django_capi.admin.event_links import LOST, EventLinks
from django_capi.models import Status
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class LossSentence:
    """A sentence that is a link."""

    text: str
    url: str


def losses(total: Counts, links: EventLinks) -> list[list[LossSentence]]:
    """The sentences of each line of the banner; none if nothing was lost."""
    return [line for line in [list(lost_events(total, links))] if line]


def lost_events(total: Counts, links: EventLinks) -> Iterator[LossSentence]:
    """Only Meta knows whether a copy arrived that no page reported, or that it never answered."""
    if not total.lost:
        return
    words = ngettext(
        "%(count)s event reached Meta by neither channel, as far as this site knows.",
        "%(count)s events reached Meta by neither channel, as far as this site knows.",
        total.lost,
    )
    yield LossSentence(text=words % {"count": wording.number(total.lost)}, url=links.to(outcome=LOST))
    if total.in_doubt:
        yield LossSentence(text=of_these_in_doubt(total.in_doubt), url=in_doubt_url(links))


def of_these_in_doubt(count: int) -> str:
    words = ngettext("Of these, %(count)s is in doubt.", "Of these, %(count)s are in doubt.", count)
    return words % {"count": wording.number(count)}


def in_doubt_url(links: EventLinks) -> str:
    """The events in doubt without a browser copy."""
    return links.to(outcome=Outcome.NEITHER, status__exact=int(Status.IN_DOUBT))
