"""The models. An `Event` is one customer action for one pixel, with its server copy and its browser copy."""

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
from django_capi.models.events import DataFreshness, Deduplication, Event, Overview
from django_capi.models.foreign_pixels import ForeignPixel
from django_capi.models.quality import DatasetQuality, QualityProblem, QualityPull
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
    "DataFreshness",
    "DatasetQuality",
    "Deduplication",
    "Event",
    "ForeignPixel",
    "Lane",
    "MatchKey",
    "NotSent",
    "Origin",
    "Overview",
    "QualityProblem",
    "QualityPull",
    "Rank",
    "Snapshot",
    "Span",
    "Status",
    "Tally",
    "Withdrawal",
    "WithdrawalKind",
]
