"""A connection that cannot work is named by a check: addresses, certificates and times."""

from __future__ import annotations

import os
from pathlib import Path

import certifi
import pytest
from pytest_django import Settings

from tests.checks.sound import SOUND, everything, ids, words


@pytest.mark.parametrize("kind", [str, Path])
def test_a_bundle_with_certificates_is_fine(kind: type[str | Path], settings: Settings) -> None:
    settings.CAPI = SOUND | {"CA_BUNDLE": kind(certifi.where())}

    assert ids(everything()) == []


@pytest.mark.parametrize("unset", ["", None])
def test_no_bundle_is_fine(unset: str | None, settings: Settings) -> None:
    settings.CAPI = SOUND | {"CA_BUNDLE": unset}

    assert ids(everything()) == []


def test_a_directory_of_certificates_is_fine(settings: Settings, tmp_path: Path) -> None:
    settings.CAPI = SOUND | {"CA_BUNDLE": tmp_path}

    assert ids(everything()) == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "of another kind"])
def test_a_bundle_that_cannot_be_used_is_an_error_that_does_not_show_it(
    content: bytes | None, settings: Settings, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    settings.CAPI = SOUND | {"CA_BUNDLE": str(bundle)}

    messages = everything()

    assert ids(messages) == ["E010"]
    assert os.fspath(tmp_path) not in words(messages)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param({}, [], id="defaults"),
        pytest.param({"LEASE_SECONDS": 36}, [], id="just enough"),
        pytest.param({"LEASE_SECONDS": 35}, ["W015"], id="a short lease"),
        pytest.param({"READ_TIMEOUT": 43}, ["W015"], id="a long answer"),
        pytest.param({"CONNECT_TIMEOUT": 31}, ["W015"], id="a long way"),
        pytest.param({"CONNECT_TIMEOUT": 1, "READ_TIMEOUT": 1.5, "LEASE_SECONDS": 5}, [], id="all short"),
    ],
)
def test_the_lease_is_longer_than_a_request(times: dict[str, float], expected: list[str], settings: Settings) -> None:
    settings.CAPI = SOUND | times

    assert ids(everything()) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://graph.facebook.com", []),
        ("https://graph.beta.facebook.com/", []),
        ("http://127.0.0.1:8001", ["I001"]),
        ("http://[::1]:8001", ["I001"]),
        ("http://localhost", ["I001"]),
        ("https://graph.example.com", ["I001"]),
        ("https://notfacebook.com", ["I001"]),
    ],
)
def test_a_stand_in_for_meta_is_mentioned(url: str, expected: list[str], settings: Settings) -> None:
    settings.CAPI = SOUND | {"GRAPH_URL": url}

    assert ids(everything()) == expected
