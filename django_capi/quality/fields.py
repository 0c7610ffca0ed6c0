"""The fields that are asked of the Dataset Quality API.

https://developers.facebook.com/docs/marketing-api/conversions-api/dataset-quality-api
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCORE: Final = "composite_score,match_key_feedback{identifier,coverage{percentage}}"
FINDINGS: Final = "diagnostics{name,description,solution,percentage,affected_event_count,total_event_count}"
DEDUPE: Final = (
    "{dedupe_key,browser_events_with_dedupe_key{percentage},server_events_with_dedupe_key{percentage},"
    "overall_browser_coverage_from_dedupe_key{percentage}}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityField:
    """One group of figures, and how to ask for it: the next way is for an answer that the field does not exist."""

    name: str
    ways: tuple[str, ...]


FIELDS: Final = (
    QualityField(
        name="event_match_quality",
        ways=(f"event_match_quality{{{SCORE},{FINDINGS}}}", f"event_match_quality{{{SCORE}}}"),
    ),
    QualityField(name="event_coverage", ways=("event_coverage{percentage,goal_percentage}",)),
    # Meta's table of fields has the second spelling, its samples and its SDK the first.
    QualityField(name="dedupe_key_feedback", ways=(f"dedupe_key_feedback{DEDUPE}", f"dedup_key_feedback{DEDUPE}")),
    QualityField(name="data_freshness", ways=("data_freshness{upload_frequency}",)),
    QualityField(name="acr", ways=("acr{percentage}",)),
)


def field_list(*ways: str) -> str:
    """Return the value of the parameter `fields`.

    >>> field_list("acr{percentage}")
    'web{event_name,acr{percentage}}'
    """
    return f"web{{event_name,{','.join(ways)}}}"
