"""Store the event of an owed conversion once, or the reason why it is not sent."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from django_capi import callbacks
from django_capi.conf import Pixel
from django_capi.conversions import objects, visitors
from django_capi.conversions.base import Conversion, as_instance_of_model, conversions_of, has_happened
from django_capi.conversions.data import Data, data_of, reference_of, time_of, warn_if_empty
from django_capi.conversions.sources import came_after
from django_capi.database.alias import using
from django_capi.database.retry import defer_on_conflict
from django_capi.database.transactions import is_in_transaction, on_commit
from django_capi.delivery.nudge import nudge
from django_capi.ledger import drafts, marks
from django_capi.ledger.store import AGE_MARGIN, DEFAULT_AGE_LIMIT
from django_capi.meta.events import ActionSource
from django_capi.models import ConversionMark, ConversionState, NotSent, Origin
from django_capi.requests.routing import chosen_pixels
from django_capi.requests.visitor import Visitor
from django_capi.tracking import actions
from django_capi.tracking.actions import Action, entry_of
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import RequestEvents, active_page

logger = logging.getLogger("django_capi")

RETRY = timedelta(minutes=5)  # between two calls of a custom_data() that raises an error
LAST_TRY = timedelta(hours=1)  # after the conversion; then the event is sent without custom data


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """An object that has happened, and how it was noticed."""

    conversion: Conversion[Any]
    obj: Model
    object_ref: str
    database: str
    page: RequestEvents | None = None
    is_ours: bool = False  # it happened just now: created in this save, or reported by fire()

    @property
    def event_name(self) -> str:
        return self.conversion.event_name


def settle(occurrence: Occurrence) -> bool:
    """Store the event, or the reason why it is not sent. True when this call did so: it is done only once."""
    return bool(defer_on_conflict(partial(settle_now, occurrence), later=partial(settle_again, occurrence)))


def settle_again(occurrence: Occurrence) -> bool:
    """Settle after the commit, with the object as it was committed."""
    stored = objects.stored(occurrence.obj, occurrence.database)
    if stored is None or not has_happened(occurrence.conversion, stored):
        return False
    return settle_now(replace(occurrence, obj=stored))


def settle_now(occurrence: Occurrence) -> bool:
    event_time = time_of(occurrence.conversion, occurrence.obj)
    if not is_owed(occurrence, event_time):
        return False
    is_draft = is_in_transaction(occurrence.database)  # before our own begins
    with transaction.atomic(using=using()):
        try:
            reason_or_visitor, pixels = outcome(occurrence, event_time)
        except callbacks.Failed:
            return False  # it stays owed
        if isinstance(reason_or_visitor, NotSent):
            return refuse(occurrence, reason_or_visitor)
        return store(occurrence, reason_or_visitor, pixels, is_draft=is_draft)


def is_owed(occurrence: Occurrence, event_time: int | None) -> bool:
    """Make sure that there is an open row; False when it is settled, or happened before this app."""
    state = marks.states(occurrence.object_ref).get(occurrence.event_name)
    if state is not None:
        return state == ConversionState.OPEN
    is_ours = occurrence.is_ours or came_after(
        occurrence.conversion, occurrence.obj, occurrence.database, event_time=event_time
    )
    if is_ours:
        marks.open_mark(occurrence.object_ref, occurrence.event_name)
        return True
    # Not added: another process has written a row meanwhile. If it is open, the conversion is owed.
    return not marks.skip_unmet([occurrence.object_ref], occurrence.event_name, NotSent.BEFORE)


def outcome(occurrence: Occurrence, event_time: int | None) -> tuple[Visitor | NotSent, list[Pixel]]:
    """The visitor and pixels of the event, or why there is none. Raises callbacks.Failed if neither is known."""
    visitor = visitors.visitor_at(occurrence.conversion, occurrence.obj, occurrence.object_ref, occurrence.page)
    if isinstance(visitor, NotSent):
        return visitor, []
    pixels = chosen_pixels(as_instance_of_model(occurrence.obj, occurrence.conversion))
    if not pixels:
        return NotSent.NO_PIXEL, []
    if event_time is not None and is_too_old(event_time):
        return NotSent.TOO_OLD, []
    return visitor, pixels


def is_too_old(event_time: int) -> bool:
    return time.time() - event_time >= (DEFAULT_AGE_LIMIT - AGE_MARGIN).total_seconds()


def refuse(occurrence: Occurrence, reason: NotSent) -> bool:
    excluded_as = visitors.excluded_as(occurrence.object_ref, occurrence.page) if reason is NotSent.EXCLUDED else ""
    reference = reference_of(occurrence.conversion, occurrence.obj)
    if not marks.skip(
        occurrence.object_ref, occurrence.event_name, reason, reference=reference, excluded_as=excluded_as
    ):
        return False
    logger.info("%s of %s is not sent: %s.", occurrence.event_name, occurrence.object_ref, reason.label)
    return True


def store(occurrence: Occurrence, visitor: Visitor, pixels: list[Pixel], *, is_draft: bool) -> bool:
    """Store the event. In the caller's transaction its data is a draft, which the commit completes."""
    event_id = objects.event_id_of(occurrence.object_ref, occurrence.event_name)
    if not marks.claim(
        occurrence.object_ref,
        occurrence.event_name,
        event_id=event_id,
        pixel_ids=[pixel.pixel_id for pixel in pixels],
        is_complete=not is_draft,
        reference=reference_of(occurrence.conversion, occurrence.obj),
    ):
        return False
    data = data_of(occurrence.conversion, occurrence.obj)
    if is_draft:
        complete_on_commit(occurrence, visitor)
    else:
        warn_if_empty(occurrence.conversion, occurrence.object_ref, data)
    made = action(occurrence, event_id, data, visitor)
    entry = entry_of(made, visitor)
    left_out = (*entry.left_out, *(f"{name}:raised" for name in data.failed))
    actions.store([replace(entry, is_draft=is_draft, left_out=left_out)], pixels)
    return True


def action(occurrence: Occurrence, event_id: str, data: Data, visitor: Visitor) -> Action:
    # An event with no visitor did not happen on the website, and Meta would miss the agent. Server event parameters.
    source = ActionSource.WEBSITE if visitor.client_user_agent else ActionSource.SYSTEM_GENERATED
    return Action(
        event_name=occurrence.event_name,
        event_id=event_id,
        event_time=int(time.time()) if data.event_time is None else data.event_time,
        custom_data=data.custom_data,
        user_data=data.user_data,
        action_source=source,
        origin=Origin.CONVERSION,
        object_ref=occurrence.object_ref,
    )


def complete_on_commit(occurrence: Occurrence, visitor: Visitor) -> None:
    conversion, object_ref, pk = occurrence.conversion, occurrence.object_ref, occurrence.obj.pk
    model, database = type(occurrence.obj), occurrence.database

    def completing() -> None:
        with LogErrors(conversion.event_name):
            mark = marks.find_incomplete(object_ref, conversion.event_name)
            if mark:
                complete(conversion, mark, model._base_manager.using(database).filter(pk=pk).first(), visitor)

    on_commit(completing, alias=database)  # without autocommit the worker completes it


def complete(
    conversion: Conversion[Any] | None, mark: ConversionMark, obj: Model | None, visitor: Visitor | None = None
) -> None:
    """Give the stored event the object's data as it was committed, and make it due. Safe to repeat.

    `visitor` is that of the event; by default the one that is stored with the object. If the object no longer exists,
    the event is sent as it is. If it is not a conversion after all, the event is discarded.
    """
    if conversion and obj and has_happened(conversion, obj) is False:
        take_back(mark)
        return
    data = data_of(conversion, obj) if conversion and obj else None
    happened_at = mark.happened_at or mark.created_at
    if data and "custom_data" in data.failed and timezone.now() < happened_at + LAST_TRY:
        marks.postpone(mark, until=timezone.now() + RETRY)
        return
    with transaction.atomic(using=using()):
        if not marks.complete(mark, reference=reference_of(conversion, obj) if conversion and obj else None):
            return
        if conversion and data:
            warn_if_empty(conversion, mark.object_ref, data)
        whole = changes(data, visitor or visitors.stored_visitor(mark.object_ref)) if data else None
        drafts.release(mark.event_name, mark.event_id, whole)
    on_commit(nudge, alias=using())


def take_back(mark: ConversionMark) -> None:
    with transaction.atomic(using=using()):
        if marks.reopen(mark):
            drafts.discard(mark.event_name, mark.event_id)


def changes(data: Data, visitor: Visitor) -> drafts.Changes:
    """Return the event's data with the visitor's, as it is stored at once outside a transaction."""
    whole = replace(data, user_data=visitor.user_data().merged(data.user_data))
    return drafts.Changes(
        custom_data=data.custom_data.payload(),
        user_data={} if "user_data" in data.failed else whole.user_data.payload(),
        event_time=data.event_time,
        left_out=(*visitor.left_out, *whole.left_out),
    )


def fire(obj: Model) -> None:
    """Store the events of the object's conversions now, as a save would: for instance after `QuerySet.update()`.

    It is optional, as the worker finds such objects as well, and safe to repeat. The object is read again: what is
    stored counts. Calling it says that the object has just happened, unless its event_time() is before the moment at
    which this app first met the class.
    """
    database = objects.database_of(obj)
    for conversion in conversions_of(obj):
        with LogErrors(conversion.event_name):
            stored = objects.stored(obj, database)
            if stored is None or not has_happened(conversion, stored):
                continue
            event_time = time_of(conversion, stored)
            occurrence = Occurrence(
                conversion=conversion,
                obj=stored,
                object_ref=objects.reference(stored, conversion, database),
                database=database,
                page=active_page(),
                is_ours=event_time is None or came_after(conversion, stored, database, event_time=event_time),
            )
            settle(occurrence)
