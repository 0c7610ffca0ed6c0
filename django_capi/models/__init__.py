"""The tables. A row of `Event` is one customer action for one pixel, with its two copies side by side."""

from __future__ import annotations

from django_capi.models.conversions import ConversionMark, ConversionSource, ConversionState, NotSent
from django_capi.models.delivery import Batch, Lane
from django_capi.models.events import (
    MATCH_KEYS,
    BrowserState,
    Deduplication,
    Event,
    MatchKey,
    Origin,
    Rank,
    Status,
)
from django_capi.models.tallies import Count, Span, Tally
from django_capi.models.visitors import Snapshot, Withdrawal, WithdrawalKind

__all__ = [
    "MATCH_KEYS",
    "Batch",
    "BrowserState",
    "ConversionMark",
    "ConversionSource",
    "ConversionState",
    "Count",
    "Deduplication",
    "Event",
    "Lane",
    "MatchKey",
    "NotSent",
    "Origin",
    "Rank",
    "Snapshot",
    "Span",
    "Status",
    "Tally",
    "Withdrawal",
    "WithdrawalKind",
]
