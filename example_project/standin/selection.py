"""Read the field list of a Graph request, such as `web{event_name,acr{percentage}}`, and select these fields."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 4_000
DEEPEST = 6

Selection = dict[str, "Selection"]
Known = Mapping[str, "Known"]

_TOKEN = re.compile(r"[a-z_]{1,60}|[{},]")


class SelectionError(ValueError):
    """The field list cannot be read."""


def read_selection(text: str) -> Selection:
    """Return the named fields with those inside them.

    >>> read_selection("web{event_name,acr{percentage}}")
    {'web': {'event_name': {}, 'acr': {'percentage': {}}}}
    """
    tokens = _TOKEN.findall(text[:LONGEST])
    if "".join(tokens) != text:
        raise SelectionError("Syntax error in the field list.")
    selection, rest = _fields(tokens, depth=0)
    if rest or not selection:
        raise SelectionError("Syntax error in the field list.")
    return selection


def _fields(tokens: list[str], *, depth: int) -> tuple[Selection, list[str]]:
    """Return the fields up to a closing brace, and the tokens from there on."""
    if depth > DEEPEST:
        raise SelectionError("The field list is nested too deeply.")
    selection: Selection = {}
    while tokens and tokens[0] not in "{},":
        name, *tokens = tokens
        inner: Selection = {}
        if tokens[:1] == ["{"]:
            inner, tokens = _fields(tokens[1:], depth=depth + 1)
            if tokens[:1] != ["}"] or not inner:
                raise SelectionError("Syntax error in the field list.")
            tokens = tokens[1:]
        selection[name] = inner
        if tokens[:1] != [","]:
            break
        tokens = tokens[1:]
    return selection, tokens


def unknown_field(selection: Selection, known: Known) -> str | None:
    """Return the first field of the list that does not exist."""
    for name, inner in selection.items():
        if name not in known:
            return name
        if (found := unknown_field(inner, known[name])) is not None:
            return found
    return None


def selected(value: object, selection: Selection) -> object:
    """Return the part of the value that the list names; a field without a list of its own is whole."""
    if isinstance(value, list):
        return [selected(each, selection) for each in value]
    if not isinstance(value, dict) or not selection:
        return value
    return {name: selected(value[name], inner) for name, inner in selection.items() if name in value}
