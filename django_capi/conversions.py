"""A saved object comes in; at the moment it becomes a conversion, one event goes out, once for ever.

Put a `conversions.py` beside your models; it is loaded at start-up:

    @register(Order)
    class OrderPurchase(Conversion):
        event_name = "Purchase"

        def happened(self, order):
            return order.status == Order.PAID

`QuerySet.update()` and `bulk_create()` send no signals: call `fire(order)` after them.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_save, pre_save
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from django_capi import consent as policies
from django_capi import hooks, tracking
from django_capi.conf import Pixel, conf
from django_capi.consent import Consent
from django_capi.ledger import apart, marks
from django_capi.ledger.store import using
from django_capi.meta.events import ActionSource, UserData
from django_capi.models import Origin
from django_capi.scope import pixels_for
from django_capi.visitor import Visitor

logger = logging.getLogger("django_capi")

LONGEST_REFERENCE = 120  # characters, as in the tables
BEFORE = "_django_capi_had_happened"  # on the instance, from pre_save to post_save


class Conversion:
    """What makes an object of yours a conversion, and what Meta is told of it. Override what you need."""

    event_name = "Purchase"

    def happened(self, obj: Any) -> bool:
        """True once the object is a conversion; for an order: once it is paid."""
        raise NotImplementedError(f"{type(self).__name__}.happened() is missing.")

    def custom_data(self, obj: Any) -> Mapping[str, object]:  # noqa: ARG002  # for subclasses
        """`value`, `currency`, `contents`, … as raw values under Meta's names."""
        return {}

    def user_data(self, obj: Any) -> Mapping[str, object]:  # noqa: ARG002
        """`em`, `ph`, `fn`, … as raw values under Meta's names; they are hashed before they are stored."""
        return {}

    def event_time(self, obj: Any) -> int:  # noqa: ARG002
        """When it happened, in Unix seconds."""
        return int(time.time())

    def consent(self, obj: Any) -> bool | None:  # noqa: ARG002
        """The customer's consent where no visitor was seen making the object; None: not known, so nothing is sent."""
        return None


registry: dict[type[Model], list[Conversion]] = {}
ConversionClass = TypeVar("ConversionClass", bound=type[Conversion])


def register(model: type[Model]) -> Callable[[ConversionClass], ConversionClass]:
    """Watch the model's saves with the decorated Conversion."""

    def decorate(made: ConversionClass) -> ConversionClass:
        name = made.event_name
        if any(other.event_name == name for other in registry.get(model, ())):
            raise ValueError(f"{model._meta.label} has a conversion called {name} already.")
        if model not in registry:
            label = f"django_capi.{model._meta.label}"
            pre_save.connect(look_before, sender=model, dispatch_uid=label)
            post_save.connect(look_after, sender=model, dispatch_uid=label)
        registry.setdefault(model, []).append(made())
        return made

    return decorate


def reference(obj: Model) -> str:
    """Which object it is, in a form that fits its column."""
    found = f"{obj._meta.label_lower}:{obj.pk}"
    if len(found) <= LONGEST_REFERENCE:
        return found
    return f"{obj._meta.label_lower[:50]}:{hashlib.sha256(found.encode()).hexdigest()}"


def derived_id(obj: Model, event_name: str) -> str:
    """The same on every save and page, not guessable, and another one in every shop."""
    text = f"{reference(obj)}:{event_name}"
    secret = conf.ID_SECRET or settings.SECRET_KEY
    return salted_hmac("django_capi.conversion", text, secret=secret, algorithm="sha256").hexdigest()[:32]


def look_before(*, sender: type[Model], instance: Model, raw: bool = False, **kwargs: Any) -> None:
    """Note which conversions the stored object had before this save, where no mark tells."""
    if raw or instance._state.adding:
        return
    with tracking.Quietly("A conversion"):
        open_ones = happened_to(instance)
        if not open_ones:
            return
        with transaction.atomic(using=using()):
            unmarked = without_mark(instance, open_ones)
        if unmarked:
            with hooks.sheltered():
                stored = sender._base_manager.using(instance._state.db).filter(pk=instance.pk).first()
            before = happened_to(stored) if stored else []
            setattr(instance, BEFORE, {conversion.event_name: conversion in before for conversion in unmarked})


def look_after(*, instance: Model, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    """Settle the conversions that the saved object is now."""
    if raw:
        return
    with tracking.Quietly("A conversion"):
        before: dict[str, bool] = instance.__dict__.pop(BEFORE, {})
        happened = happened_to(instance)
        if created or happened:
            apart.after_commit(instance._state.db, lambda: note(instance, happened, before, is_new=created))


def happened_to(obj: Model) -> list[Conversion]:
    """The conversions that the object is, as it stands there."""
    return [conversion for conversion in registry.get(type(obj), ()) if hooks.call(conversion.happened, obj)]


def note(instance: Model, happened: Sequence[Conversion], before: Mapping[str, bool], *, is_new: bool) -> None:
    """Write down who made the object, and what it has become."""
    with tracking.Quietly("A conversion"):
        if is_new:
            keep_visitor(instance)
        for conversion in happened:
            settle(conversion, instance, had_happened=before.get(conversion.event_name))


def keep_visitor(instance: Model) -> None:
    """Remember who made the object: the payment's webhook will come from somebody else.

    Staff at work in the admin and other servers are no visitors. Of one who declined only that is kept.
    """
    page = tracking.current.get()
    if page is None or is_admin(page.request) or not is_browser(page.visitor) or page.is_excluded:
        return
    if page.visitor.consent.is_given:
        marks.keep_visitor(reference(instance), page.visitor.stored())
    elif page.visitor.consent is Consent.DENIED:
        marks.keep_visitor(reference(instance), Visitor(consent=Consent.DENIED).stored())


def is_admin(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "admin" in match.app_names


def is_browser(visitor: Visitor) -> bool:
    """Every browser's agent begins with Mozilla/, in-app ones included; a payment provider's does not."""
    return (visitor.client_user_agent or "").startswith("Mozilla/")


def fire(obj: Model) -> None:
    """Look at the object as a save would: for objects changed without signals."""
    with tracking.Quietly("A conversion"):
        for conversion in happened_to(obj):
            settle(conversion, obj)


def without_mark(obj: Model, conversions: Sequence[Conversion]) -> list[Conversion]:
    marked = marks.names(reference(obj))
    return [conversion for conversion in conversions if conversion.event_name not in marked]


def settle(conversion: Conversion, obj: Model, *, had_happened: bool | None = None) -> None:
    """Mark the conversion, and store its event if this is the moment it happened.

    `had_happened`: before this save, when there was no mark; None: there was one, or the object is new.
    """
    event_id = "" if had_happened else derived_id(obj, conversion.event_name)
    pixels = pixels_for(obj)
    is_transition = had_happened is False
    with transaction.atomic(using=using()):
        new = marks.mark(reference(obj), conversion.event_name, pixels, event_id=event_id, is_transition=is_transition)
        if new and event_id:
            store(conversion, obj, event_id, new)


def store(conversion: Conversion, obj: Model, event_id: str, pixels: Sequence[Pixel]) -> None:
    visitor = visitor_of(conversion, obj)
    if not visitor.consent.is_given:
        logger.info("%s of %s is not sent: %s.", conversion.event_name, reference(obj), visitor.consent.name.lower())
        return
    # An event with no visitor did not happen on the website, and Meta would miss the agent. Server event parameters.
    source = ActionSource.WEBSITE if visitor.client_user_agent else ActionSource.SYSTEM_GENERATED
    tracking.write([tracking.entry(action(conversion, obj, event_id, source), visitor)], pixels)


def action(conversion: Conversion, obj: Model, event_id: str, source: ActionSource) -> tracking.Action:
    return tracking.Action(
        event_name=conversion.event_name,
        event_id=event_id,
        event_time=conversion.event_time(obj),
        custom_data=tracking.custom_data_from(conversion.custom_data(obj)),
        user_data=UserData.from_raw(conversion.user_data(obj), default_region=conf.DEFAULT_REGION),
        action_source=source,
        origin=Origin.CONVERSION,
        object_ref=reference(obj),
    )


def visitor_of(conversion: Conversion, obj: Model) -> Visitor:
    """Who made the object; nobody but the site's own word when no visitor was seen."""
    kept = marks.visitor(reference(obj))
    if kept is not None:
        return kept
    said = conversion.consent(obj)
    if said is None:
        return Visitor(consent=policies.without_request())
    return Visitor(consent=policies.said(consent=said))


def copies(obj: Model, page: tracking.RequestEvents) -> Iterator[tracking.Action]:
    """The object's conversions that this browser has still to fire, each given out once.

    Only to the browser that made the object, and only for a day: Meta would count a later copy again.
    """
    if not page.visitor.consent.is_given or page.is_excluded:
        return
    kept = marks.visitor(reference(obj))
    if kept is None or (kept.fbp and kept.fbp != page.visitor.fbp):
        return
    for conversion in registry.get(type(obj), ()):
        mark = marks.take_copy(reference(obj), conversion.event_name)
        if mark:
            yield browser_copy(conversion, obj, mark)


def browser_copy(conversion: Conversion, obj: Model, mark: marks.Taken) -> tracking.Action:
    made = action(conversion, obj, mark.event_id, ActionSource.WEBSITE)
    return replace(made, expires=mark.expires, pixel_ids=mark.pixel_ids)
