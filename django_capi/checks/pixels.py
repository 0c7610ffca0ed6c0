"""Check the pixels of `CAPI`.

No value is shown, as a token in the wrong line must not appear in a build log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from django_capi.conf import conf, stored
from django_capi.shapes import SHAPES, is_pixel_id

ENTRY_KEYS = ("PIXEL_ID", "ACCESS_TOKEN", "APP_SECRET", "TEST_EVENT_CODE")
NAME_LENGTH = 40  # a longer name may be an access token


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The keys of one pixel, and their place in the settings."""

    where: str
    keys: Mapping[str, object]

    def spelled(self, key: str) -> str:
        return f'{self.where}["{key}"]'

    def malformed(self) -> list[str]:
        return [key for key in ENTRY_KEYS if key in self.keys and not SHAPES[key].accepts(self.keys[key])]


def entries() -> list[Entry]:
    """Return every configured pixel; none if PIXELS is malformed, which has a message of its own."""
    if "PIXELS" in conf.malformed():
        return []
    return named_entries() or [Entry(where="CAPI", keys=stored())]


def named_entries() -> list[Entry]:
    return [Entry(where=f'CAPI["PIXELS"][{quoted(str(name))}]', keys=keys) for name, keys in conf.PIXELS.items()]


def quoted(name: str) -> str:
    """Return a name in the form in which it is printed."""
    return json.dumps(name if len(name) <= NAME_LENGTH else f"{name[:4]}...")


def messages() -> Iterator[CheckMessage]:
    for entry in entries():
        yield from check_pixel_id(entry)
        yield from check_access_token(entry)


def check_pixel_id(entry: Entry) -> Iterator[CheckMessage]:
    value = entry.keys.get("PIXEL_ID", "")
    if is_pixel_id(value):
        return
    is_missing = value is None or value == ""
    fault = "is missing" if is_missing else "is not a pixel id"
    # In development the site should start without one.
    level = checks.Warning if is_missing and settings.DEBUG else checks.Error
    yield level(
        f"{entry.spelled('PIXEL_ID')} {fault}: no event can be stored.",
        hint=(
            "Copy the dataset's id from Meta's Events Manager (Data sources, your dataset, Settings) and write it "
            'as digits in a string: "PIXEL_ID": "1234567890123456",'
        ),
        id="django_capi.E001",
    )


def check_access_token(entry: Entry) -> Iterator[CheckMessage]:
    if conf.sender() != "graph" or "ACCESS_TOKEN" in entry.malformed() or entry.keys.get("ACCESS_TOKEN"):
        return
    # As above; in production nothing would be sent.
    level = checks.Warning if settings.DEBUG else checks.Error
    yield level(
        f"{entry.spelled('ACCESS_TOKEN')} is missing: nothing can be sent to Meta.",
        hint=(
            "Generate one in Meta's Events Manager (your dataset, Settings, Conversions API), keep it out of the code "
            'and write "ACCESS_TOKEN": env("META_ACCESS_TOKEN"), or, to see the events in the terminal instead, '
            '"SENDER": "console",'
        ),
        id="django_capi.E002",
    )
