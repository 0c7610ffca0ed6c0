"""Diagnoses of what events carry: customer information, addresses and values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext_lazy as _

from django_capi.meta.answers import BY_CODE
from django_capi.meta.events import ActionSource
from django_capi.meta.left_out import Reason
from django_capi.meta.rules import RULES
from django_capi.models import MATCH_KEYS, MatchKey, Status
from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity
from django_capi.reports.diagnostics.facts import Facts, LedgerRow, Measure, by_pixel, by_place
from django_capi.reports.goals import ENOUGH

# Plain numbers, as an operation of an enum takes ten times as long.
IDENTIFYING: Final = int(sum(MatchKey[key] for key in ("em", "ph", "external_id", "fbc", "fbp")))
MACHINE: Final = int(MatchKey["client_ip_address"] | MatchKey["client_user_agent"])
CLICK: Final = int(MatchKey["fbc"])
MISSING: Final = (Reason.EMPTY, Reason.PLACEHOLDER)  # there was no value
ADDRESS: Final = "client_ip_address"
LISTED: Final = 3  # keys or hosts that a diagnostic names
IPV4: Final = 4
PROXIES: Final = 3  # addresses
VISITORS: Final = 20  # with fewer, few addresses are no surprise
ADDRESSES: Final = 100  # events


def reasons_of(rules: Sequence[str], subcodes: Sequence[int]) -> frozenset[str]:
    """Return the reasons that refused events have for these rules of ours and these answers of Meta's."""
    ours = {f"{rule.field}: {rule.advice}"[:250] for rule in RULES if rule.name in rules}
    return frozenset(ours | {BY_CODE[100, subcode].reason for subcode in subcodes})


WEAK: Final = reasons_of(("enough_to_match", "user_data_present"), (2804050,))
VALUE: Final = reasons_of(("purchase_value", "value_number"), (2804009,))
CURRENCY: Final = reasons_of(("purchase_currency", "value_currency", "currency_form"), (2804010, 2804023))
NAMED: Final = WEAK | VALUE | CURRENCY
BAD_CURRENCY: Final = (f"currency:{Reason.UNKNOWN_CURRENCY}", f"currency:{Reason.CURRENCY_CONFLICT}")


def refused(facts: Facts, is_meant: Callable[[str], bool]) -> Iterator[Measure]:
    """Count the refused events with such a reason. The detail is the reason if there is only one."""
    for (pixel_id, event_name), tallied in facts.tallied.items():
        states = [each for each in tallied.states if each.status is Status.REJECTED and is_meant(each.reason)]
        reasons = {each.reason for each in states}
        yield Measure(
            pixel_id=pixel_id,
            event_name=event_name,
            affected=sum(each.events for each in states),
            total=tallied.counts.events,
            detail=reasons.pop() if len(reasons) == 1 else "",
        )


def has_bad_currency(row: LedgerRow) -> bool:
    return row.error_reason in CURRENCY or any(word in BAD_CURRENCY for word in row.left_out.split())


def bad_currencies(facts: Facts) -> Iterator[Measure]:
    """The exact count of refused events, and those of the newest events whose currency was left out."""
    left_out = {
        (measure.pixel_id, measure.event_name): measure.affected
        for measure in by_place(facts.rows, lambda row: row.error_reason not in CURRENCY and has_bad_currency(row))
    }
    for measure in refused(facts, CURRENCY.__contains__):
        if more := left_out.get((measure.pixel_id, measure.event_name), 0):
            yield replace(measure, affected=measure.affected + more, detail="")
        else:
            yield measure


def lacks_customer(row: LedgerRow) -> bool:
    """Nothing in it tells customers apart, or a visit to the website has no address or no user agent."""
    is_of_site = row.action_source == ActionSource.WEBSITE
    return not row.match_keys & IDENTIFYING or (is_of_site and row.match_keys & MACHINE != MACHINE)


def invalid_keys(row: LedgerRow) -> list[str]:
    """Return the match keys whose value could not be used, each with the reason; an address has its own diagnosis."""
    if not row.left_out:
        return []
    words = (word.partition(":") for word in row.left_out.split())
    return [
        f"{key}:{reason}"
        for key, _colon, reason in words
        if key in MATCH_KEYS and reason not in MISSING and not (key == ADDRESS and reason == Reason.NOT_PUBLIC)
    ]


def has_invalid_key(row: LedgerRow) -> bool:
    return bool(invalid_keys(row))


def with_invalid_keys(facts: Facts) -> Iterator[Measure]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in facts.rows:
        found.setdefault(row.place, Counter()).update(invalid_keys(row))
    for measure in by_place(facts.rows, has_invalid_key):
        named = found[measure.pixel_id, measure.event_name].most_common(LISTED)
        yield replace(measure, detail=" ".join(word for word, _count in named))


def has_private_address(row: LedgerRow) -> bool:
    return f"{ADDRESS}:{Reason.NOT_PUBLIC}" in row.left_out.split()


def of_proxies(facts: Facts) -> Iterator[Measure]:
    """Pixels at which the events of many visitors carry one of a few addresses."""
    for pixel_id in facts.pixel_ids:
        rows = [row for row in facts.rows if row.pixel_id == pixel_id and row.server_ip]
        addresses, visitors = ({getattr(row, name) for row in rows} for name in ("server_ip", "server_fbp"))
        if len(addresses) <= PROXIES and len(visitors) >= VISITORS:
            yield Measure(pixel_id=pixel_id, affected=len(rows), total=len(rows))


def on_unknown_hosts(facts: Facts) -> Iterator[Measure]:
    """The detail names the hosts of the most events."""
    for measure in by_pixel(facts.rows, has_unknown_host):
        hosts = Counter(row.unknown_host for row in facts.rows if row.pixel_id == measure.pixel_id and row.unknown_host)
        yield replace(measure, detail=" ".join(host for host, _count in hosts.most_common(LISTED)))


def has_unknown_host(row: LedgerRow) -> bool:
    return bool(row.unknown_host)


def without_ipv6(facts: Facts) -> Iterator[Measure]:
    """Pixels at which every address is of IPv4, unless there are so few that they are a proxy's."""
    for pixel_id in facts.pixel_ids:
        rows = [row for row in facts.rows if row.pixel_id == pixel_id and row.server_ip_version]
        if len({row.server_ip for row in rows}) > PROXIES and all(row.server_ip_version == IPV4 for row in rows):
            yield Measure(pixel_id=pixel_id, affected=len(rows), total=len(rows))


def lacks_click_id(facts: Facts) -> Iterator[Measure]:
    """Pixels of which no event carries a click id at all."""
    website = (row for row in facts.rows if row.action_source == ActionSource.WEBSITE)
    for measure in by_pixel(website, lambda row: not row.match_keys & CLICK):
        if measure.affected == measure.total:
            yield measure


DATA: Final = (
    Diagnosis(
        code="missing_user_data",
        severity=DiagnosticSeverity.WARNING,
        title=_("Events carry too little customer information"),
        why=_("They have no email, phone number, external id, fbc or fbp, or no address or user agent of the browser."),
        action=_("Pass user_data where you track them, and name the visitor of events that a task or webhook tracks."),
        find=lambda facts: by_place(facts.rows, lacks_customer),
        concerns=lacks_customer,
        sample=ENOUGH,
        share=0.2,
    ),
    Diagnosis(
        code="invalid_key",
        severity=DiagnosticSeverity.WARNING,
        title=_("Customer information is left out because it is invalid"),
        why=_("These values could not be normalised, and a wrong hash would match no one."),
        action=_("Correct what the site passes as user_data; the page of an event names each key with its reason."),
        find=with_invalid_keys,
        concerns=has_invalid_key,
        sample=ENOUGH,
        share=0.05,
    ),
    Diagnosis(
        code="weak_combo",
        severity=DiagnosticSeverity.ERROR,
        title=_("Events are refused for too little customer information"),
        why=_("What they carry describes too many people, and Meta refuses such combinations."),
        action=_("Add an address, a phone number, an external id, fbp, fbc or the visitor's IP address."),
        find=lambda facts: refused(facts, WEAK.__contains__),
        concerns=lambda row: row.error_reason in WEAK,
    ),
    Diagnosis(
        code="missing_value",
        severity=DiagnosticSeverity.ERROR,
        title=_("Purchases are refused because they have no value"),
        why=_("Meta takes a Purchase only with the amount that was paid, as a number."),
        action=_("Return the value from custom_data() of your Conversion, or pass it to track()."),
        find=lambda facts: refused(facts, VALUE.__contains__),
        concerns=lambda row: row.error_reason in VALUE,
    ),
    Diagnosis(
        code="bad_currency",
        severity=DiagnosticSeverity.ERROR,
        title=_("The currency is missing or unknown"),
        why=_("A value needs a currency of three letters of ISO 4217, and there is no default."),
        action=_("Pass currency beside value."),
        find=bad_currencies,
        concerns=has_bad_currency,
    ),
    Diagnosis(
        code="rejected",
        severity=DiagnosticSeverity.ERROR,
        title=_("Server copies are refused"),
        why=_("A required value is missing or malformed, so that Meta refuses these events."),
        action=_("Open the list: each event names the value."),
        find=lambda facts: refused(facts, lambda reason: reason not in NAMED),
        concerns=lambda row: row.status == Status.REJECTED and row.error_reason not in NAMED,
    ),
    Diagnosis(
        code="ip_private",
        severity=DiagnosticSeverity.WARNING,
        title=_("The visitor's address is a private one"),
        why=_("The site sees the address of a proxy in its own network, which is left out."),
        action=_("Set TRUSTED_PROXIES to the number of proxies in front of the site, and install the extra ip."),
        find=lambda facts: by_pixel(facts.rows, has_private_address),
        concerns=has_private_address,
        sample=ENOUGH,
        share=0.5,
    ),
    Diagnosis(
        code="ip_proxy",
        severity=DiagnosticSeverity.WARNING,
        title=_("All visitors seem to have the same address"),
        why=_("The events of many visitors carry one of at most three addresses, probably those of your proxy or CDN."),
        action=_("Set TRUSTED_PROXIES to the number of proxies in front of the site, and install the extra ip."),
        find=of_proxies,
        concerns=lambda row: bool(row.server_ip),
        sample=ADDRESSES,
    ),
    Diagnosis(
        code="ip_v4_only",
        severity=DiagnosticSeverity.INFORMATION,
        title=_("No visitor has an IPv6 address"),
        why=_("Meta takes both kinds and prefers IPv6, and every address that this site sees is of IPv4."),
        action=_("Nothing to do if your server has no IPv6; otherwise check the domain's AAAA record and the proxy."),
        find=without_ipv6,
        sample=ADDRESSES,
    ),
    Diagnosis(
        code="new_domain",
        severity=DiagnosticSeverity.WARNING,
        title=_("Events come from a domain that the settings do not name"),
        why=_("Meta expects the addresses of events to be on domains that you have confirmed as yours."),
        action=_("If the domain is yours, confirm it in Events Manager; otherwise correct the url passed to track()."),
        find=on_unknown_hosts,
        concerns=has_unknown_host,
    ),
    Diagnosis(
        code="no_fbc",
        severity=DiagnosticSeverity.INFORMATION,
        title=_("No event carries a click id"),
        why=_("Only visitors who come from an advertisement at Meta have a click id (fbc)."),
        action=_(
            "Nothing to do without advertisements; otherwise check that no redirect removes fbclid from addresses."
        ),
        find=lacks_click_id,
        sample=ADDRESSES,
    ),
)
