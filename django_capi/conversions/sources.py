"""Record when this app first met a conversion class, and decide what had happened before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, router, transaction
from django.db.models import AutoField, BigAutoField, Max, Model, SmallAutoField
from django.utils import timezone

from django_capi.conf import is_testing
from django_capi.conversions.base import Conversion, concrete, registry
from django_capi.database.alias import using
from django_capi.database.transactions import is_in_transaction
from django_capi.models import ConversionSource

ASCENDING = (AutoField, BigAutoField, SmallAutoField)


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """The moment from which this app sends the events of a conversion class."""

    at: datetime
    pk: int | None  # the highest primary key then; None where keys do not ascend


starts: dict[tuple[str, str, str], Start] = {}  # that are committed, in this process


def meet(conversion: Conversion[Any], database: str) -> Start:
    """The recorded moment; recorded now when there is none."""
    key = (concrete(conversion.model)._meta.label_lower, database, conversion.event_name)
    if key in starts:
        return starts[key]
    row, is_new = source(conversion, database)
    start = Start(at=row.met_at, pk=row.met_pk)
    if not (is_testing() or (is_new and is_in_transaction(using()))):
        starts[key] = start
    return start


def meet_registered() -> None:
    """Record the moment for every class that the site has, each in its model's own database."""
    for model, conversions in registry.items():
        for conversion in conversions:
            meet(conversion, router.db_for_write(model))


def source(conversion: Conversion[Any], database: str) -> tuple[ConversionSource, bool]:
    """The class's row, and whether it was made now."""
    model = concrete(conversion.model)
    rows = ConversionSource.objects.using(using())
    key = {"model": model._meta.label_lower, "database": database, "event_name": conversion.event_name}
    with transaction.atomic(using=using()):
        found = rows.filter(**key).first()
    if found:
        return found, False
    highest = highest_pk(model, database)
    start = {"met_pk": highest, "cursor": highest or 0, "lap_start": highest or 0, "lap_end": highest or 0}
    now = timezone.now()
    try:
        with transaction.atomic(using=using()):
            return rows.create(**key, **start, met_at=now, lap_at=now, since=now), True
    except IntegrityError:
        return rows.get(**key), False


def has_ascending_keys(model: type[Model]) -> bool:
    """True where a later object has a higher key. A child's key is its parent's."""
    pk = model._meta.pk
    while pk.remote_field:
        pk = pk.remote_field.model._meta.pk
    return isinstance(pk, ASCENDING)


def highest_pk(model: type[Model], database: str) -> int | None:
    if not has_ascending_keys(model):
        return None
    found = model._base_manager.using(database).aggregate(highest=Max("pk"))["highest"]
    return int(found or 0)


def came_after(conversion: Conversion[Any], obj: Model, database: str, *, event_time: int | None) -> bool:
    """Whether an object that this app never saw unconverted has converted since it met the class.

    Decided by the object's own time, else by when it was created. If neither is known it counts as earlier: a shop with
    a million paid orders must not send one of them.
    """
    start = meet(conversion, database)
    if event_time is not None:
        return event_time >= int(start.at.timestamp())
    if start.pk is not None:
        return int(obj.pk) > start.pk
    made = made_at(obj)
    return made is not None and made >= start.at


def made_at(obj: Model) -> datetime | None:
    """When the object was created, if it has a field with `auto_now_add`."""
    for field in obj._meta.concrete_fields:
        if getattr(field, "auto_now_add", False):
            value = getattr(obj, field.attname)
            return value if isinstance(value, datetime) and timezone.is_aware(value) else None
    return None
