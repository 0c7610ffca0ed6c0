"""Find conversions that no signal reported: after `update()`, bulk operations, other programs, killed processes.

Each run is bounded in rows and time, and continues where the last one stopped. It reads, in this order: stored
conversions whose data is incomplete, objects that are still owed their event, new objects by their ascending keys, and
what `Conversion.candidates()` returns.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.db.models import F, Model, Q
from django.utils import timezone

from django_capi import callbacks
from django_capi.conversions import objects, sources
from django_capi.conversions.base import Conversion, concrete, find_conversion, has_happened, registry
from django_capi.conversions.settle import Occurrence, complete, settle
from django_capi.database.alias import using
from django_capi.database.keys import batched
from django_capi.ledger import marks
from django_capi.models import ConversionMark, ConversionSource, ConversionState
from django_capi.tracking.errors import LogErrors

logger = logging.getLogger("django_capi")

ROWS: Final = 500  # of each kind in a run
AT_ONCE: Final = 100  # between two checks of the time
SECONDS: Final = 5.0  # of a run; a checkout waits for none of it
INTERVAL: Final = timedelta(seconds=30)  # between two runs, however many workers there are
OPEN_TRANSACTIONS: Final = timedelta(minutes=15)  # a key may be committed this much later than a higher one
OVERLAP: Final = timedelta(hours=1)  # of two laps through the candidates
GONE_AFTER: Final = timedelta(days=1)  # an object that is missing may not be committed yet

HasTime = Callable[[], bool]


def sweep(*, seconds: float = SECONDS) -> int:
    """One bounded run; the number of conversions that it settled. Any number of workers may call it at once."""
    if not registry:
        return 0
    until = time.monotonic() + seconds

    def has_time() -> bool:
        return time.monotonic() < until

    complete_stored()
    turns = [source for source in known_sources() if claim_turn(source)]
    found = check_owed(has_time) if turns else 0
    for source in turns:
        conversion = find_conversion(model_of(source), source.event_name)
        if conversion and has_time():
            found += read_new(conversion, source) + read_candidates(conversion, source)
    if found:
        logger.info("%d conversions were found that no signal had reported.", found)
    return found


def model_of(source: ConversionSource) -> type[Model] | None:
    try:
        return apps.get_model(source.model)
    except LookupError:
        return None


def complete_stored() -> None:
    """Complete the events whose process ended before it could."""
    for found in located(marks.incomplete(limit=ROWS)):
        with LogErrors(found.mark.event_name):
            complete(found.conversion, found.mark, found.obj)


def known_sources() -> list[ConversionSource]:
    """The rows of all registered classes, one for each database in which they were met."""
    sources.meet_registered()
    return list(ConversionSource.objects.using(using()).order_by(F("swept_at").asc(nulls_first=True)))


def claim_turn(source: ConversionSource) -> bool:
    """True for one worker per interval."""
    now = timezone.now()
    rested = Q(swept_at=None) | Q(swept_at__lte=now - INTERVAL)
    return bool(ConversionSource.objects.using(using()).filter(rested, pk=source.pk).update(swept_at=now))


def check_owed(has_time: HasTime) -> int:
    """Check again the objects that had not happened when this app last saw them."""
    settled = 0
    for part in batched(marks.due(limit=ROWS), AT_ONCE):
        if not has_time():
            break
        for found in located(part):
            settled += found.conversion is not None and settle_if_happened(
                found.conversion, found.obj, found.mark.object_ref, found.database
            )
            if found.is_gone and found.mark.created_at < timezone.now() - GONE_AFTER:
                marks.forget(found.mark)
        marks.postpone_checks(part)
    return settled


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """A stored row, and the object that it is about."""

    mark: ConversionMark
    conversion: Conversion[Any] | None  # None: the site no longer has it
    obj: Model | None
    database: str = ""
    is_gone: bool = False  # False if that is not known, as with a hashed key


def located(found: Sequence[ConversionMark]) -> Iterator[Located]:
    """The rows with their objects, which are read together."""
    places = {mark.pk: objects.place(mark.object_ref) for mark in found}
    stored: dict[tuple[type[Model], str], dict[str, Model]] = {}
    for model, database in {(place.model, place.database) for place in places.values() if place}:
        keys = [place.pk for place in places.values() if place and (place.model, place.database) == (model, database)]
        stored[model, database] = read(model, database, keys)
    for mark in found:
        place = places[mark.pk]
        if place is None:
            yield Located(mark=mark, conversion=None, obj=None)
            continue
        obj = stored[place.model, place.database].get(place.pk)
        conversion = find_conversion(place.model, mark.event_name)
        yield Located(mark=mark, conversion=conversion, obj=obj, database=place.database, is_gone=obj is None)


def read(model: type[Model], database: str, keys: Sequence[str]) -> dict[str, Model]:
    """Objects by their keys as strings."""
    return {str(obj.pk): obj for obj in model._base_manager.using(database).filter(pk__in=keys)}


def settle_if_happened(conversion: Conversion[Any], obj: Model | None, object_ref: str, database: str) -> bool:
    if obj is None or not has_happened(conversion, obj):
        return False
    with LogErrors(conversion.event_name):
        return settle(Occurrence(conversion=conversion, obj=obj, object_ref=object_ref, database=database))
    return False


def read_new(conversion: Conversion[Any], source: ConversionSource) -> int:
    """Find the objects that no signal reported, by ascending keys.

    A lap begins at the key up to which everything is certainly committed and reads to the newest. Then the next begins.
    """
    model = concrete(conversion.model)
    if not sources.has_ascending_keys(model):
        return 0
    page = list(model._base_manager.using(source.database).filter(pk__gt=source.cursor).order_by("pk")[:ROWS])
    settled = meet_all(conversion, page, source.database)
    changes: dict[str, Any] = {"cursor": page[-1].pk if page else source.cursor}
    if len(page) < ROWS:
        changes |= next_lap(source, changes["cursor"])
    ConversionSource.objects.using(using()).filter(pk=source.pk).update(**changes)
    return settled


def next_lap(source: ConversionSource, highest: int) -> dict[str, Any]:
    """Where the next lap begins: no later than what was the newest key before the oldest open transaction."""
    now = timezone.now()
    if source.lap_at and source.lap_at > now - OPEN_TRANSACTIONS:
        return {"cursor": source.lap_start}
    return {"cursor": source.lap_end, "lap_start": source.lap_end, "lap_end": highest, "lap_at": now}


def meet_all(conversion: Conversion[Any], page: Sequence[Model], database: str) -> int:
    """Settle what has happened, and record what is still owed. Returns the number of settled objects."""
    refs = {objects.reference(obj, conversion, database): obj for obj in page}
    states = marks.states_of(list(refs), conversion.event_name)
    unmet = {ref: obj for ref, obj in refs.items() if states.get(ref, ConversionState.OPEN) == ConversionState.OPEN}
    happened = {ref: has_happened(conversion, obj) for ref, obj in unmet.items()}
    marks.open_marks([ref for ref, has in happened.items() if not has and ref not in states], conversion.event_name)
    return sum(settle_if_happened(conversion, unmet[ref], ref, database) for ref, has in happened.items() if has)


def read_candidates(conversion: Conversion[Any], source: ConversionSource) -> int:
    """Find what `candidates()` returns, in laps as well."""
    started = source.next_since if source.candidate_pk else timezone.now()
    since = source.since or source.met_at
    with LogErrors(f"candidates() of {conversion.event_name}"):
        settled, after = 0, last_candidate(conversion, source)
        while True:
            page = candidates_after(conversion, since, after, source.database)
            if page is None:
                return 0
            settled += meet_all(conversion, page, source.database)
            is_over = len(page) < ROWS
            if is_over or can_be_kept(page[-1].pk):
                break  # otherwise the next pass could not go on here
            after = page[-1].pk
        changes = {"candidate_pk": "" if is_over else str(page[-1].pk), "next_since": started}
        if is_over and started:
            changes["since"] = max(since, started - OVERLAP)
        ConversionSource.objects.using(using()).filter(pk=source.pk).update(**changes)
        return settled
    return 0


def last_candidate(conversion: Conversion[Any], source: ConversionSource) -> object:
    """The key after which to go on; None at the beginning of a lap."""
    return conversion.model._meta.pk.to_python(source.candidate_pk) if source.candidate_pk else None


def can_be_kept(pk: object) -> bool:
    """Whether the column takes the key: one value, not too long, and nothing that may be an e-mail address."""
    text = str(pk)
    return not isinstance(pk, tuple) and len(text) <= objects.LONGEST_REFERENCE and "@" not in text


def candidates_after(conversion: Conversion[Any], since: datetime, pk: object, database: str) -> list[Model] | None:
    """A page of candidates in the order of their keys; None if the conversion has no `candidates()`."""
    candidates = callbacks.call(conversion.candidates, since)
    if candidates is None:
        return None
    rows = candidates.using(database).order_by("pk")
    if pk is not None:
        rows = rows.filter(pk__gt=pk)
    return list(rows[:ROWS])
