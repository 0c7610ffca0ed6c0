"""In: a template's name and its values. Out: HTML in which every value is escaped that is not HTML already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent


class Html(str):
    """Text that this module made: the only kind that is put in as it is."""

    __slots__ = ()


def fill(name: str, values: Mapping[str, object]) -> Html:
    shown = {key: value if isinstance(value, Html) else escape(str(value)) for key, value in values.items()}
    return Html(_template(name).substitute(shown))


def join(parts: Iterable[Html]) -> Html:
    return Html("".join(parts))


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / name).read_text(encoding="utf-8"))
