"""A checkout is still open, at the bank perhaps, with its event in its transaction: nobody else waits for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from django_capi.models import Status
from tests.failures.conftest import Opened
from tests.failures.meta import Meta

pytestmark = pytest.mark.story

SETTLED, DUE = 3000, 5
PURGE = 4.0  # seconds that MariaDB takes to clear away what the settling left; until then it reads by another index
PATIENCE = 20.0  # seconds; MariaDB would wait for fifty
FBP = "fb.1.1596403881668.1116446470"


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])  # SQLite has one writer at a time
def test_nobody_waits_for_a_checkout_that_is_still_open(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path
) -> None:
    site = open_site(kind, READ_TIMEOUT=30)
    site.call("store", count=SETTLED)
    site.call("once")
    time.sleep(PURGE)
    site.call("store", count=DUE, first=SETTLED)
    site.call("visit", event_id="of-a-visitor", fbp=FBP)
    tracked, go_on = tmp_path / "tracked", tmp_path / "go-on"
    customer = site.start("store_slowly", tracked=str(tracked), go_on=str(go_on), is_kept=True)
    site.until(tracked.exists)

    withdrawn = site.call("withdraw", fbp=FBP, patience=PATIENCE)
    report = site.call("once", patience=PATIENCE)
    seen = site.call("report_browser_copies", event_ids=[f"event-{SETTLED:06}"], fbp=FBP, patience=PATIENCE)
    again = site.call("once", patience=PATIENCE)

    assert not site.has_ended(customer)
    go_on.touch()
    site.result(customer)
    assert (withdrawn, report["accepted"], seen, again["accepted"]) == (1, DUE, 1, 0)
    assert site.call("once")["accepted"] == 1
    statuses = {row["event_id"]: row["status"] for row in site.call("ledger", since="of")["events"]}
    assert statuses == {"of-a-visitor": Status.WITHDRAWN, "same-000000": Status.ACCEPTED}
