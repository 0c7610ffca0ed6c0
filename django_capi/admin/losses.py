"""What the banner of a page says was lost, each number with the list of exactly what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import ngettext

from django_capi.admin import wording
from django_capi.admin.conversion_rows import ConversionLinks
from django_capi.admin.event_links import LOST, EventLinks
from django_capi.admin.filters import LOST_CONVERSIONS
from django_capi.models import Status
from django_capi.reports.evidence import Unsent
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class LossSentence:
    """A sentence, and the list of what it counts; without an address for those who may not view it."""

    text: str
    url: str


def losses(
    total: Counts, unsent: Unsent, links: EventLinks, to_conversions: ConversionLinks
) -> list[list[LossSentence]]:
    """The sentences of each line of the banner; none if nothing was lost."""
    lines = [list(lost_events(total, links)), list(lost_conversions(unsent, to_conversions))]
    return [line for line in lines if line]


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
    if sentence := of_these_in_doubt(total, links):
        yield sentence


def parts_of_neither(total: Counts, links: EventLinks) -> tuple[LossSentence, ...]:
    """What the table says of some of the events that reached Meta by neither channel."""
    found = of_these_in_doubt(total, links), of_these_withdrawn(total, links)
    return tuple(sentence for sentence in found if sentence)


def of_these_in_doubt(total: Counts, links: EventLinks) -> LossSentence | None:
    """The events in doubt without a browser copy."""
    if not total.in_doubt:
        return None
    words = ngettext("Of these, %(count)s is in doubt.", "Of these, %(count)s are in doubt.", total.in_doubt)
    return of_status(words, total.in_doubt, Status.IN_DOUBT, links)


def of_these_withdrawn(total: Counts, links: EventLinks) -> LossSentence | None:
    """The withdrawn events without a browser copy, which the banner omits."""
    if not total.withdrawn:
        return None
    words = ngettext(
        "Of these, %(count)s was withdrawn, which is no loss.",
        "Of these, %(count)s were withdrawn, which is no loss.",
        total.withdrawn,
    )
    return of_status(words, total.withdrawn, Status.WITHDRAWN, links)


def of_status(words: str, count: int, status: Status, links: EventLinks) -> LossSentence:
    url = links.to(outcome=Outcome.NEITHER, status__exact=int(status))
    return LossSentence(text=words % {"count": wording.number(count)}, url=url)


def lost_conversions(unsent: Unsent, to_conversions: ConversionLinks) -> Iterator[LossSentence]:
    count = unsent.lost.total()
    if count:
        words = ngettext(
            "%(count)s conversion was never sent: it was found too late for Meta, or belongs to no pixel.",
            "%(count)s conversions were never sent: they were found too late for Meta, or belong to no pixel.",
            count,
        )
        shown = wording.at_least(count) if unsent.is_cut else wording.number(count)
        yield LossSentence(text=words % {"count": shown}, url=to_conversions.to(reason=LOST_CONVERSIONS))
