"""Record the pixels that other code has initialised on a page, as its script reports them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import F
from django.utils import timezone

from django_capi.database.alias import using
from django_capi.models import ForeignPixel

__all__ = ["MOST_ROWS", "record", "reported"]

MOST_REPORTED: Final = 3  # of one request; a page with more has them in its other reports
MOST_ROWS: Final = 200  # the pages that were seen last are kept
LONGEST_PATH: Final = 200  # characters, as in the column
INTERVAL: Final = timedelta(minutes=1)  # the row of a busy page is written once in this time
is_pixel_id = re.compile(r"[0-9]{5,20}").fullmatch


def reported(body: Mapping[str, Any]) -> list[str]:
    """The first well-formed ids in `others`, each once."""
    others = body.get("others")
    if not isinstance(others, list):
        return []
    # Bounded before it is searched: the list is as long as the sender likes.
    found = [item for item in others[:20] if isinstance(item, str) and is_pixel_id(item)]
    return list(dict.fromkeys(found))[:MOST_REPORTED]


def record(others: Iterable[str], *, pixel_id: str, url: str | None) -> None:
    """Record that a page of our pixel has these other pixels: one query if all were seen within the minute."""
    path = urlsplit(url or "").path[:LONGEST_PATH] or "/"
    now = timezone.now()
    rows = ForeignPixel.objects.using(using())
    on_page = rows.filter(path=path, other_id__in=list(others), pixel_id=pixel_id)
    seen = dict(on_page.values_list("other_id", "last_seen_at"))
    if any(at <= now - INTERVAL for at in seen.values()):
        # The condition is repeated: of several processes, one counts.
        on_page.filter(last_seen_at__lte=now - INTERVAL).update(last_seen_at=now, count=F("count") + 1)
    if new := [other for other in others if other not in seen]:
        insert(new, pixel_id=pixel_id, path=path, now=now)


def insert(others: Iterable[str], *, pixel_id: str, path: str, now: datetime) -> None:
    """Insert the rows, and delete the pages that were seen longest ago where there are too many."""
    rows = ForeignPixel.objects.using(using())
    rows.bulk_create(
        [
            ForeignPixel(pixel_id=pixel_id, other_id=other, path=path, first_seen_at=now, last_seen_at=now)
            for other in others
        ],
        ignore_conflicts=True,  # another process has just inserted it
    )
    excess = rows.order_by("-last_seen_at", "-pk").values_list("pk", flat=True)[MOST_ROWS : MOST_ROWS + 20]
    if pks := list(excess):
        rows.filter(pk__in=pks).delete()
