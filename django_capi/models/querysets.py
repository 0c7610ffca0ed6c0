"""QuerySets with the conditions that several modules use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from django_capi.clock import Now
from django_capi.consent import Consent
from django_capi.database.keys import Equals, InShard, PkIn
from django_capi.models.choices import RESENDABLE, ConversionState, Status

if TYPE_CHECKING:
    from django_capi.models.conversions import ConversionMark  # noqa: F401  # named in a base class, as is the next
    from django_capi.models.events import Event  # noqa: F401


class EventQuerySet(models.QuerySet["Event"]):
    """Events by the state of their server copy."""

    def pending(self) -> Self:
        """Return events that are not in a final state."""
        return self.filter(status=Status.PENDING)

    def due(self, now: datetime | Now | None = None) -> Self:
        """Return pending events that may be sent now: due, before their deadline, and with consent."""
        now = now or Now()
        return self.pending().filter(due_at__lte=now, deadline__gt=now, consent__gte=Consent.LIMITED)

    def by_pixel(self, status: Status) -> Iterator[Self]:
        """Yield the events in this status, pixel by pixel, whether it is still configured or not.

        Each pixel costs one search of an index. SELECT DISTINCT would read the whole backlog.
        """
        rows = self.filter(status=status)
        pixel_ids = rows.order_by("pixel_id").values_list("pixel_id", flat=True)
        pixel_id = pixel_ids.first()
        while pixel_id is not None:
            yield rows.filter(pixel_id=pixel_id)
            pixel_id = pixel_ids.filter(pixel_id__gt=pixel_id).first()

    def in_shard(self, shard: int, shards: int) -> Self:
        """Return the events in this shard of their pixel."""
        return self.filter(InShard(shard, shards)) if shards > 1 else self

    def resendable(self) -> Self:
        """Return final events that Meta may not have accepted and would still accept."""
        return self.filter(can_be_resent())

    def not_resendable(self) -> Self:
        return self.exclude(can_be_resent())

    def pending_by_pk(self, pks: Sequence[int]) -> Self:
        """Return those of the rows that are still pending, without locking any other row; see `database.keys`."""
        return self.by_pk_in_status(pks, Status.PENDING)

    def by_pk_in_status(self, pks: Sequence[int], status: Status) -> Self:
        return self.filter(PkIn(pks), Equals("status", status))


class ConversionMarkQuerySet(models.QuerySet["ConversionMark"]):
    """Conversions by their state."""

    def of(self, object_ref: str, event_name: str) -> Self:
        """Return the conversion of this object with this event name."""
        return self.filter(object_ref=object_ref, event_name=event_name)

    def open(self) -> Self:
        """Return conversions that have not happened yet."""
        return self.filter(state=ConversionState.OPEN)

    def incomplete(self) -> Self:
        """Return stored conversions whose data was read in a transaction and must be read again after it."""
        return self.filter(state=ConversionState.INCOMPLETE)


def can_be_resent() -> Q:
    return Q(status__in=RESENDABLE, deadline__gt=Now())
