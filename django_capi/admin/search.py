"""Find the conversions and events that a search term names: an order's number, an object, an event id, a trace id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Q

from django_capi.conversions.base import registry
from django_capi.database.keys import PkIn
from django_capi.models import Batch, ConversionMark, Event

SHORTEST_PREFIX: Final = 8  # characters
MOST_OF_PREFIX: Final = 50  # events that are read for a prefix


def spellings(term: str) -> list[str]:
    """Return the ways in which the stored value may be written.

    >>> spellings(" #C6ac ")
    ['C6ac', 'c6ac', 'C6AC', '#C6ac', '#c6ac', '#C6AC']
    >>> spellings("12")
    ['12']
    """
    given = term.replace("\0", "").strip()  # PostgreSQL refuses NUL
    bare = given.removeprefix("#").strip()
    written = [bare, bare.lower(), bare.upper(), given, given.lower(), given.upper()]
    return list(dict.fromkeys(filter(None, written)))


def conversions(term: str) -> Q:
    """The conversions of an object, by its own number, its primary key, or as `shop.order:12`."""
    names = spellings(term)
    refs = [f"{model._meta.label_lower}:{name}" for model in registry for name in names]
    return Q(object_ref__in=[*names, *refs]) | Q(reference__in=names)


def conversions_or_their_events(term: str) -> Q:
    """As above, or by the id of an event of theirs."""
    rows = Event.objects.filter(event_id__in=event_ids(term)).exclude(object_ref="")
    return conversions(term) | Q(object_ref__in=list(rows.values_list("object_ref", flat=True)))


def events(term: str) -> Q:
    """Whole values, or the beginning of an event id: a search for any other part would read the whole ledger."""
    if batches := list(Batch.objects.filter(fbtrace_id__in=spellings(term))):
        return of_requests(batches)
    return Q(event_id__in=event_ids(term))


def event_ids(term: str) -> list[str]:
    """Return the ids that the term may mean. It means the beginning of an id only if it is no whole value."""
    # An object's events are those of its marks: the ledger needs no index of its own for them.
    marks = list(ConversionMark.objects.filter(conversions(term)).values_list("event_id", flat=True))
    whole = [*spellings(term), *filter(None, marks)]
    if marks or Event.objects.filter(event_id__in=whole).exists():
        return whole
    return next(filter(None, map(ids_with_prefix, spellings(term))), [])


def ids_with_prefix(prefix: str) -> list[str]:
    """Return event ids that begin with this, from a bounded number of rows.

    The rows are read in the order of the index on the id. In the order of bytes, and of usual languages, the ids with
    the prefix are the first ones. PostgreSQL would not use the index for LIKE.
    """
    if len(prefix) < SHORTEST_PREFIX:
        return []
    rows = Event.objects.filter(event_id__gte=prefix).order_by("event_id")
    ids = rows.values_list("event_id", flat=True)[:MOST_OF_PREFIX]
    return list(dict.fromkeys(each for each in ids if each.startswith(prefix)))


def of_requests(batches: Sequence[Batch]) -> Q:
    """The events that these requests settled, by the keys in the requests: no index finds the events of a request."""
    settled = Q(batch_id__in=[batch.pk for batch in batches])
    return settled & Q(PkIn([pk for batch in batches for pk in batch.event_pks]))
