"""Identify the object of a conversion: its reference, its database and its event id."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import Model
from django.utils.crypto import salted_hmac

from django_capi.conf import conf
from django_capi.conversions.base import Conversion, concrete, registered

LONGEST_REFERENCE = 120  # characters, as in the tables
HASHED = re.compile(r"#[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an object is stored."""

    model: type[Model]
    database: str
    pk: str


def reference(obj: Model, conversion: Conversion[Any] | None = None, database: str | None = None) -> str:
    """The object's reference, such as `shop.order:12`, or `second/shop.order:12` outside its model's own database.

    The model is that of the conversion, by default the nearest one that has any. A key that is too long or may be an
    e-mail address is hashed.
    """
    nearest = next(iter(registered(type(obj))), type(obj))
    return reference_to(conversion.model if conversion else nearest, obj.pk, database or database_of(obj))


def reference_to(model: type[Model], pk: object, database: str) -> str:
    label, pk = concrete(model)._meta.label_lower, as_stored(model, pk)
    if database != router.db_for_write(concrete(model)):
        label = f"{database}/{label}"
    found = f"{label}:{pk}"
    if len(found) <= LONGEST_REFERENCE and "@" not in found:
        return found
    return f"{label[:50]}:#{hashlib.sha256(found.encode()).hexdigest()}"


def as_stored(model: type[Model], pk: object) -> object:
    """The key as the table gives it back: a new object still has what the site wrote, such as a UUID as text."""
    try:
        return concrete(model)._meta.pk.to_python(pk)
    except (ValueError, ValidationError):
        return pk


def database_of(obj: Model) -> str:
    """The database that the object is written to: one that was read from a replica belongs to the primary."""
    return router.db_for_write(type(obj), instance=obj)


def place(object_ref: str) -> Place | None:
    """Where the object of a stored reference is; None for a hashed key or a model that is gone."""
    label, _, pk = object_ref.partition(":")
    if HASHED.fullmatch(pk):
        return None
    database, _, name = label.rpartition("/")
    try:
        model = apps.get_model(name)
        model._meta.pk.to_python(pk)
    except (LookupError, ValueError, ValidationError):
        return None
    return Place(model=model, database=database or router.db_for_write(model), pk=pk)


def stored(obj: Model, database: str) -> Model | None:
    """The object as it is stored now."""
    return type(obj)._base_manager.using(database).filter(pk=obj.pk).first()


def derived_id(obj: Model, event_name: str) -> str:
    """The event id of the object's conversion. It cannot be guessed, and is another one in every shop.

    A conversion stores its id when it happens, and keeps it if the secret changes.
    """
    return event_id_of(reference(obj), event_name)


def event_id_of(object_ref: str, event_name: str) -> str:
    secret = conf.ID_SECRET or settings.SECRET_KEY
    text = f"{object_ref}:{event_name}"
    return salted_hmac("django_capi.conversion", text, secret=secret, algorithm="sha256").hexdigest()[:32]
