"""The check of the Content-Security-Policy names the directives that the pixel needs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum

import pytest
from pytest_django import Settings

from django_capi.checks.csp import missing_lines
from tests.checks.sound import SOUND, everything, ids


class CSP(StrEnum):
    SELF = "'self'"
    NONCE = "<CSP_NONCE_SENTINEL>"


OPEN = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "https://connect.facebook.net"],
    "img-src": ["'self'", "https://www.facebook.com"],
    "connect-src": ["'self'", "https://www.facebook.com", "https://connect.facebook.net"],
    "frame-src": ["https://www.facebook.com"],
    "form-action": ["'self'", "https://www.facebook.com"],
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as-documented"),
        pytest.param({"script-src": "'self' https://connect.facebook.net"}, id="text"),
        pytest.param({"SCRIPT-SRC": {"'self'", "connect.facebook.net"}}, id="set-in-capitals-without-scheme"),
        pytest.param({"script-src": ["https:"], "img-src": "*", "frame-src": ("https:",)}, id="schemes"),
        pytest.param({"img-src": ["https://*.facebook.com:443"], "frame-src": ["*.facebook.com:*"]}, id="wildcards"),
        pytest.param({"script-src": ["'strict-dynamic'", CSP.NONCE]}, id="strict-dynamic"),
        pytest.param({"script-src": False, "default-src": None, "form-action": None}, id="switched-off"),
        pytest.param({"img-src": ["https://www.facebook.com/"]}, id="root-path"),
        pytest.param({"img-src": ["http://www.facebook.com"]}, id="upgraded"),
        pytest.param({"script-src": [CSP.NONCE, "https://connect.facebook.net"]}, id="nonce-for-our-own-script"),
        pytest.param({"script-src": ["'nonce-abc'", "'strict-dynamic'"]}, id="nonce-of-the-sites-own"),
        pytest.param(
            {"connect-src": ["https://shop.example.com", *OPEN["connect-src"][1:]]}, id="the-sites-own-host-by-name"
        ),
        pytest.param({"require-trusted-types-for": ["'script'"]}, id="trusted-types-of-any-name"),
        pytest.param({"require-trusted-types-for": ["'script'"], "trusted-types": "*"}, id="trusted-types-star"),
        pytest.param(
            {
                "require-trusted-types-for": ["'script'"],
                "trusted-types": ["django-capi", "connect.facebook.net/fbevents", "'allow-duplicates'"],
            },
            id="trusted-types-by-name",
        ),
        pytest.param({"trusted-types": ["dompurify"]}, id="trusted-types-not-required"),
    ],
)
@pytest.mark.parametrize("package", ["SECURE_CSP", "CONTENT_SECURITY_POLICY"])
def test_a_policy_that_lets_the_pixel_through_is_fine(
    package: str, change: Mapping[str, object], settings: Settings
) -> None:
    policy = {name: sources for name, sources in OPEN.items() if name.upper() not in change} | dict(change)
    settings.ALLOWED_HOSTS = [".example.com", "*"]
    setattr(settings, package, policy if package == "SECURE_CSP" else {"DIRECTIVES": policy})

    assert everything() == []


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        pytest.param(
            {"script-src": ["'self'"]}, ['"script-src": ["\'self\'", "https://connect.facebook.net"],'], id="host"
        ),
        pytest.param(
            {"script-src": [CSP.SELF, CSP.NONCE]},
            ['"script-src": [CSP.SELF, CSP.NONCE, "https://connect.facebook.net"],'],
            id="constants-by-name",
        ),
        pytest.param(
            {"script-src-elem": ["'self'"]},
            ['"script-src-elem": ["\'self\'", "https://connect.facebook.net"],'],
            id="more-specific",
        ),
        pytest.param(
            {"img-src": None}, ['"img-src": ["\'self\'", "https://www.facebook.com"],'], id="falls-back-on-the-default"
        ),
        pytest.param({"form-action": "'none'"}, ['"form-action": ["https://www.facebook.com"],'], id="none"),
        pytest.param({"form-action": True}, ['"form-action": ["https://www.facebook.com"],'], id="empty"),
        pytest.param(
            {"frame-src": None, "child-src": ["https://frames.example.com"]},
            ['"frame-src": ["https://frames.example.com", "https://www.facebook.com"],'],
            id="child-src",
        ),
        pytest.param(
            {"connect-src": ["'self'", "https://www.facebook.com"]},
            ['"connect-src": ["\'self\'", "https://www.facebook.com", "https://connect.facebook.net"],'],
            id="one-of-two",
        ),
        pytest.param(
            {"img-src": ["https://www.facebook.com/tr/"]},
            ['"img-src": ["https://www.facebook.com/tr/", "https://www.facebook.com"],'],
            id="a-path-is-too-narrow",
        ),
        pytest.param(
            {"img-src": ["https://www.facebook.com:8443", "https://*.www.facebook.com"]},
            ['"img-src": ["https://www.facebook.com:8443", "https://*.www.facebook.com", "https://www.facebook.com"],'],
            id="port-and-subdomain",
        ),
        pytest.param(
            {"script-src": ["https://connect.facebook.net"]},
            ['"script-src": ["https://connect.facebook.net", "\'self\'"],'],
            id="our-own-script",
        ),
        pytest.param(
            {"script-src": [CSP.SELF, "'strict-dynamic'", "https://connect.facebook.net"]},
            ['"script-src": [CSP.SELF, "\'strict-dynamic\'", "https://connect.facebook.net", CSP.NONCE],'],
            id="strict-dynamic-without-a-nonce",
        ),
        pytest.param(
            {"require-trusted-types-for": "'script'", "trusted-types": ["'none'"]},
            ['"trusted-types": ["django-capi", "connect.facebook.net/fbevents"],'],
            id="no-trusted-types",
        ),
        pytest.param(
            {"require-trusted-types-for": "'script'", "trusted-types": "dompurify django-capi"},
            ['"trusted-types": ["dompurify", "django-capi", "connect.facebook.net/fbevents"],'],
            id="one-trusted-type",
        ),
    ],
)
def test_a_policy_that_blocks_the_pixel_comes_with_the_lines_to_write(
    change: Mapping[str, object], lines: list[str], settings: Settings
) -> None:
    settings.SECURE_CSP = OPEN | dict(change)

    messages = everything()

    assert ids(messages) == ["W007"]
    assert missing_lines(settings.SECURE_CSP) == lines
    assert all(text in str(messages[0].hint) for text in lines)


def test_the_lines_of_a_strict_policy_cure_it(settings: Settings) -> None:
    settings.SECURE_CSP = {"default-src": ["'none'"], "form-action": ["'self'"]}

    lines = missing_lines(settings.SECURE_CSP)

    assert [text.split(":")[0] for text in lines] == [
        '"script-src"',
        '"img-src"',
        '"connect-src"',
        '"frame-src"',
        '"form-action"',
    ]
    settings.SECURE_CSP = ast.literal_eval("{" + " ".join(lines) + "}")
    assert everything() == []


def test_a_stand_in_is_looked_for_at_its_own_address(settings: Settings) -> None:
    settings.CAPI = SOUND | {"PIXEL_SCRIPT_URL": "http://127.0.0.1:8001/en_US/fbevents.js"}
    settings.SECURE_CSP = {"default-src": ["'self'", "http://127.0.0.1:8001"]}
    allowed = ids(everything())
    settings.SECURE_CSP = {"default-src": ["'self'", "http://127.0.0.1"]}
    blocked = ids(everything())

    assert (allowed, blocked) == ([], ["W007"])


@pytest.mark.parametrize("address", ["https://static.example.com/files/", "//static.example.com/"])
def test_our_own_script_may_come_from_another_host(address: str, settings: Settings) -> None:
    settings.STATIC_URL = address
    settings.SECURE_CSP = OPEN

    lines = missing_lines(settings.SECURE_CSP)

    assert lines == ['"script-src": ["\'self\'", "https://connect.facebook.net", "https://static.example.com"],']


def test_a_nonce_is_written_as_the_package_spells_it(settings: Settings) -> None:
    strict = OPEN | {"script-src": ["'strict-dynamic'"]}
    settings.SECURE_CSP, settings.CONTENT_SECURITY_POLICY = strict, {"DIRECTIVES": strict}

    hints = [str(message.hint) for message in everything()]

    assert [hint.splitlines()[-1].strip() for hint in hints] == [
        '"script-src": ["\'strict-dynamic\'", CSP.NONCE],',
        '"script-src": ["\'strict-dynamic\'", NONCE],',
    ]


def test_the_nonce_of_django_csp_is_recognised(settings: Settings) -> None:
    constants = pytest.importorskip("csp.constants", reason="django-csp is not installed")
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": OPEN | {"script-src": [constants.NONCE, "'strict-dynamic'"]}}

    assert everything() == []
