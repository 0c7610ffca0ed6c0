"""An object's conversion comes in; whether it is new goes out. Also who made the object, and who has seen it fire."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from django_capi.conf import Pixel
from django_capi.ledger.store import digest, using
from django_capi.models import ConversionMark, Snapshot
from django_capi.visitor import Visitor, restored

COPY_WINDOW = timedelta(hours=24)  # from the conversion to its browser copy; Meta's window is 48 hours
COPY_LIFETIME = 1800  # seconds a rendered copy may be fired


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The right to fire one browser copy, good until `expires` (Unix seconds)."""

    event_id: str
    pixel_ids: tuple[str, ...]
    expires: int


def names(object_ref: str) -> set[str]:
    """The event names that the object is marked with."""
    marks = ConversionMark.objects.using(using()).filter(object_ref=object_ref)
    return set(marks.values_list("event_name", flat=True))


def mark(
    object_ref: str, event_name: str, pixels: Iterable[Pixel], *, event_id: str, is_transition: bool = False
) -> list[Pixel]:
    """Mark the conversion; the pixels for which this call was the first. Two saves at once get one answer each.

    `is_transition`: this save saw the object before it happened, and no mark. If there is one without an id by now,
    another save has come between this one's UPDATE and its mark, and took what it saw for old: it is taken over.
    """
    marks = ConversionMark.objects.using(using())
    new = []
    for pixel in pixels:
        _, is_new = marks.get_or_create(
            object_ref=object_ref, event_name=event_name, pixel_id=pixel.pixel_id, defaults={"event_id": event_id}
        )
        if is_new or (is_transition and taken_over(object_ref, event_name, pixel, event_id=event_id)):
            new.append(pixel)
    return new


def taken_over(object_ref: str, event_name: str, pixel: Pixel, *, event_id: str) -> bool:
    found = ConversionMark.objects.using(using()).filter(
        object_ref=object_ref, event_name=event_name, pixel_id=pixel.pixel_id, event_id=""
    )
    return bool(found.update(event_id=event_id))


def take_copy(object_ref: str, event_name: str) -> Taken | None:
    """Give the browser copy out, once: the first page to ask gets it."""
    now = timezone.now()
    marks = ConversionMark.objects.using(using()).filter(
        object_ref=object_ref, event_name=event_name, shown_at=None, created_at__gt=now - COPY_WINDOW
    )
    with transaction.atomic(using=using()):
        found = list(marks.exclude(event_id="").values_list("pk", "event_id", "pixel_id"))
        taken = [row for row in found if marks.filter(pk=row[0]).update(shown_at=now)]
    if not taken:
        return None
    return Taken(
        event_id=taken[0][1],
        pixel_ids=tuple(pixel_id for _, _, pixel_id in taken),
        expires=int(time.time()) + COPY_LIFETIME,
    )


def keep_visitor(object_ref: str, visitor: Mapping[str, Any]) -> None:
    """Remember who made the object; the first one counts."""
    contact = visitor.get("contact") or {}
    snapshot = Snapshot(
        object_ref=object_ref,
        visitor=dict(visitor),
        fbp=digest(visitor.get("fbp")),
        external_id=digest(contact.get("external_id")),
    )
    with transaction.atomic(using=using()):
        Snapshot.objects.using(using()).bulk_create([snapshot], ignore_conflicts=True)


def visitor(object_ref: str) -> Visitor | None:
    kept = Snapshot.objects.using(using()).filter(object_ref=object_ref).values_list("visitor", flat=True).first()
    return None if kept is None else restored(kept)
