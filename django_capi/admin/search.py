"""Find the conversions and events that a search term names: an order's number, an object, an event id, a trace id."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from django_capi.conversions.base import registry
from django_capi.database.keys import PkIn
from django_capi.models import Batch, ConversionMark, Event


def conversions(term: str) -> Q:
    """The conversions of an object, by its own number, its primary key, or as `shop.order:12`."""
    refs = [term, *(f"{model._meta.label_lower}:{term}" for model in registry)]
    return Q(object_ref__in=refs) | Q(reference=term)


def conversions_or_their_events(term: str) -> Q:
    """As above, or by the id of an event of theirs."""
    refs = Event.objects.filter(event_id=term).exclude(object_ref="").values_list("object_ref", flat=True)
    return conversions(term) | Q(object_ref__in=list(refs))


def events(term: str) -> Q:
    """Whole values only: a search for a part of one would read the whole ledger."""
    if batches := list(Batch.objects.filter(fbtrace_id=term)):
        return of_requests(batches)
    # An object's events are those of its marks: the ledger needs no index of its own for them.
    marks = ConversionMark.objects.filter(conversions(term)).exclude(event_id="")
    return Q(event_id__in=[term, *marks.values_list("event_id", flat=True)])


def of_requests(batches: Sequence[Batch]) -> Q:
    """The events that these requests settled, by the keys in the requests: no index finds the events of a request."""
    settled = Q(batch_id__in=[batch.pk for batch in batches])
    return settled & Q(PkIn([pk for batch in batches for pk in batch.event_pks]))
