from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.personal import holds_contact_data
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
def test_a_url_is_reduced_to_what_may_be_sent(url: str, expected: str) -> None:
    assert reduce_url(url) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/confirm/ann@example.com/", "/confirm/redacted/"),
        ("/confirm/ann%40example.com/", "/confirm/redacted/"),
        ("/confirm/ann%2540example.com", "/confirm/redacted"),
        ("/confirm/ann%252540example.com/x", "/confirm/redacted/x"),
        ("/confirm/%61%6e%6e%40example%2ecom", "/confirm/redacted"),
        ("/confirm/ann＠example.com", "/confirm/redacted"),
        ("/confirm/ann%EF%BC%A0example.com", "/confirm/redacted"),
        ("/inbox/ann@intranet/", "/inbox/redacted/"),
        ("/ann+news@example.co.uk", "/redacted"),
        ("/p;email=ann@example.com/x", "/redacted/x"),
        ("/p;email=ann%40example.com;v=1", "/redacted"),
        ("/mailto:ann@example.com", "/redacted"),
        ("/a%2Fann@example.com/b", "/redacted/b"),
        ("/call/+491711234567/", "/call/redacted/"),
        ("/call/%2B49%20171%201234567/", "/call/redacted/"),
        ("/call/tel:01711234567", "/call/redacted"),
        ("/hotel:12/", "/hotel:12/"),
        ("/%2525252525252525252540", "/redacted"),
        ("/@ann/posts/", "/@ann/posts/"),
        ("/@scope/package", "/@scope/package"),
        ("/reset/MQ/c5k2-8d1f0a1e7b8d4a1d/", "/reset/MQ/c5k2-8d1f0a1e7b8d4a1d/"),
        ("/orders/4915112345678/", "/orders/4915112345678/"),
        ("/gr%C3%B6%C3%9Fe/100%25/", "/gr%C3%B6%C3%9Fe/100%25/"),
        ("/c++/", "/c++/"),
        ("/?email=ann@example.com", "/"),
        ("/?utm_content=ann%2540example.com&utm_source=x", "/?utm_source=x"),
        ("/?utm_content=%2B491711234567", "/"),
        ("/?utm_content=+491711234567", "/"),
        ("/?utm_term=red+4915112345678", "/?utm_term=red+4915112345678"),
        ("/?utm_ann@example.com=1", "/"),
        ("/?utm_content=ann@", "/"),
        ("/?fbclid=ann@example.com", "/"),
        ("/#ann@example.com", "/"),
    ],
)
def test_contact_data_is_removed_from_path_and_query(path: str, expected: str) -> None:
    assert reduce_url(f"https://shop.example.com{path}") == f"https://shop.example.com{expected}"


@pytest.mark.parametrize("host", ["ann@example.com@shop.example.com", "ann%40example.com:pw@shop.example.com"])
def test_the_user_in_front_of_the_host_is_dropped(host: str) -> None:
    assert reduce_url(f"https://{host}/p") == "https://shop.example.com/p"


def test_an_allowed_parameter_is_dropped_with_contact_data_in_it() -> None:
    url = "https://example.com/?next=/u/ann@example.com&page=2"

    assert reduce_url(url, allowed={"next", "page"}) == "https://example.com/?page=2"


def test_further_parameters_can_be_allowed() -> None:
    assert reduce_url("https://example.com/?page=2&token=1", allowed={"page"}) == "https://example.com/?page=2"


def test_a_url_can_be_reduced_to_its_origin() -> None:
    assert reduce_url("https://example.com:81/a/b?utm_source=x", origin_only=True) == "https://example.com:81/"


@pytest.mark.parametrize(
    "url",
    [
        None, "", "/p/1", "shop.example.com/p", "ftp://example.com/", "javascript:alert(1)", "http://", "http://[",
        "https://example.com:port/", "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nX",
        "https://example.com\\@evil.example/", "https://example.com/\x00", "https://example.com/\ud800", "https://?a",
        f"https://{'a' * LONGEST}.example/", "https://ann%40example.com/",
    ],
)  # fmt: skip
def test_a_malformed_url_gives_none(url: str | None) -> None:
    assert reduce_url(url) is None


@given(text=st.text(max_size=80))
def test_reducing_twice_is_reducing_once(text: str) -> None:
    once = reduce_url(f"https://example.com/{text}")

    assert once is None or reduce_url(once) == once


@given(
    name=st.text("abcdefgh.+-_", min_size=1, max_size=8).filter(lambda text: not text.startswith(".")),
    layers=st.integers(0, 8),
    before=st.sampled_from(["", "a/", "a/b;v=", "?utm_content=", "?a=1&utm_term=x%20", "#"]),
)
def test_an_encoded_address_is_removed_however_often_it_is_encoded(name: str, layers: int, before: str) -> None:
    address = f"{name}@example.com"
    for _ in range(layers):
        address = quote(address, safe="")

    reduced = reduce_url(f"https://shop.example.com/{before}{address}") or ""

    for _ in range(layers + 1):
        assert "@" not in reduced
        reduced = unquote(reduced)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order-ann@example.com", True),
        ("ann%40example.com", True),
        ("ann%2540example.com", True),
        ("write to ann@example.com or call", True),
        ("call +49 171 1234567 today", True),
        ("+1 (650) 555-1212", True),
        ("＋491711234567", True),
        ("%2B491711234567", True),
        ("4915112345678", False),
        ("A+12345678", False),
        ("2 @ 4.50", False),
        ("@ann", False),
        ("100 %", False),
        ("+5 %", False),
        ("hotel:12", False),
    ],
)
def test_contact_data_is_found_in_text(text: str, expected: bool) -> None:
    assert holds_contact_data(text) is expected
