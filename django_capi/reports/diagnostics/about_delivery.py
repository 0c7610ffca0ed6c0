"""Diagnoses of delivery: workers, tokens, limits, delays, clocks and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from django_capi.ledger.tallies import DELAYS
from django_capi.meta.answers import BY_CODE, BY_STATUS, CALL, PROOF, RANGES, RequestOutcome
from django_capi.models import Lane, Status
from django_capi.reports.delays import Delays
from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity, Unit
from django_capi.reports.diagnostics.facts import Facts, LedgerRow, Measure, Tallied, by_pixel, of_tallies
from django_capi.reports.freshness import LATE_AFTER
from django_capi.reports.goals import ENOUGH

TOKEN: Final = "token"  # noqa: S105  # a name
PERMISSION: Final = "permission"
DATASET: Final = "dataset"
RATE: Final = "rate"
PAUSED: Final = "delivery_paused"

# By Meta's error code; the reason of a pause is the one of the same table.
TOKEN_CODES: Final = (101, 102, 104, 190)
PERMISSION_CODES: Final = (3, 5, 10, 368)
DATASET_CODES: Final = (33, 803, 2655, 2044055)
FUTURE: Final = 2804004  # the subcode of an event whose time is ahead
CLOCK_LIMIT: Final = timedelta(seconds=60)
TOLERANCE: Final = 5  # seconds between two clocks that agree
LATE: Final = ("delay_1d", "delay_longer")  # longer than two hours
VERY_LATE: Final = ("delay_longer",)  # longer than a day


def reasons_of_pauses() -> Mapping[str, str]:
    """Return the diagnosis of each reason for which a lane pauses. Any other reason is PAUSED."""
    found = {row.reason: RATE for row in BY_CODE.values() if row.outcome is RequestOutcome.THROTTLE}
    found |= {row.reason: RATE for row in BY_STATUS.values() if row.outcome is RequestOutcome.THROTTLE}
    found |= {row.reason: RATE if row.outcome is RequestOutcome.THROTTLE else PERMISSION for _codes, row in RANGES}
    for diagnosis, codes in ((TOKEN, TOKEN_CODES), (PERMISSION, PERMISSION_CODES), (DATASET, DATASET_CODES)):
        found |= {row.reason: diagnosis for (code, _subcode), row in BY_CODE.items() if code in codes}
    return found | {BY_CODE[100, 33].reason: DATASET, CALL.reason: DATASET, PROOF.reason: TOKEN}


PAUSE_REASONS: Final = reasons_of_pauses()


def worker_down(facts: Facts) -> Iterator[Measure]:
    for pixel_id in facts.pixel_ids:
        due, lane = facts.due.get(pixel_id), facts.lanes.get(pixel_id)
        if due and facts.now - due.oldest >= LATE_AFTER and not has_worker(lane, facts):
            yield Measure(pixel_id=pixel_id, affected=due.events, total=due.events)


def has_worker(lane: Lane | None, facts: Facts) -> bool:
    """Whether a worker sends for the pixel, checked it lately, or waits for the end of a pause."""
    if lane is None:
        return False
    is_later = any(moment and moment > facts.now for moment in (lane.paused_until, lane.lease_until))
    return is_later or (lane.seen_at is not None and facts.now - lane.seen_at < LATE_AFTER)


def paused(code: str, facts: Facts) -> Iterator[Measure]:
    """Pixels whose delivery pauses for a reason of this kind. A limit has passed when its pause is over."""
    for pixel_id in facts.pixel_ids:
        lane, due = facts.lanes.get(pixel_id), facts.due.get(pixel_id)
        if lane is None or not lane.pause_reason or PAUSE_REASONS.get(lane.pause_reason, PAUSED) != code:
            continue
        if code == RATE and not (lane.paused_until and lane.paused_until > facts.now):
            continue
        waiting = due.events if due else 0
        yield Measure(pixel_id=pixel_id, affected=waiting, total=waiting, detail=lane.pause_reason)


def late(facts: Facts, *, is_very: bool) -> Iterator[Measure]:
    """Event names of which more than one event in twenty was accepted too late."""

    def count(tallied: Tallied) -> tuple[int, int]:
        delays = Delays.of(tallied.states)
        slowest = dict(zip(DELAYS, delays.counts, strict=True))
        very, over = (sum(slowest[name] for name in names) for names in (VERY_LATE, LATE))
        is_worse = very * 20 > delays.total
        return (very if is_very else 0 if is_worse else over), delays.total

    return of_tallies(facts, count)


def is_ahead(row: LedgerRow) -> bool:
    """Meta refused its time as one of the future, or accepted it before it happened by the clock that stored it."""
    if row.error_subcode == FUTURE:
        return True
    is_accepted = row.status == Status.ACCEPTED and row.finished_at is not None
    return bool(is_accepted and row.finished_at and row.finished_at.timestamp() + TOLERANCE < row.event_time)


def clock_differs(facts: Facts) -> Iterator[Measure]:
    if abs(facts.clock_ahead) >= CLOCK_LIMIT:
        seconds = int(abs(facts.clock_ahead).total_seconds())
        yield Measure(affected=seconds, total=0)


def test_code(facts: Facts) -> Iterator[Measure]:
    for pixel_id in sorted(facts.test_codes):
        tests, rows = ([row for row in found if row.pixel_id == pixel_id] for found in (facts.tests, facts.rows))
        yield Measure(pixel_id=pixel_id, affected=len(tests), total=len(tests) + len(rows))


def holds(state: bool) -> Iterator[Measure]:  # noqa: FBT001
    """A state of the site that concerns no number of events."""
    if state:
        yield Measure(affected=0, total=0)


DELIVERY: Final = (
    Diagnosis(
        code="worker_down",
        severity=DiagnosticSeverity.ERROR,
        title=_("No worker sends the events"),
        why=_("Events have been due for more than five minutes, and no worker has checked the pixel since."),
        action=_("Start a Celery worker with beat, or keep manage.py capi_deliver --watch running."),
        find=worker_down,
        is_state=True,
    ),
    Diagnosis(
        code=TOKEN,
        severity=DiagnosticSeverity.ERROR,
        title=_("Meta refuses the access token"),
        why=_("The token is invalid, has expired or was revoked, so that nothing can be sent for the pixel."),
        action=_("Generate a new token in Events Manager, put it into the settings, and press “Resume now”."),
        find=lambda facts: paused(TOKEN, facts),
        is_state=True,
    ),
    Diagnosis(
        code=PERMISSION,
        severity=DiagnosticSeverity.ERROR,
        title=_("The access token lacks a permission"),
        why=_("Meta knows the token and does not let it send events to the pixel."),
        action=_("Give the token's user access to the dataset in Business settings, then press “Resume now”."),
        find=lambda facts: paused(PERMISSION, facts),
        is_state=True,
    ),
    Diagnosis(
        code=DATASET,
        severity=DiagnosticSeverity.ERROR,
        title=_("Meta does not find the pixel"),
        why=_("The dataset does not exist, or the token may not see it."),
        action=_("Compare PIXEL_ID with the dataset's id in Events Manager, then press “Resume now”."),
        find=lambda facts: paused(DATASET, facts),
        is_state=True,
    ),
    Diagnosis(
        code=RATE,
        severity=DiagnosticSeverity.WARNING,
        title=_("Meta limits the number of calls"),
        why=_("Delivery waits for the time that Meta asks for, and no event is lost meanwhile."),
        action=_("If it happens often, use an app of its own for the token."),
        find=lambda facts: paused(RATE, facts),
        is_state=True,
    ),
    Diagnosis(
        code=PAUSED,
        severity=DiagnosticSeverity.WARNING,
        title=_("Delivery is paused"),
        why=_("The last request failed, and it is tried again after a pause."),
        action=_("Read the reason; run manage.py capi_doctor if it stays the same."),
        find=lambda facts: paused(PAUSED, facts),
        is_state=True,
    ),
    Diagnosis(
        code="expired",
        severity=DiagnosticSeverity.ERROR,
        title=_("Server copies expired before they were sent"),
        why=_("Nothing delivered them before the time after which Meta refuses them or counts them twice."),
        action=_("Make sure that a worker or manage.py capi_deliver runs all the time."),
        find=lambda facts: of_tallies(facts, lambda of: (of.of(Status.EXPIRED), of.counts.events)),
        concerns=lambda row: row.status == Status.EXPIRED,
    ),
    Diagnosis(
        code="in_doubt",
        severity=DiagnosticSeverity.WARNING,
        title=_("Events are held because Meta's answer never came"),
        why=_("ON_AMBIGUOUS holds them, as sending them again might count them twice."),
        action=_("Look for them in Events Manager, and resend those that are missing."),
        find=lambda facts: of_tallies(facts, lambda of: (of.of(Status.IN_DOUBT), of.counts.events)),
        concerns=lambda row: row.status == Status.IN_DOUBT,
    ),
    Diagnosis(
        code="event_delay",
        severity=DiagnosticSeverity.WARNING,
        title=_("Events reach Meta after more than two hours"),
        why=_("Of the accepted events more than one in twenty was too old for Meta's delivery of advertisements."),
        action=_("Check that a worker runs all the time, and that nothing tracks events long after they happened."),
        find=lambda facts: late(facts, is_very=False),
        sample=ENOUGH,
        share=0.05,
    ),
    Diagnosis(
        code="event_delay_day",
        severity=DiagnosticSeverity.ERROR,
        title=_("Events reach Meta after more than a day"),
        why=_("Of the accepted events more than one in twenty was too old to be attributed to an advertisement."),
        action=_("Check that a worker runs all the time, and that nothing tracks events long after they happened."),
        find=lambda facts: late(facts, is_very=True),
        sample=ENOUGH,
        share=0.05,
    ),
    Diagnosis(
        code="clock_skew",
        severity=DiagnosticSeverity.ERROR,
        title=_("Events happen in the future"),
        why=_("The machine that stored these events has a clock that is ahead; Meta refuses times in the future."),
        action=_("Keep the clocks of all machines in step, with chrony or systemd-timesyncd."),
        find=lambda facts: by_pixel(facts.rows, is_ahead),
        concerns=is_ahead,
    ),
    Diagnosis(
        code="clock_differs",
        severity=DiagnosticSeverity.ERROR,
        title=_("This machine's clock differs from the database's"),
        why=_("Events carry this machine's time and are due by the database's."),
        action=_("Keep the clocks of all machines in step, with chrony or systemd-timesyncd."),
        find=clock_differs,
        is_state=True,
        unit=Unit.SECONDS,
    ),
    Diagnosis(
        code="test_code_left_on",
        severity=DiagnosticSeverity.ERROR,
        title=_("A test event code is set on a live site"),
        why=_("Every event of the pixel is sent as a test event, and is in no figure here."),
        action=_("Remove TEST_EVENT_CODE from the settings when you have finished testing."),
        find=test_code,
        concerns=lambda row: bool(row.test_event_code),
        is_state=True,
    ),
    Diagnosis(
        code="static_missing",
        severity=DiagnosticSeverity.ERROR,
        title=_("The script of this app is not among the static files"),
        why=_("Without it no page loads Meta's pixel, and no browser reports its copies."),
        action=_("Run manage.py collectstatic, and make sure that the server serves STATIC_URL."),
        find=lambda facts: holds(facts.lacks_script),
        is_state=True,
    ),
    Diagnosis(
        code="no_consent_policy",
        severity=DiagnosticSeverity.WARNING,
        title=_("There is no consent policy"),
        why=_("Without CONSENT no visitor counts as having agreed, and only what your code gives consent for is sent."),
        action=_("Write the line that the hint of django_capi.W004 has, or silence it: run manage.py check."),
        find=lambda facts: holds(facts.lacks_policy),
        is_state=True,
    ),
)
