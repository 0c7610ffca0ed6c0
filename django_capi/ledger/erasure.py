"""Erase personal data after a withdrawal, and once the conversions of an object are settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.database.alias import using
from django_capi.database.keys import PkIn, batched
from django_capi.database.ranges import RANGE, in_parts, pause_for_others
from django_capi.database.retry import retried
from django_capi.ledger import withdrawal
from django_capi.ledger.snapshots import CAPTURED, has_person
from django_capi.ledger.withdrawal import event_has_withdrawn, visitor_has_withdrawn
from django_capi.models import (
    RESENDABLE,
    ConversionMark,
    ConversionState,
    Event,
    Rank,
    Snapshot,
    Status,
    Withdrawal,
    WithdrawalKind,
)
from django_capi.requests.visitor import Visitor

MOST: Final = 1000  # rows, and withdrawals, in one pass of delivery
ALL: Final = Q()
EVENT_COLUMNS: Final = {WithdrawalKind.FBP: "server_fbp", WithdrawalKind.EXTERNAL_ID: "server_external_id"}
UNMET: Final = timedelta(days=1)  # after which an object without a conversion is taken to get none


def sweep() -> int:
    """Erase what is stored of visitors who have withdrawn since the last pass. Return how many events ended.

    Runs with each pass of delivery, also while a lane is paused. It is bounded in rows, and costs one query while there
    is no new withdrawal.
    """
    new = Withdrawal.objects.using(using()).filter(is_swept=False).order_by("withdrawn_at")
    found = list(new.values_list("pk", "kind", "digest", "withdrawn_at")[:MOST])
    if not found:
        return 0
    among = Q()
    for kind, digests in withdrawal.by_kind((kind, digest) for _, kind, digest, _ in found).items():
        withdrawal.forget_visitors(kind, digests)
        among |= Q(**{f"{EVENT_COLUMNS[kind]}__in": digests}) if kind in EVENT_COLUMNS else Q()
    ended = end_withdrawn_events(MOST, among=among) if among else 0
    if ended < MOST:
        mark_swept([pk for pk, *_ in found], until=max(at for *_, at in found))
    return ended


@retried
def mark_swept(pks: list[int], *, until: object) -> None:
    """Mark the withdrawals as done, except those that were renewed since."""
    Withdrawal.objects.using(using()).filter(pk__in=pks, withdrawn_at__lte=until).update(is_swept=True)


def end_withdrawn_events(most: int, *, among: Q = ALL) -> int:
    """Withdraw pending events, and drop the payload of final ones that could be resent."""
    changed = 0
    for status in (Status.PENDING, *RESENDABLE):
        for rows in sendable(status):
            withdrawn = rows.filter(among).filter(event_has_withdrawn()).exclude(payload="")
            for pks in batched(list(withdrawn.values_list("pk", flat=True)[: most - changed]), RANGE):
                changed += withdrawal.end_events(pks) if status == Status.PENDING else drop_payloads(pks)
                pause_for_others(len(pks))
    return changed


def sendable(status: Status) -> Iterator[QuerySet[Event]]:
    """Yield the events in this status before their deadline, in parts that the index serves."""
    for rows in Event.objects.using(using()).by_pixel(status):
        for rank in Rank.values:
            yield rows.filter(rank=rank, deadline__gt=timezone.now())


@retried
def drop_payloads(pks: Sequence[int]) -> int:
    return Event.objects.using(using()).filter(PkIn(pks), status__in=RESENDABLE).update(payload="")


def strip_snapshots() -> None:
    """Reduce the stored visitors of settled objects to their consent and the digests.

    By the digests the browser's copy still finds its visitor, and a withdrawal its objects.
    """
    limit = timezone.now() - timedelta(days=conf.PAYLOAD_DAYS)
    marks = ConversionMark.objects.using(using()).filter(object_ref=OuterRef("object_ref"))
    is_owed = Exists(marks.filter(state__in=(ConversionState.OPEN, ConversionState.INCOMPLETE)))
    is_recent = Exists(marks.filter(happened_at__gt=limit))
    is_over = Q(Exists(marks)) | Q(created_at__lte=limit - UNMET)
    for part in in_parts(Snapshot.objects.using(using())):
        rows = part.filter(has_person())
        declined = list(rows.filter(visitor_has_withdrawn()).values_list("pk", flat=True))
        settled = rows.exclude(object_ref__startswith=CAPTURED).filter(~is_owed, ~is_recent, is_over)
        pause_for_others(
            withdrawal.decline_snapshots(declined)
            + sum(strip(pks, consent) for consent, pks in by_consent(settled).items())
        )


def by_consent(rows: QuerySet[Snapshot]) -> dict[Consent, list[int]]:
    found: dict[Consent, list[int]] = {}
    for pk, visitor in rows.values_list("pk", "visitor"):
        found.setdefault(Consent(visitor["consent"]), []).append(pk)
    return found


@retried
def strip(pks: list[int], consent: Consent) -> int:
    stripped = Visitor(consent=consent).stored()
    return Snapshot.objects.using(using()).filter(PkIn(pks)).update(visitor=stripped)
