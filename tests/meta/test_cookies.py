from __future__ import annotations

import pytest

from django_capi.meta.cookies import (
    COOKIE_MAX_AGE,
    Cookie,
    fbclid_from_query,
    is_public_suffix,
    make_fbp,
    parse,
    refresh_fbc,
    subdomain_index,
)

NOW_MS = 1_790_000_000_000
FBCLID = "IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk"


def test_a_cookie_is_parsed_and_kept_as_it_is() -> None:
    found = parse(f"fb.1.1554763741205.{FBCLID}")

    assert found == Cookie(
        index=1, created_ms=1_554_763_741_205, payload=FBCLID, appendix=None, text=f"fb.1.1554763741205.{FBCLID}"
    )


@pytest.mark.parametrize("appendix", ["AQICAQMC", "AQIAAQMC", "AQ", "Bg", "AbCd-_1234"])
def test_a_fifth_segment_is_kept_apart_from_the_payload(appendix: str) -> None:
    text = f"fb.2.1596403881668.1116446470.{appendix}"

    found = parse(text)

    assert found is not None
    assert (found.payload, found.appendix, found.text) == ("1116446470", appendix, text)


def test_an_eighteen_digit_random_part_is_accepted() -> None:
    assert parse("fb.1.1596403881668.123456789012345678") is not None


def test_seconds_as_metas_own_plugin_writes_them_are_read_as_such() -> None:
    found = parse("fb.1.1596403881.abc")

    assert found is not None
    assert found.created_ms == 1_596_403_881_000


HOSTILE = [
    "", "fb", "fb.1.1596403881668", "garbage.x.y.z", "fb.x.1596403881668.1", "fb.1.now.1", "fb.1.1596403881668.",
    "fb.1.1596403881668.a b", "fb.1.1596403881668.a;b", "fb.1.1596403881668.a\r\nSet-Cookie: x", "fb.1.1596403881668.é",
    "fb.1.١٥٩٦٤٠٣٨٨١٦٦٨.1", "fb.1.1596403881668.1.AQ.AQ", "FB.1.1596403881668.1", " fb.1.1596403881668.1",
    "fb.1.1596403881668.1\n", "fb.1.1596403881668." + "a" * 5_000, "fb.-1.1596403881668.1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_malformed_cookie_is_not_parsed(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"fbclid={FBCLID}", FBCLID),
        (f"utm_source=x&fbclid={FBCLID}&a=1", FBCLID),
        ("fbclid=IwAR_aem_AbC-1", "IwAR_aem_AbC-1"),
        ("fbclid=" + "a" * 500, "a" * 500),
        ("fbclid=" + "a" * 501, None),
        ("fbclid=", None),
        ("fbclid", None),
        ("", None),
        ("xfbclid=abc", None),
        ("FBCLID=abc", None),
        ("fbclid=a%20b", None),
        ("fbclid=a+b", None),
        ("fbclid=a;b", None),
        ("fbclid=é", None),
        ("fbclid=١٢٣", None),
        ("fbclid=a\r\nb", None),
        ("fbclid=" + "a" * 5_000, None),
        ("fbclid=first&fbclid=second", "first"),
    ],
)
def test_a_click_id_is_returned_unchanged_or_not_at_all(query: str, expected: str | None) -> None:
    assert fbclid_from_query(query) == expected


def test_a_new_fbp_can_be_parsed() -> None:
    text = make_fbp(now_ms=NOW_MS, random_number=2_147_483_647, index=1)

    found = parse(text)

    assert text == "fb.1.1790000000000.2147483647"
    assert found is not None
    assert (found.index, found.created_ms, found.payload) == (1, NOW_MS, "2147483647")


def test_a_first_click_creates_the_cookie() -> None:
    assert refresh_fbc(None, FBCLID, now_ms=NOW_MS, index=2) == f"fb.2.{NOW_MS}.{FBCLID}"


@pytest.mark.parametrize("appendix", ["", ".AQICAQMC", ".AQ"])
def test_the_same_click_leaves_the_cookie_alone(appendix: str) -> None:
    assert refresh_fbc(f"fb.1.1554763741205.{FBCLID}{appendix}", FBCLID, now_ms=NOW_MS, index=1) is None


@pytest.mark.parametrize("current", [f"fb.1.1554763741205.{FBCLID}", f"fb.1.1554763741205.{FBCLID}.AQICAQMC", "junk"])
def test_another_click_replaces_the_cookie_with_a_new_time(current: str) -> None:
    assert refresh_fbc(current, "Another-1", now_ms=NOW_MS, index=1) == f"fb.1.{NOW_MS}.Another-1"


def test_a_click_that_differs_in_case_is_another_click() -> None:
    current = f"fb.1.1554763741205.{FBCLID}"

    assert refresh_fbc(current, FBCLID.lower(), now_ms=NOW_MS, index=1) == f"fb.1.{NOW_MS}.{FBCLID.lower()}"


@pytest.mark.parametrize("fbclid", [None, "", "é", "a;b", "a\r\nb", "a" * 5_000, "a.b", "a b"])
def test_a_hostile_click_changes_nothing(fbclid: str | None) -> None:
    assert refresh_fbc(f"fb.1.1554763741205.{FBCLID}", fbclid, now_ms=NOW_MS, index=1) is None
    assert refresh_fbc(None, fbclid, now_ms=NOW_MS, index=1) is None


@pytest.mark.parametrize(
    ("domain", "index"),
    [
        ("com", 0), ("example.com", 1), ("www.example.com", 2), (".example.com", 1), ("example.co.uk", 2),
        ("EXAMPLE.com.", 1), ("localhost", 0), ("127.0.0.1", 1), ("2001:db8::1", 1), ("", 1),
    ],
)  # fmt: skip
def test_the_index_counts_the_dots_of_the_cookies_domain(domain: str, index: int) -> None:
    assert subdomain_index(domain) == index


@pytest.mark.parametrize("domain", ["com", "co.uk", ".com.au", "CO.JP", "github.io", "localhost", "herokuapp.com"])
def test_a_public_suffix_is_recognised(domain: str) -> None:
    assert is_public_suffix(domain)


@pytest.mark.parametrize("domain", ["example.com", "shop.example.co.uk", ".example.com.au", "127.0.0.1", "::1"])
def test_a_sites_own_domain_is_not_a_public_suffix(domain: str) -> None:
    assert not is_public_suffix(domain)


def test_the_cookies_live_as_long_as_metas_own() -> None:
    assert COOKIE_MAX_AGE == 90 * 24 * 3_600
