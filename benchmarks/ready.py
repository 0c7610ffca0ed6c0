"""Set up Django, and make a database of its own for one run.

Import it before any model: it starts Django on `benchmarks.settings`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
django.setup()


@contextmanager
def database(suffix: str = "") -> Iterator[str]:
    """A fresh, migrated database; its name is what another process needs for `join`. A suffix tells two apart."""
    before = str(connection.settings_dict["NAME"])
    connection.settings_dict["TEST"]["NAME"] += suffix
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield name
    finally:
        join(name)
        connection.creation.destroy_test_db(before, verbosity=0)


def join(name: str) -> None:
    """Use the database that another process made."""
    connection.close()
    connection.settings_dict["NAME"] = name


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"
