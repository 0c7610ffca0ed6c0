"""The settings that every process under fire starts with; its site then adds a database and keys of CAPI."""

from __future__ import annotations

from typing import Any

from django_capi.database.sqlite import INIT_COMMAND
from tests.settings import *  # noqa: F403
from tests.settings import CAPI as SITE
from tests.settings import DATABASES

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"]["init_command"] = INIT_COMMAND

ON_FIRE: dict[str, Any] = {
    "SENDER": "graph",
    # A busy machine stands still for a second or two, and that must not make a request ambiguous.
    "CONNECT_TIMEOUT": 5.0,
    "READ_TIMEOUT": 10.0,
    "LEASE_SECONDS": 5,  # the shortest: tests wait for a dead worker's lane
    "NUDGE": False,
}
CAPI = {**SITE, **ON_FIRE}
