"""The models. An `Event` is one customer action for one pixel, with its server copy and its browser copy."""

from __future__ import annotations

from django_capi.models.choices import (
    MATCH_KEYS,
    RESENDABLE,
    BrowserFamily,
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
from django_capi.models.diagnostics import Diagnostic, DiagnosticRefresh
from django_capi.models.digests import SentDigest
from django_capi.models.events import CustomerInformation, DataFreshness, Deduplication, Event, Overview
from django_capi.models.foreign_pixels import ForeignPixel
from django_capi.models.quality import DatasetQuality, QualityProblem, QualityPull
from django_capi.models.tallies import Count, KeyTally, Span, Tally, UntrackedTally
from django_capi.models.visitors import Snapshot, Withdrawal, WithdrawalKind

__all__ = [
    "MATCH_KEYS",
    "RESENDABLE",
    "Batch",
    "BrowserFamily",
    "BrowserState",
    "ConversionMark",
    "ConversionSource",
    "ConversionState",
    "Count",
    "CustomerInformation",
    "DataFreshness",
    "DatasetQuality",
    "Deduplication",
    "Diagnostic",
    "DiagnosticRefresh",
    "Event",
    "ForeignPixel",
    "KeyTally",
    "Lane",
    "MatchKey",
    "NotSent",
    "Origin",
    "Overview",
    "QualityProblem",
    "QualityPull",
    "Rank",
    "SentDigest",
    "Snapshot",
    "Span",
    "Status",
    "Tally",
    "UntrackedTally",
    "Withdrawal",
    "WithdrawalKind",
]
