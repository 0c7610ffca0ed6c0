"""The list's filters by the customer keys that an event carries, or left out."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_capi.admin.filters import ChoiceFilter, LinkedFilter
from django_capi.models import MATCH_KEYS, Event
from django_capi.reports import information

OFFERED: Final = ("em", "ph", "external_id", "fbc", "fbp")  # links filter by the other keys, too


class LeftOutFilter(LinkedFilter):
    title = _("left out")
    parameter_name = "left_out"

    def condition(self, value: str) -> Q:
        return information.has_left_out(value)


class WeakFilter(LinkedFilter):
    title = _("combination of keys")
    parameter_name = "keys"

    def label_of(self, value: str) -> Any:
        return _("only weak combinations, rejected")

    def condition(self, value: str) -> Q:
        return information.is_weak()


class KeyFilter(ChoiceFilter):
    """Events by one match key."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        keys = [*OFFERED, *([self.given] if self.given in MATCH_KEYS and self.given not in OFFERED else [])]
        return [(key, key) for key in keys]

    def condition(self, key: str) -> Q:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(self.condition(value)) if value else queryset


class CarriesFilter(KeyFilter):
    title = _("key carried")
    parameter_name = "carries"

    def condition(self, key: str) -> Q:
        return information.carries(key)


class LacksFilter(KeyFilter):
    title = _("key missing")
    parameter_name = "lacks"

    def condition(self, key: str) -> Q:
        return information.lacks(key)
