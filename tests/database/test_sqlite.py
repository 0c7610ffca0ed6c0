"""What a site is told to write for a ledger in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from django_capi.database.sqlite import INIT_COMMAND, advice

ROOT = Path(__file__).resolve().parents[2]
SYNCHRONOUS_NORMAL = 1
IN_MEMORY = 2
OPEN_FILES = Path("/proc/self/fd")
TEMPORARY = "etilqs_"  # how SQLite names its temporary files


def test_the_statements_set_what_they_name(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "site.sqlite3")) as connection:
        connection.executescript(INIT_COMMAND)
        found = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "temp_store")
        }

    assert found == {"journal_mode": "wal", "synchronous": SYNCHRONOUS_NORMAL, "temp_store": IN_MEMORY}


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="there is no /proc/self/fd here")
def test_a_large_update_writes_no_copies_of_its_pages_to_a_file(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "site.sqlite3", isolation_level=None)) as connection:
        connection.executescript(INIT_COMMAND)
        connection.execute(
            "CREATE TABLE event (id INTEGER PRIMARY KEY, status INTEGER CHECK (status >= 0), payload TEXT)"
        )
        connection.executemany("INSERT INTO event VALUES (?, 0, ?)", [(pk, "x" * 1500) for pk in range(500)])
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE event SET status = 1 WHERE id < 500")
        opened = [link for link in OPEN_FILES.iterdir() if TEMPORARY in str(link.resolve())]
        connection.execute("COMMIT")

    assert not opened


@pytest.mark.parametrize(
    "path", ["docs/explanation/delivery.md", "docs/reference/checks.md", "example_project/settings.py"]
)
def test_the_pages_and_the_example_say_the_same(path: str) -> None:
    assert INIT_COMMAND in (ROOT / path).read_text(encoding="utf-8")


def test_the_advice_names_the_database() -> None:
    assert 'DATABASES["ledger"]["OPTIONS"]' in advice("ledger")
    assert INIT_COMMAND in advice("ledger")
