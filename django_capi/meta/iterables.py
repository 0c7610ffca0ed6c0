"""Tell several values (lists, sets, generators, querysets) from one (strings, mappings)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, TypeGuard

MOST_ITEMS: Final = 1_000

# A tuple: a union of types is made anew at each call, which takes five times as long as the comparison itself.
_COLLECTIONS: Final = (list, tuple, set, frozenset)
_ONE_VALUE: Final = (str, bytes, bytearray, memoryview, Mapping)


def is_several(value: object) -> TypeGuard[Iterable[object]]:
    if isinstance(value, _COLLECTIONS):
        return True
    # A lazy translation is iterable, but is one string.
    return isinstance(value, Iterable) and not isinstance(value, _ONE_VALUE) and not hasattr(value, "casefold")


def in_order(values: Iterable[object]) -> list[object] | None:
    """Return the items, those of a set in a fixed order; None if there are more than MOST_ITEMS."""
    if type(values) is list:
        return values if len(values) <= MOST_ITEMS else None
    items = list(islice(values, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        return None
    return sorted(items, key=str) if isinstance(values, set | frozenset) else items
