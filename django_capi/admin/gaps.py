"""Why customer keys are missing from events, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import CountLink
from django_capi.meta.left_out import Reason
from django_capi.reports.information import MOST_REASONS, Gaps
from django_capi.tracking import hints

RAISED: Final = "user_data:raised"
MOST_WORDS: Final = 200  # that are explained: a site may give any number of other names
SENTENCES: Final[Mapping[Reason, Any]] = {
    Reason.EMPTY: gettext_lazy("Nothing was left of the value after cleaning, and an empty string is never hashed."),
    Reason.PLACEHOLDER: gettext_lazy("The value stands for a missing one, such as None, null or N/A."),
    Reason.TYPE: gettext_lazy("A value of this type cannot be sent under this key."),
    Reason.ONE_VALUE: gettext_lazy("The key takes one value, but several were given."),
    Reason.TOO_LONG: gettext_lazy("The value is longer than any real one of this kind."),
    Reason.UNREADABLE: gettext_lazy("The value is not valid Unicode, so it cannot be hashed or sent."),
    Reason.MD5: gettext_lazy("The value was hashed with MD5 already. Meta accepts SHA-256 only: give the plain value."),
    Reason.NOT_AN_EMAIL: gettext_lazy("The value is not one email address."),
    Reason.PHONE_NEEDS_COUNTRY: gettext_lazy(
        "The number is a national one, and its country is not known, or phonenumbers is not installed."
    ),
    Reason.PHONE_LENGTH: gettext_lazy("The number does not have 7 to 15 digits after cleaning."),
    Reason.PHONE_IMPOSSIBLE: gettext_lazy("The number is not possible in its country, or it is not one number."),
    Reason.POSTCODE: gettext_lazy("The value is an American postcode with fewer than five digits."),
    Reason.UNKNOWN_COUNTRY: gettext_lazy("The value is no ISO 3166-1 code, and no country's name that is known here."),
    Reason.IMPOSSIBLE_DATE: gettext_lazy("There is no such day, or it is not between 1900 and 2099."),
    Reason.AMBIGUOUS_DATE: gettext_lazy("The value could be two different days, or it is not a date."),
    Reason.NOT_F_OR_M: gettext_lazy("Meta takes f or m only."),
    Reason.MALFORMED: gettext_lazy("The value does not have the form that Meta documents for this key."),
    Reason.NOT_PUBLIC: gettext_lazy(
        'The address is private or a proxy\'s: set CAPI["TRUSTED_PROXIES"] to the number of proxies before the site.'
    ),
    Reason.NOT_A_NUMBER: gettext_lazy("The value is not a plain number."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """How many of the newest events lack a key for one reason."""

    key: str
    reason: Any
    link: CountLink


def gaps(found: Gaps, links: EventLinks) -> list[Gap]:
    """The most frequent first; those of custom_data are left to the pages of the events."""
    frequent = sorted(found.words.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]
    explained = ((word, key_of(word), reason_of(word), count) for word, count in frequent)
    return [
        Gap(
            key=key,
            reason=reason,
            link=CountLink(count=wording.number(count), url=links.to(since=found.since, left_out=word)),
        )
        for word, key, reason, count in explained
        if key and reason
    ][:MOST_REASONS]


def key_of(word: str) -> str:
    """The customer key that is missing; empty if it is none."""
    given, _colon, code = word.rpartition(":")
    if word == RAISED:
        return "user_data"
    if code == Reason.UNKNOWN_KEY:
        return dict(hints.near_misses([given], hints.PERSON)).get(given, "")
    return hints.PERSON.get(given, "")


def reason_of(word: str) -> Any:
    """The reason in a sentence; empty if it is not about customer information."""
    given, _colon, code = word.rpartition(":")
    if word == RAISED:
        return _("The user_data() of a Conversion raised an error, which the log names.")
    if code == Reason.UNKNOWN_KEY:
        return _("“%(given)s” is not a name that is accepted here: use the name of the key.") % {"given": given}
    return SENTENCES.get(Reason(code), "") if code in Reason.__members__.values() else ""
