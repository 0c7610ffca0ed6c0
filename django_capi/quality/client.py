"""Ask Meta's Dataset Quality API for the figures of one pixel.

GET <GRAPH_URL>/<version>/dataset_quality with the token in the Authorization header, as a URL ends up in proxies' logs.
Meta refuses the whole request if it does not know one of the fields; they are then asked for one by one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django_capi.conf import Pixel, conf
from django_capi.delivery import http
from django_capi.delivery.client import unanswered
from django_capi.delivery.http import Failure
from django_capi.meta import verdicts
from django_capi.meta.verdicts import RequestOutcome, Verdict
from django_capi.models import QualityProblem
from django_capi.quality.answers import MOST_EVENTS, EventQuality, Raw, events_in, quality_of
from django_capi.quality.fields import FIELDS, field_list

MOST_SECONDS: Final = 60.0  # for all requests of a pixel; the last one may take its own time besides

INVALID_PARAMETER: Final = 100  # also the code for a field that does not exist
TOKEN_CODES: Final = (101, 102, 190)
PERMISSION_CODES: Final = (3, 10, *range(200, 300))
DATASET_CODES: Final = ((100, 33), (33, None), (803, None), (2655, None), (2044055, None))
BY_OUTCOME: Final[Mapping[RequestOutcome, QualityProblem]] = {
    RequestOutcome.ACCEPTED: QualityProblem.UNREADABLE,
    RequestOutcome.EVENT: QualityProblem.FIELDS,
    RequestOutcome.LANE: QualityProblem.SETTINGS,
    RequestOutcome.THROTTLE: QualityProblem.THROTTLED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityReport:
    """What Meta says of each event name, and the fields that it does not have."""

    events: tuple[EventQuality, ...]
    unknown_fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityRefusal:
    """Why there are no figures. It quotes nothing that Meta wrote, as that may repeat the token."""

    problem: QualityProblem
    reason: str = ""
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str = ""

    @property
    def is_of_fields(self) -> bool:
        return self.problem is QualityProblem.FIELDS


def ask(pixel: Pixel) -> QualityReport | QualityRefusal:
    """Return Meta's figures of the pixel. Never raises for what Meta or the network does."""
    found = events_with(pixel, *(field.ways[0] for field in FIELDS))
    if isinstance(found, QualityRefusal):
        return ask_one_by_one(pixel) if found.is_of_fields else found
    return QualityReport(events=events_of(found))


def ask_one_by_one(pixel: Pixel) -> QualityReport | QualityRefusal:
    """Ask for each field in a request of its own, and leave out those that Meta does not have."""
    until = time.monotonic() + MOST_SECONDS
    merged: dict[str, dict[str, Any]] = {}
    unknown: list[str] = []
    for field in FIELDS:
        for way in field.ways:
            if time.monotonic() > until:
                return QualityRefusal(problem=QualityProblem.UNREACHABLE, reason="Meta's answers took too long.")
            found = events_with(pixel, way)
            if not isinstance(found, QualityRefusal):
                merge(merged, found)
                break
            if not found.is_of_fields:
                return found
        else:
            unknown.append(field.name)
    if len(unknown) == len(FIELDS):
        return QualityRefusal(problem=QualityProblem.FIELDS, code=INVALID_PARAMETER)
    return QualityReport(events=events_of(merged), unknown_fields=tuple(unknown))


def merge(merged: dict[str, dict[str, Any]], found: Mapping[str, Raw]) -> None:
    for name, raw in found.items():
        if name in merged or len(merged) < MOST_EVENTS:
            merged.setdefault(name, {}).update(raw)


def events_of(found: Mapping[str, Raw]) -> tuple[EventQuality, ...]:
    return tuple(quality_of(name, raw) for name, raw in sorted(found.items()))


def events_with(pixel: Pixel, *ways: str) -> dict[str, Raw] | QualityRefusal:
    """Ask for these fields, and return the part of each event name."""
    answer = http.exchange("GET", quality_url(pixel, field_list(*ways)), token=pixel.access_token)
    if isinstance(answer, Failure):
        return QualityRefusal(problem=QualityProblem.UNREACHABLE, reason=unanswered(answer).reason)
    verdict = verdicts.judge(status=answer.status, body=answer.body, headers=answer.headers)
    events = events_in(answer.body) if verdict.outcome is RequestOutcome.ACCEPTED else None
    return refusal_of(verdict) if events is None else events


def quality_url(pixel: Pixel, fields: str) -> str:
    """The proof is in the address, as Meta reads it nowhere else of a GET; without the token it is worth nothing."""
    proof = pixel.appsecret_proof()
    query = {"dataset_id": pixel.pixel_id, "fields": fields, **({"appsecret_proof": proof} if proof else {})}
    return f"{conf.GRAPH_URL.rstrip('/')}/{conf.API_VERSION}/dataset_quality?{urlencode(query)}"


def refusal_of(verdict: Verdict) -> QualityRefusal:
    problem = problem_of(verdict)
    return QualityRefusal(
        problem=problem,
        reason="" if problem is QualityProblem.UNREADABLE else verdict.reason,
        code=verdict.code,
        subcode=verdict.subcode,
        fbtrace_id=verdict.fbtrace_id or "",
    )


def problem_of(verdict: Verdict) -> QualityProblem:
    if verdict.code in TOKEN_CODES:
        return QualityProblem.TOKEN
    if verdict.code in PERMISSION_CODES:
        return QualityProblem.PERMISSION
    if (verdict.code, verdict.subcode) in DATASET_CODES or (verdict.code, None) in DATASET_CODES:
        return QualityProblem.DATASET
    return BY_OUTCOME.get(verdict.outcome, QualityProblem.UNREACHABLE)
