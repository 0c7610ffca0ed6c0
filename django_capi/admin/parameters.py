"""Say which values of a page's address were not understood, and what the page shows instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter of a report's address, and what the report shows for a value that it does not understand."""

    name: str
    label: Any
    is_understood: Callable[[str], bool]
    shown: Callable[[HttpRequest], object]


def not_understood(request: HttpRequest, parameters: Iterable[Parameter]) -> list[str]:
    """Return a sentence for each value that was not understood. An empty value counts as absent."""
    return [
        sentence(parameter.label, parameter.shown(request))
        for parameter in parameters
        if (value := request.GET.get(parameter.name, "")) and not parameter.is_understood(value)
    ]


def sentence(label: object, shown: object) -> str:
    """The value itself is not repeated: it may be personal data."""
    words = _("The address has a value for “%(parameter)s” that was not understood. Shown instead: %(shown)s.")
    return words % {"parameter": label, "shown": shown}
