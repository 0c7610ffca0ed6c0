"""The Conversion class that sites subclass, and the registry of those classes."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet

from django_capi import callbacks

logger = logging.getLogger("django_capi")

M = TypeVar("M", bound=Model)


class Conversion(Generic[M]):
    """What makes an object of yours a conversion, and what Meta is told of it. Override what you need.

    The methods are called with objects as they are stored, in requests as well as by the worker. One that raises costs
    its own part only, and is logged.
    """

    event_name: ClassVar[str] = "Purchase"
    model: type[M]  # set by register()

    def happened(self, obj: M, /) -> bool:
        """True once the object is a conversion; for an order: once it is paid."""
        raise NotImplementedError(f"{type(self).__name__}.happened() is missing.")

    def custom_data(self, obj: M, /) -> Mapping[str, object]:  # noqa: ARG002  # for subclasses
        """`value`, `currency`, `contents`, … as raw values under Meta's names."""
        return {}

    def user_data(self, obj: M, /) -> Mapping[str, object]:  # noqa: ARG002
        """`em`, `ph`, `fn`, … as raw values under Meta's names; they are hashed before they are stored."""
        return {}

    def event_time(self, obj: M, /) -> datetime | int | None:  # noqa: ARG002
        """When it happened, as a datetime or in Unix seconds; None: when this app notices it.

        Say it if the object knows, for instance `order.paid_at`. What is noticed late then has its true time, and
        what happened before the app was installed is told apart for certain.
        """
        return None

    def consent(self, obj: M, /) -> bool | None:  # noqa: ARG002
        """The customer's consent where no visitor has answered for it; None: not known, so nothing is sent."""
        return None

    def reference(self, obj: M, /) -> object:  # noqa: ARG002
        """What people call the object, such as the order's number, for the search in the admin. No personal data."""
        return None

    def candidates(self, since: datetime, /) -> QuerySet[M] | None:  # noqa: ARG002
        """The objects that may have become conversions since then, for what no signal tells.

        For instance `Order.objects.filter(status="paid", paid_at__gte=since)`, with an index on `paid_at`. Without
        it, the worker finds objects that it has met before, and new ones by their ascending primary keys.
        """
        return None


registry: dict[type[Model], list[Conversion[Any]]] = {}  # by concrete model
ConversionClass = TypeVar("ConversionClass", bound=type[Conversion[Any]])


def add(model: type[Model], made: type[Conversion[Any]]) -> type[Model]:
    """Enter the class for the model's objects; the concrete model."""
    conversions = registry.setdefault(concrete(model), [])
    if any(other.event_name == made.event_name for other in conversions):
        raise ValueError(f"{model._meta.label} has a conversion called {made.event_name} already.")
    conversion = made()
    conversion.model = model
    conversions.append(conversion)
    return concrete(model)


def concrete(model: type[Model]) -> type[Model]:
    """The model whose table holds the objects: proxies have none."""
    return model._meta.concrete_model or model


def conversions_of(obj: Model) -> Iterator[Conversion[Any]]:
    """The conversions of the object's model, and of the models that it inherits from."""
    for model in registered(type(obj)):
        yield from registry[model]


def registered(model: type[Model]) -> list[type[Model]]:
    """The models with conversions that the objects of this model belong to, most special first."""
    return [known for known in model.__mro__ if known in registry]


def named(model: type[Model] | None, event_name: str) -> Conversion[Any] | None:
    """The conversion of a stored row, or None when the site has it no longer."""
    return next((each for each in registry.get(model, ()) if each.event_name == event_name), None) if model else None


def seen_as(obj: Model, conversion: Conversion[Any]) -> Model:
    """The object as an instance of the model that the conversion was registered for."""
    model: type[Model] = conversion.model
    if isinstance(obj, model):
        return obj
    seen = copy.copy(obj)
    seen.__class__ = model  # a proxy has the same fields
    return seen


def ask(conversion: Conversion[Any], hook: str, obj: Model) -> Any:
    """What the site's method says, or hooks.Failed, logged without the error's text, which may hold personal data."""
    try:
        return callbacks.call(getattr(conversion, hook), seen_as(obj, conversion))
    except callbacks.Failed as failure:
        logger.error("%s.%s() raised %s.", type(conversion).__name__, hook, failure)  # noqa: TRY400
        raise


def has_happened(conversion: Conversion[Any], obj: Model) -> bool | None:
    """None when its own method fails: then nothing is known, and the object stays owed."""
    try:
        return bool(ask(conversion, "happened", obj))
    except callbacks.Failed:
        return None
