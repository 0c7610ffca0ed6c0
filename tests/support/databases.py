"""The database of a test run that has a live server."""

from __future__ import annotations

from pathlib import Path

from django.db import connections


def in_file(folder: Path) -> None:
    """Make a test database of SQLite a file, which gives each thread of a live server a connection of its own.

    They share the one to a database in memory, where a commit in one request ends the savepoints of another.
    The settings have to name a file as well: a live server may read them before there is a test database.
    """
    if connections["default"].vendor == "sqlite":
        connections["default"].settings_dict["TEST"]["NAME"] = folder / "test.sqlite3"
