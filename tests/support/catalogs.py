"""The catalogs of messages that the package ships, and what Django's makemessages makes of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import django
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.text import capfirst

import django_capi

PACKAGE: Final = Path(django_capi.__file__).parent
DJANGO: Final = Path(django.__file__).parent
LANGUAGES: Final = ("ar", "de", "es", "fr", "pt_BR")
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w+>")
SENTENCE: Final = 12  # characters
OPTIONS: Final = ("--all", "--no-location", "--no-wrap", "--no-obsolete")  # as in CONTRIBUTING.md


def po_of(language: str, package: Path = PACKAGE) -> Path:
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


def catalog_of(language: str, package: Path = PACKAGE) -> Catalog:
    with po_of(language, package).open("rb") as file:
        return read_po(file, locale=language)


def compiled(language: str) -> Catalog:
    return read(po_of(language).with_suffix(".mo"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_mo(file)


def messages(catalog: Catalog) -> Iterator[Message]:
    """All but the header."""
    return (message for message in catalog if message.id)


def identity(message: Message) -> tuple[str | None, str]:
    """What gettext finds a message by."""
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> tuple[str, ...]:
    """The translation, in each plural form."""
    string: Any = message.string
    return (string,) if isinstance(string, str) else tuple(string)


@cache
def same_as_english(language: str) -> frozenset[str]:
    """Messages, ours and Django's, that this language says with the same words."""
    known = [catalog_of(language), *(read(path) for path in DJANGO.glob(f"**/locale/{language}/LC_MESSAGES/django.mo"))]
    every = (message for catalog in known for message in messages(catalog))
    pairs = ((identity(message)[1], form) for message in every for form in forms(message))
    same = {text for text, form in pairs if capfirst(text) == capfirst(form)}
    return frozenset(same | {capfirst(text) for text in same})


@cache
def english_sentences(language: str) -> frozenset[str]:
    """What a page in this language must not hold: the English of several words, without its placeholders."""
    known = messages(catalog_of(language))
    differing = (text for message in known if (text := identity(message)[1]) not in forms(message))
    parts = (part.strip() for text in differing for part in PLACEHOLDER.split(text))
    return frozenset(part for part in parts if len(part) >= SENTENCE and " " in part)


def extracted_into(folder: Path) -> Path:
    """Run makemessages over a copy of the package. Skipped without GNU gettext; in CI that is a failure."""
    if not shutil.which("msgmerge"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("GNU gettext is missing: apt-get install gettext")
    copy = folder / "django_capi"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    # Without settings, and -P: the package's modules `types` and `requests` must not hide those of Python's path.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-P", "-m", "django", "makemessages", *OPTIONS]
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    return copy
