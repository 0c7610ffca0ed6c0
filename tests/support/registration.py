"""Register conversions for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Model

from django_capi.conversions import Conversion, register
from django_capi.conversions.base import concrete, registry


@contextmanager
def registering(model: type[Model], *made: type[Conversion[Any]]) -> Iterator[None]:
    """The model has these conversions, instead of those of the site, for a while."""
    before = dict(registry)
    registry.pop(concrete(model), None)
    try:
        for each in made:
            register(model)(each)
        yield
    finally:
        registry.clear()
        registry.update(before)
