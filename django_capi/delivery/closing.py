"""Record Meta's answer in the row of a request, and close it."""

from __future__ import annotations

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.delivery.client import Answer
from django_capi.models import Batch
from django_capi.models.delivery import LONGEST_ANSWER


def answered(answer: Answer, test_event_code: str) -> dict[str, object]:
    """Return the columns of a batch that hold Meta's answer. Its text is kept only if the request was a test."""
    verdict = answer.verdict
    return {
        "outcome": str(verdict.outcome),
        "reason": verdict.reason[:250],
        "http_status": answer.status,
        "error_code": verdict.code,
        "error_subcode": verdict.subcode,
        "fbtrace_id": (verdict.fbtrace_id or "")[:64],
        "answer_text": storable(answer.text)[:LONGEST_ANSWER] if test_event_code else "",
    }


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot store."""
    return text.replace("\0", "")


def close(batch: Batch, **answer: object) -> None:
    update_batch(batch, finished_at=Now(), **answer)


def close_open(batch: Batch, **answer: object) -> bool:
    """Close the batch. False if it was closed already, so that ambiguous events are counted once."""
    left = Batch.objects.using(using()).filter(pk=batch.pk, finished_at=None)
    return bool(left.update(finished_at=Now(), **answer))


def update_batch(batch: Batch, **changes: object) -> None:
    Batch.objects.using(using()).filter(pk=batch.pk).update(**changes)
