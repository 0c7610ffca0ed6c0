"""The fields of Meta's Dataset Quality API, and what tests may change about it."""

from __future__ import annotations

from dataclasses import dataclass

from example_project.standin.selection import Known

PERCENTAGE: Known = {"percentage": {}}
DESCRIBED: Known = {"percentage": {}, "description": {}}
DEDUPE_FIELDS = ("dedupe_key_feedback", "dedup_key_feedback")  # samples have the first, Meta's table the second
WEB: Known = {
    "event_name": {},
    "event_match_quality": {
        "composite_score": {},
        "match_key_feedback": {"identifier": {}, "coverage": PERCENTAGE, "potential_aly_acr_increase": DESCRIBED},
        "diagnostics": {
            "name": {},
            "description": {},
            "solution": {},
            "percentage": {},
            "affected_event_count": {},
            "total_event_count": {},
        },
    },
    "event_coverage": {**DESCRIBED, "goal_percentage": {}, "potential_aly_acr_increase": DESCRIBED},
    "data_freshness": {"upload_frequency": {}, "description": {}},
    "acr": DESCRIBED,
}
DEDUPE_KEYS: Known = {
    "dedupe_key": {},
    "browser_events_with_dedupe_key": PERCENTAGE,
    "server_events_with_dedupe_key": PERCENTAGE,
    "overall_browser_coverage_from_dedupe_key": PERCENTAGE,
}


@dataclass(kw_only=True)
class Quality:
    """What this Meta knows of its API, and how old a dataset must be for figures of both channels."""

    dedupe_field: str = DEDUPE_FIELDS[0]
    gone: frozenset[str] = frozenset()  # fields that do not exist any more
    young_for: float = 0.0  # seconds from the dataset's first event
    is_permitted: bool = True

    def known(self) -> Known:
        names = {**WEB, self.dedupe_field: DEDUPE_KEYS}
        return {"web": {name: inner for name, inner in names.items() if name not in self.gone}}
