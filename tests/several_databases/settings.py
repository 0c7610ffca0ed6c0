"""The test site with several databases, all of them migrated; each test chooses the router."""

from __future__ import annotations

from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES as ONE


def beside(alias: str) -> dict[str, Any]:
    """The database that DATABASE_URL names, and others next to it on the same server."""
    name = str(ONE["default"]["NAME"])
    return {**ONE["default"], "NAME": name if name == ":memory:" else f"{name}_{alias}"}


# All of them new, for the run that started this process is using its own.
DATABASES = {alias: beside(alias) for alias in ("default", "other", "replica", "empty")}
# While the tables are made; each test then names the router it is about.
DATABASE_ROUTERS = ["tests.several_databases.routers.NoTables"]
ROOT_URLCONF = "tests.several_databases.urls"
