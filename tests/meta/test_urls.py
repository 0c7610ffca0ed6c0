from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.urls import LONGEST, reduce_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example.com/p/1", "https://shop.example.com/p/1"),
        ("https://shop.example.com", "https://shop.example.com/"),
        ("HTTPS://Shop.Example.COM/Path", "https://shop.example.com/Path"),
        ("https://ann:secret@shop.example.com/", "https://shop.example.com/"),
        ("https://shop.example.com/#top", "https://shop.example.com/"),
        ("https://shop.example.com:8443/", "https://shop.example.com:8443/"),
        ("https://shop.example.com/?token=1&utm_source=x&b=2&fbclid=Ab_-", "https://shop.example.com/?utm_source=x&fbclid=Ab_-"),
        ("https://shop.example.com/?utm_content=ann@example.com", "https://shop.example.com/"),
        ("https://shop.example.com/?utm_content=ann%40example.com", "https://shop.example.com/"),
        ("https://shop.example.com/?utm_term=a%20b+c", "https://shop.example.com/?utm_term=a%20b+c"),
        ("https://shop.example.com/?a=1&;b", "https://shop.example.com/"),
        ("http://[2001:db8::1]/p", "http://[2001:db8::1]/p"),
        ("https://müller.example/größe", "https://müller.example/größe"),
        (f"https://shop.example.com/p?utm_term={'a' * LONGEST}", "https://shop.example.com/p"),
        (f"https://shop.example.com/{'a' * LONGEST}", "https://shop.example.com/"),
    ],
)  # fmt: skip
def test_a_url_is_reduced_to_what_may_be_told(url: str, expected: str) -> None:
    assert reduce_url(url) == expected


def test_further_parameters_can_be_allowed() -> None:
    assert reduce_url("https://example.com/?page=2&token=1", allowed={"page"}) == "https://example.com/?page=2"


def test_only_the_origin_is_left_on_demand() -> None:
    assert reduce_url("https://example.com:81/a/b?utm_source=x", origin_only=True) == "https://example.com:81/"


@pytest.mark.parametrize(
    "url",
    [
        None, "", "/p/1", "shop.example.com/p", "ftp://example.com/", "javascript:alert(1)", "http://", "http://[",
        "https://example.com:port/", "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nX",
        "https://example.com\\@evil.example/", "https://example.com/\x00", "https://example.com/\ud800", "https://?a",
        f"https://{'a' * LONGEST}.example/",
    ],
)  # fmt: skip
def test_junk_is_none(url: str | None) -> None:
    assert reduce_url(url) is None


@given(text=st.text(max_size=80))
def test_reducing_twice_is_reducing_once(text: str) -> None:
    once = reduce_url(f"https://example.com/{text}")

    assert once is None or reduce_url(once) == once
