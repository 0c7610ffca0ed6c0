"""Report the open diagnostics, after determining them anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django_capi.doctor.finding import Finding, counted, ok, warn
from django_capi.reports import diagnostics

NAME: Final = "diagnostics"
MOST: Final = 20  # the page in the admin has them all


def examine() -> Iterator[Finding]:
    """Yield a warning each: what they count is a day old at most, and may be repaired already."""
    diagnostics.refresh(every=timedelta())
    found = [each for each in diagnostics.open_now() if each.severity is not diagnostics.DiagnosticSeverity.INFORMATION]
    for each in found[:MOST]:
        yield warn(NAME, sentence(each), each.action)
    if not found:
        yield ok(NAME, "Nothing to report of the last 24 hours.")


def sentence(found: diagnostics.OpenDiagnostic) -> str:
    where = " ".join(filter(None, (found.event_name, found.pixel_id and f"of pixel {found.pixel_id}")))
    return f"{found.title} ({', '.join(filter(None, (found.code, where, number_of(found))))})."


def number_of(found: diagnostics.OpenDiagnostic) -> str:
    """How many show it, of how many if not all do."""
    units = diagnostics.TABLE[found.code].unit.value
    if not found.total:
        return ""
    if found.affected == found.total:
        return counted(found.affected, units.removesuffix("s"), units)
    return f"{found.affected:,} of {counted(found.total, units.removesuffix('s'), units)}"
