"""Diagnoses of the two copies of an event: lost, refused, not paired, or blocked in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.utils.translation import gettext_lazy as _

from django_capi.models import BrowserState, Origin, Status
from django_capi.reports.diagnostics import pairs
from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity, Unit
from django_capi.reports.diagnostics.facts import Facts, LedgerRow, Measure, Tallied, by_pixel, by_place, of_tallies
from django_capi.reports.goals import COVERAGE_GOAL, ENOUGH, OVERLAP_GOAL
from django_capi.reports.outcomes import Outcome

NEARLY_ALL: Final = 0.9
MANY_BLOCKED: Final = 0.2
FEWER: Final = 0.1
DIFFERENT_PEOPLE: Final = 0.05
DIFFERENT_VALUES: Final = 0.05


def lost(of: Tallied) -> tuple[int, int]:
    return of.counts.lost, of.counts.events


def is_lost(row: LedgerRow) -> bool:
    return pairs.outcome(row) is Outcome.NEITHER and row.status != Status.WITHDRAWN


def lost_conversions(facts: Facts) -> Iterator[Measure]:
    for event_name, found in facts.lost_conversions.items():
        yield Measure(event_name=event_name, affected=found.lost, total=found.total)


def reused_ids(of: Tallied) -> tuple[int, int]:
    return of.counts.shared_ids, of.counts.events


def paired(
    found: Callable[[Iterable[LedgerRow]], Iterator[tuple[LedgerRow, LedgerRow]]], facts: Facts
) -> Iterator[Measure]:
    """Count the pairs by the place of their first row, of the events that were read there."""
    firsts = [first.place for first, _second in found(facts.rows)]
    for pixel_id, event_name in dict.fromkeys(firsts):
        total = sum(row.place == (pixel_id, event_name) for row in facts.rows)
        affected = firsts.count((pixel_id, event_name))
        yield Measure(pixel_id=pixel_id, event_name=event_name, affected=affected, total=total)


def not_overlapping(of: Tallied) -> tuple[int, int]:
    return of.counts.smaller - of.counts.both, of.counts.smaller


def not_covered(of: Tallied) -> tuple[int, int]:
    return of.counts.browser_only, of.counts.browser


def fewer_by_server(of: Tallied) -> tuple[int, int]:
    return of.counts.browser - of.counts.server - of.counts.waiting, of.counts.browser


def different_external_ids(of: Tallied) -> tuple[int, int]:
    both = [state.figures for state in of.states if state.outcome is Outcome.MET]
    pairs_of, equal = (sum(each[f"external_id_{part}"] for each in both) for part in ("pairs", "equal"))
    return pairs_of - equal, pairs_of


def has_different_external_ids(row: LedgerRow) -> bool:
    both = (row.server_external_id, row.browser_external_id)
    return pairs.outcome(row) is Outcome.MET and all(both) and both[0] != both[1]


def has_two_values(row: LedgerRow) -> bool:
    """Both copies are there and say what the event is worth. A shared id has the copies of several visitors."""
    if row.shared_id or pairs.outcome(row) is not Outcome.MET:
        return False
    return None not in (row.value, row.browser_value) or None not in (row.currency, row.browser_currency)


def has_different_values(row: LedgerRow) -> bool:
    return has_two_values(row) and (differ(row.value, row.browser_value) or differ(row.currency, row.browser_currency))


def differ(server: object, browser: object) -> bool:
    return None not in (server, browser) and server != browser


def is_blocked(row: LedgerRow) -> bool:
    return row.browser_state == BrowserState.BLOCKED


def is_unreported(row: LedgerRow) -> bool:
    return row.browser_state == BrowserState.NONE


def library_blocked(facts: Facts) -> Iterator[Measure]:
    """Of the events that a page reported, those whose page could not run Meta's library."""
    return by_pixel((row for row in facts.rows if not is_unreported(row)), is_blocked)


def collector_blocked(facts: Facts) -> Iterator[Measure]:
    return by_pixel(facts.rendered(), is_unreported)


def ad_blockers(facts: Facts) -> Iterator[Measure]:
    """Events without a browser copy, unless nearly all are: then the site itself is the cause."""
    for measure in by_pixel(facts.rendered(), lambda row: row.browser_state != BrowserState.FIRED):
        if measure.affected <= NEARLY_ALL * measure.total:
            yield measure


def stopped_by_policy(facts: Facts) -> Iterator[Measure]:
    """Browser copies that fired under a policy which stops them on their way to Meta."""
    for pixel_id in facts.pixel_ids if facts.blocks_pixel else ():
        counts = [tallied.counts for (of_pixel, _name), tallied in facts.tallied.items() if of_pixel == pixel_id]
        affected = sum(each.browser for each in counts)
        yield Measure(pixel_id=pixel_id, affected=affected, total=sum(each.events for each in counts))


def other_pixels(facts: Facts, *, is_own: bool) -> Iterator[Measure]:
    for pixel_id in dict.fromkeys(other.pixel_id for other in facts.others):
        found = [each for each in facts.others if each.pixel_id == pixel_id and (each.other_id == pixel_id) is is_own]
        pages = sum(each.pages for each in found)
        detail = "" if is_own else " ".join(each.other_id for each in found)[:250]
        yield Measure(pixel_id=pixel_id, affected=pages, total=pages, detail=detail)


COPIES: Final = (
    Diagnosis(
        code="lost",
        severity=DiagnosticSeverity.ERROR,
        title=_("Events reached Meta by neither channel"),
        why=_("Their server copies ended without being accepted, and no browser reported that its pixel fired."),
        action=_("Open the list: each event says why."),
        find=lambda facts: of_tallies(facts, lost),
        concerns=is_lost,
    ),
    Diagnosis(
        code="conversions_lost",
        severity=DiagnosticSeverity.ERROR,
        title=_("Conversions were never sent"),
        why=_("They were found too late for Meta or belong to no pixel, so that they never became events."),
        action=_("Open the list, which says why: keep a worker running all the time, or correct PIXEL_FOR."),
        find=lost_conversions,
        unit=Unit.CONVERSIONS,
    ),
    Diagnosis(
        code="reused_event_id",
        severity=DiagnosticSeverity.ERROR,
        title=_("One event id, several visitors"),
        why=_("Browsers of different visitors reported the same event id, so Meta may drop real events as duplicates."),
        action=_("Check for a cache that stores this page for all visitors, or for ids that the site uses again."),
        find=lambda facts: of_tallies(facts, reused_ids),
        concerns=lambda row: row.shared_id,
    ),
    Diagnosis(
        code="two_event_ids",
        severity=DiagnosticSeverity.ERROR,
        title=_("One action under two event ids"),
        why=_("The same visitor has the same event twice within seconds, from two sources; Meta counts both."),
        action=_("Give both copies the same event id, or remove one of the two places that track the action."),
        find=lambda facts: paired(pairs.under_two_ids, facts),
    ),
    Diagnosis(
        code="renamed_event",
        severity=DiagnosticSeverity.ERROR,
        title=_("One event id under two event names"),
        why=_("The browser calls the event by another name than the server, and Meta pairs equal names only."),
        action=_("Use one name in both places, in its exact case."),
        find=lambda facts: paired(pairs.under_two_names, facts),
    ),
    Diagnosis(
        code="low_overlap",
        severity=DiagnosticSeverity.WARNING,
        title=_("Few events have both copies"),
        why=_("Less than half of the events of the smaller channel have a copy in the other one with the same id."),
        action=_("Open the page Deduplication, which lists the reasons for each event name."),
        find=lambda facts: of_tallies(facts, not_overlapping),
        sample=ENOUGH,
        share=1 - OVERLAP_GOAL.fair,
    ),
    Diagnosis(
        code="low_coverage",
        severity=DiagnosticSeverity.WARNING,
        title=_("The server covers less than three quarters of the browser's events"),
        why=_("Meta did not accept a server copy with the same event id of the others."),
        action=_("Open the events that only browsers reported: each says why its server copy is missing."),
        find=lambda facts: of_tallies(facts, not_covered),
        sample=ENOUGH,
        share=1 - COVERAGE_GOAL.good,
    ),
    Diagnosis(
        code="fewer_server",
        severity=DiagnosticSeverity.WARNING,
        title=_("The server sends fewer events than the browsers"),
        why=_("Meta expects at least as many events from the server, as blockers stop those of browsers."),
        action=_("Open the events that only browsers reported: each says why its server copy is missing."),
        find=lambda facts: of_tallies(facts, fewer_by_server),
        sample=ENOUGH,
        share=FEWER,
    ),
    Diagnosis(
        code="external_id_mismatch",
        severity=DiagnosticSeverity.WARNING,
        title=_("The two copies carry different external ids"),
        why=_("Meta cannot recognise both copies as those of one customer."),
        action=_("Let EXTERNAL_ID return one stable id of the customer, for every request of the session."),
        find=lambda facts: of_tallies(facts, different_external_ids),
        concerns=has_different_external_ids,
        sample=ENOUGH,
        share=DIFFERENT_PEOPLE,
    ),
    Diagnosis(
        code="value_mismatch",
        severity=DiagnosticSeverity.WARNING,
        title=_("The two copies differ in value or currency"),
        why=_("Meta keeps one of them, usually the one that it received first, so the revenue at Meta may be wrong."),
        action=_("Give both copies the same value and currency; the page of an event shows what each of them said."),
        find=lambda facts: by_place(filter(has_two_values, facts.rows), has_different_values),
        concerns=has_different_values,
        sample=ENOUGH,
        share=DIFFERENT_VALUES,
    ),
    Diagnosis(
        code="collector_blocked",
        severity=DiagnosticSeverity.ERROR,
        title=_("Pages are rendered, but browsers report nothing"),
        why=_("Nearly no page reported its events: its script does not load, or its reports do not arrive."),
        action=_("Check that {% capi_pixel %} is on the page, and that no policy or firewall stops the collector."),
        find=collector_blocked,
        concerns=lambda row: row.origin == Origin.PAGE and is_unreported(row),
        sample=ENOUGH,
        share=NEARLY_ALL,
    ),
    Diagnosis(
        code="library_blocked",
        severity=DiagnosticSeverity.ERROR,
        title=_("Meta's library runs in nearly no browser"),
        why=_("Pages report that the library did not load, and that many visitors do not have a blocker."),
        action=_("Check that your Content-Security-Policy allows connect.facebook.net and www.facebook.com."),
        find=library_blocked,
        concerns=is_blocked,
        sample=ENOUGH,
        share=NEARLY_ALL,
    ),
    Diagnosis(
        code="ad_blocker",
        severity=DiagnosticSeverity.INFORMATION,
        title=_("Many browsers block or do not report Meta's pixel"),
        why=_("Blockers stop the browser copies of these events, so that Meta can have them from the server only."),
        action=_("Nothing to do: the server copies make up for it."),
        find=ad_blockers,
        concerns=lambda row: row.status == Status.ACCEPTED and is_blocked(row),
        sample=ENOUGH,
        share=MANY_BLOCKED,
    ),
    Diagnosis(
        code="csp_blocks_pixel",
        severity=DiagnosticSeverity.ERROR,
        title=_("Your Content-Security-Policy blocks Meta's pixel"),
        why=_("The policy stops the library or its requests to /tr/, so that Meta gets no browser copy."),
        action=_("Run manage.py check: the hint of django_capi.W007 has the lines to add."),
        find=stopped_by_policy,
        concerns=lambda row: row.browser_state == BrowserState.FIRED,
        is_state=True,
    ),
    Diagnosis(
        code="own_pixel_twice",
        severity=DiagnosticSeverity.ERROR,
        title=_("Other code starts your pixel as well"),
        why=_("The events that it sends carry no id of this app, so Meta counts them a second time."),
        action=_("Remove the old base code from your templates, or its tag from your tag manager."),
        find=lambda facts: other_pixels(facts, is_own=True),
        concerns=lambda row: row.browser_state == BrowserState.FIRED,
        unit=Unit.PAGES,
    ),
    Diagnosis(
        code="second_pixel",
        severity=DiagnosticSeverity.WARNING,
        title=_("A second pixel is on your pages"),
        why=_("Its events carry no id of this app, so that nothing pairs them."),
        action=_("If you do not use that pixel, remove its base code or its tag from the pages."),
        find=lambda facts: other_pixels(facts, is_own=False),
        unit=Unit.PAGES,
    ),
)
