"""The tables. A row of `Event` is one customer action for one pixel, with its two copies side by side."""

from __future__ import annotations

from django_capi.models.choices import (
    MATCH_KEYS,
    RESENDABLE,
    BrowserState,
    ConversionState,
    MatchKey,
    NotSent,
    Origin,
    Rank,
    Status,
)
from django_capi.models.conversions import ConversionMark, ConversionSource
from django_capi.models.delivery import Batch, Lane
from django_capi.models.events import Deduplication, Event, Overview
from django_capi.models.tallies import Count, Span, Tally
from django_capi.models.visitors import Snapshot, Withdrawal, WithdrawalKind

__all__ = [
    "MATCH_KEYS",
    "RESENDABLE",
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
    "Overview",
    "Rank",
    "Snapshot",
    "Span",
    "Status",
    "Tally",
    "Withdrawal",
    "WithdrawalKind",
]
