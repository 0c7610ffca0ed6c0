from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from django_capi.admin import wording


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "—"), (0.0, "0%"), (0.5, "50%"), (2 / 3, "66.6%"), (0.9999, "99.9%"), (1.0, "100%"), (0.29, "29%")],
    ids=["nothing", "none", "half", "two thirds", "nearly all", "all", "inexact in binary"],
)
def test_a_share_is_rounded_down(share: float | None, words: str) -> None:
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    ("part", "of", "words"),
    [(3, 0, "—"), (0, 5, "0.00"), (1999, 2000, "0.99"), (7, 7, "1.00"), (848, 723, "1.17")],
    ids=["of none", "none", "nearly as many", "as many", "more"],
)
def test_a_ratio_is_rounded_down(part: int, of: int, words: str) -> None:
    assert wording.ratio(part, of) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (None, "—"),
        (timedelta(seconds=-3), "0 seconds"),
        (timedelta(milliseconds=900), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=2, hours=23), "2 days"),
    ],
    ids=str,
)
def test_a_duration_is_told_in_its_largest_unit(length: timedelta | None, words: str) -> None:
    assert wording.duration(length) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "0 seconds"),
        (timedelta(seconds=10, milliseconds=1), "11 seconds"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(hours=5, seconds=1), "6 hours"),
        (timedelta(hours=48, microseconds=1), "3 days"),
    ],
    ids=str,
)
def test_a_time_within_which_something_happened_is_not_too_short(length: timedelta, words: str) -> None:
    assert wording.rounded_up(length) == words


def test_large_numbers_are_grouped() -> None:
    assert wording.number(1234567) == "1,234,567"


def test_a_time_is_told_to_the_second() -> None:
    assert wording.instant(datetime(2026, 11, 2, 9, 5, 7, tzinfo=UTC)).endswith(" 03:05:07")


def test_no_time_is_a_dash() -> None:
    assert wording.instant(None) == "—"


@pytest.mark.parametrize(
    ("value", "currency", "words"),
    [
        ("0", "EUR", "0.00"),
        ("1234.5", "EUR", "1,234.50"),
        ("1.2346", "KWD", "1.2346"),
        ("1200.0000", "JPY", "1,200"),
        ("0.5", "JPY", "0.5"),
        ("1E+3", "EUR", "1,000.00"),
    ],
)
def test_money_has_the_digits_of_its_currency(value: str, currency: str, words: str) -> None:
    assert wording.money(Decimal(value), currency) == f"{words}\u00a0{currency}"


LOCAL = {
    "de": ("1.234.567", "66,6\u00a0%", "1.234,50\u00a0EUR", "0,32\u00a0s", "02.11.2026 03:05:07", "3 Tage"),
    "es": (
        "1\u00a0234\u00a0567",
        "66,6\u00a0%",
        "1\u00a0234,50\u00a0EUR",
        "0,32\u00a0s",
        "02/11/2026 03:05:07",
        "3 días",
    ),
    "fr": (
        "1\u00a0234\u00a0567",
        "66,6\u00a0%",
        "1\u00a0234,50\u00a0EUR",
        "0,32\u00a0s",
        "02/11/2026 03:05:07",
        "3 jours",
    ),
    "pt-br": ("1.234.567", "66,6%", "1.234,50\u00a0EUR", "0,32\u00a0s", "02/11/2026 03:05:07", "3 dias"),
    "ar": ("1234567", "66,6%", "1234,50\u00a0EUR", "0,32\u00a0ث", "02\u200f/11\u200f/2026 03:05:07", "3 أيام"),
}


@pytest.mark.parametrize("language", LOCAL)
def test_numbers_money_and_times_are_told_as_the_language_does(language: str) -> None:
    with translation.override(language):
        words = (
            wording.number(1234567),
            wording.percent(2 / 3),
            wording.money(Decimal("1234.5"), "EUR"),
            wording.seconds(timedelta(milliseconds=320)),
            wording.instant(datetime(2026, 11, 2, 9, 5, 7, tzinfo=UTC)),
            wording.duration(timedelta(days=3)),
        )

    assert words == LOCAL[language]


def test_a_list_a_pair_and_a_limit_have_the_language_s_marks() -> None:
    with translation.override("fr"):
        french = (wording.pair("em", "vide"), wording.listed(["1", "2"]), wording.at_least(1234))
    with translation.override("ar"):
        arabic = wording.listed(["1", "2"])

    assert french == ("em\u00a0: vide", "1, 2", "≥ 1\u00a0234")
    assert arabic == "1، 2"
