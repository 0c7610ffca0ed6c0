"""Watch saves: record what is owed before an object changes, and settle what it has become."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from django.db.models import Model
from django.db.models.signals import class_prepared, post_save, pre_save

from django_capi.conversions import objects, sources, visitors
from django_capi.conversions.base import (
    Conversion,
    ConversionClass,
    add_to_registry,
    conversions_of,
    has_happened,
    registered,
)
from django_capi.conversions.settle import Occurrence, settle
from django_capi.database import deferred
from django_capi.ledger import marks
from django_capi.models import ConversionState
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import RequestEvents, active_page

OPEN: Final = ConversionState.OPEN
SETTLED: Final = (ConversionState.INCOMPLETE, ConversionState.STORED, ConversionState.NOT_SENT)
SETTLED_BEFORE: Final = "_django_capi_settled"  # on the instance, from pre_save to post_save
UID: Final = "django_capi.conversions"


def register(model: type[Model]) -> Callable[[ConversionClass], ConversionClass]:
    """Register the decorated Conversion for the model's objects. A proxy stands for its concrete model.

    Raises ValueError when the model has a conversion of this event name already.
    """

    def decorate(made: ConversionClass) -> ConversionClass:
        watch(family(add_to_registry(model, made)))
        return made

    return decorate


def family(model: type[Model]) -> Iterator[type[Model]]:
    """The model with its proxies and children."""
    yield model
    for child in model.__subclasses__():
        yield from family(child)


def watch(models: Iterable[type[Model]]) -> None:
    """Connect to the saves of these models. Signals name the class that is saved, not its parents."""
    for model in models:
        pre_save.connect(before_save, sender=model, dispatch_uid=UID)
        post_save.connect(after_save, sender=model, dispatch_uid=UID)


def watch_late(*, sender: type[Model], **kwargs: Any) -> None:
    """A proxy or a child that is defined after its parent was registered."""
    if registered(sender):
        watch([sender])


class_prepared.connect(watch_late, dispatch_uid=UID)


def before_save(*, instance: Model, raw: bool = False, using: str, **kwargs: Any) -> None:
    """Record which conversions the stored object is still owed, before this save changes it.

    After the save nothing would show that it has not happened before: neither to a second save in one of the site's
    handlers, nor to the worker if this process is killed in between.
    """
    if raw:
        return
    with LogErrors("A conversion"):
        conversions = list(conversions_of(instance))
        for conversion in conversions:
            sources.meet(conversion, using)
        if may_be_stored(instance):
            changing = [each for each in conversions if has_happened(each, instance) is not False]
            record_owed(instance, changing, using)


def may_be_stored(instance: Model) -> bool:
    """False for an object that this save certainly inserts."""
    has_default = instance._meta.pk.has_default() or instance._meta.pk.has_db_default()
    return instance.pk is not None and not (instance._state.adding and has_default)


def record_owed(instance: Model, changing: Collection[Conversion[Any]], database: str) -> None:
    """Open a row for what has not happened yet, and remember on the instance what is settled."""
    known = {each: state_of(each, instance, database) for each in changing}
    instance.__dict__[SETTLED_BEFORE] = [each for each, state in known.items() if state in SETTLED]
    unmet = [each for each, state in known.items() if state is None]
    stored = objects.stored(instance, database) if unmet else None
    for conversion in unmet:
        if stored and has_happened(conversion, stored) is False:
            marks.open_mark(objects.reference(instance, conversion, database), conversion.event_name)


def state_of(conversion: Conversion[Any], instance: Model, database: str) -> int | None:
    return marks.states(objects.reference(instance, conversion, database)).get(conversion.event_name)


def after_save(*, instance: Model, created: bool = False, raw: bool = False, using: str, **kwargs: Any) -> None:
    """Settle the conversions that have happened with this save, and record those that are still owed."""
    settled = instance.__dict__.pop(SETTLED_BEFORE, ())
    conversions = [] if raw else [each for each in conversions_of(instance) if each not in settled]
    if not conversions:
        return
    page = active_page()
    with LogErrors("A conversion"):
        deferred.after_commit(using, lambda: notice(instance, conversions, using, page, is_new=created))


def notice(
    instance: Model,
    conversions: Collection[Conversion[Any]],
    database: str,
    page: RequestEvents | None,
    *,
    is_new: bool,
) -> None:
    """Settle each conversion separately: an error in one does not affect the others."""
    if is_new:
        for object_ref in {objects.reference(instance, each, database) for each in conversions}:
            with LogErrors("An object's visitor"):
                visitors.save_visitor(object_ref, page)
    for conversion in conversions:
        with LogErrors(conversion.event_name):
            settle_or_open(conversion, instance, database, page, is_new=is_new)


def settle_or_open(
    conversion: Conversion[Any], instance: Model, database: str, page: RequestEvents | None, *, is_new: bool
) -> None:
    """Settle the conversion or record that it is owed. What is stored counts: a save may leave out fields."""
    object_ref = objects.reference(instance, conversion, database)
    happened = has_happened(conversion, instance)
    is_owed = not (is_new or happened) and marks.is_known(object_ref, conversion.event_name)
    state = OPEN if is_owed else None if is_new else state_of(conversion, instance, database)
    if state in SETTLED:
        return
    stored = objects.stored(instance, database) if happened else None
    if stored and has_happened(conversion, stored):
        occurrence = Occurrence(
            conversion=conversion, obj=stored, object_ref=object_ref, database=database, page=page, is_ours=is_new
        )
        settle(occurrence)
        return
    if state is None:
        marks.open_mark(object_ref, conversion.event_name)
    if not is_new:
        visitors.update_consent(object_ref, page)
