"""The Conversion class that sites subclass, and the registry of those classes."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet

from django_capi import callbacks
from django_capi.types import CustomDataDict, EventName, UserDataDict

logger = logging.getLogger("django_capi")

if TYPE_CHECKING:
    # For checkers, a subclass of plain `Conversion` is complete. A default needs Python 3.13 or typing_extensions.
    from typing_extensions import TypeVar as TypeVarWithDefault

    M = TypeVarWithDefault("M", bound=Model, default=Any)
else:
    M = TypeVar("M", bound=Model)


class Conversion(Generic[M]):
    """When an object of yours is a conversion, and the data of its event. Override what you need.

    The methods are called with objects as they are stored, in requests and by the worker. An error in one of them is
    logged, and only its own part of the event is missing.

        @register(Order)
        class OrderPurchase(Conversion[Order]):
            event_name = "Purchase"

            def happened(self, order):
                return order.status == Order.PAID
    """

    event_name: ClassVar[EventName] = "Purchase"
    model: type[M]  # set by register()

    def happened(self, obj: M, /) -> bool:
        """True once the object is a conversion, such as an order once it is paid."""
        raise NotImplementedError(f"{type(self).__name__}.happened() is missing.")

    def custom_data(self, obj: M, /) -> CustomDataDict | Mapping[str, object]:  # noqa: ARG002  # for subclasses
        """Unformatted values under Meta's names: `value`, `currency`, `contents`, …"""
        return {}

    def user_data(self, obj: M, /) -> UserDataDict | Mapping[str, object]:  # noqa: ARG002
        """Unhashed values under Meta's names: `em`, `ph`, `fn`, … They are hashed before they are stored."""
        return {}

    def event_time(self, obj: M, /) -> datetime | int | None:  # noqa: ARG002
        """When it happened: a datetime (a naive one is in the current time zone), Unix seconds, or None if not known.

        Without it the event has the time at which this app notices it. Return it if the object has it, such as
        `order.paid_at`: what is noticed late then has its own time, and what happened before this app was installed
        is known for certain.
        """
        return None

    def consent(self, obj: M, /) -> bool | None:  # noqa: ARG002
        """The customer's consent, where no visitor was seen or the visitor has not answered.

        None means not known: nothing is sent, unless CAPI["CONSENT"] is `django_capi.consent.always`.
        """
        return None

    def reference(self, obj: M, /) -> object:  # noqa: ARG002
        """What people call the object, such as the order's number, for the search in the admin. No personal data."""
        return None

    def candidates(self, since: datetime, /) -> QuerySet[M] | None:  # noqa: ARG002
        """The objects that may have become conversions since then, to find those that no signal reports.

        For instance `Order.objects.filter(status="paid", paid_at__gte=since)`, with an index on `paid_at`. Without
        it, the worker finds objects that it has seen before, and new ones by their ascending primary keys.
        """
        return None


registry: dict[type[Model], list[Conversion[Any]]] = {}  # by concrete model
ConversionClass = TypeVar("ConversionClass", bound=type[Conversion[Any]])


def add_to_registry(model: type[Model], made: type[Conversion[Any]]) -> type[Model]:
    """Add an instance of the class for the model's objects. Returns the concrete model.

    An object of a child model is an object of the parent's as well, and would make an event for each.
    """
    table = concrete(model)
    for known, conversions in registry.items():
        is_shared = issubclass(known, table) or issubclass(table, known)
        if is_shared and any(other.event_name == made.event_name for other in conversions):
            raise ValueError(f"{known._meta.label} has a conversion called {made.event_name} already.")
    conversion = made()
    conversion.model = model
    registry.setdefault(table, []).append(conversion)
    return table


def concrete(model: type[Model]) -> type[Model]:
    """The model whose table holds the objects: proxies have none."""
    return model._meta.concrete_model or model


def conversions_of(obj: Model) -> Iterator[Conversion[Any]]:
    """The conversions of the object's model, and of the models that it inherits from."""
    for model in registered(type(obj)):
        yield from registry[model]


def registered(model: type[Model]) -> list[type[Model]]:
    """The models with conversions that the objects of this model belong to, most specific first."""
    return [known for known in model.__mro__ if known in registry]


def find_conversion(model: type[Model] | None, event_name: str) -> Conversion[Any] | None:
    """The conversion that a stored row is about, or None if the site no longer has it."""
    return next((each for each in registry.get(model, ()) if each.event_name == event_name), None) if model else None


def as_instance_of_model(obj: Model, conversion: Conversion[Any]) -> Model:
    """The object as an instance of the model that the conversion was registered for."""
    model: type[Model] = conversion.model
    if isinstance(obj, model):
        return obj
    seen = copy.copy(obj)
    seen.__class__ = model  # a proxy has the same fields
    return seen


def call_method(conversion: Conversion[Any], hook: str, obj: Model) -> Any:
    """Call the site's method. Raises callbacks.Failed, logged without the message, which may hold personal data."""
    try:
        return callbacks.call(getattr(conversion, hook), as_instance_of_model(obj, conversion))
    except callbacks.Failed as failure:
        logger.error("%s.%s() raised %s.", type(conversion).__name__, hook, failure)  # noqa: TRY400
        raise


def has_happened(conversion: Conversion[Any], obj: Model) -> bool | None:
    """None when `happened()` raises an error: the object stays owed."""
    try:
        return bool(call_method(conversion, "happened", obj))
    except callbacks.Failed:
        return None
