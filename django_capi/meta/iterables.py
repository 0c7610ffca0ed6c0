"""Tell several values from one: lists, sets, generators, querysets and views of mappings from texts and mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, TypeGuard

MOST_ITEMS: Final = 1_000

_ONE_VALUE: Final = (str, bytes, bytearray, memoryview, Mapping)


def is_several(value: object) -> TypeGuard[Iterable[object]]:
    if isinstance(value, list | tuple | set | frozenset):
        return True
    # A lazy translation is iterable, and a text.
    return isinstance(value, Iterable) and not isinstance(value, _ONE_VALUE) and not hasattr(value, "casefold")


def in_order(values: Iterable[object]) -> list[object] | None:
    """The items, of a set always in the same order; None when there are more than anybody sends."""
    if type(values) is list:
        return values if len(values) <= MOST_ITEMS else None
    items = list(islice(values, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        return None
    return sorted(items, key=str) if isinstance(values, set | frozenset) else items
