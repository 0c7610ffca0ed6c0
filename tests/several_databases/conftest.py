"""Keeps these tests out of a run whose settings have one database, and that run's one test out of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

HERE = Path(__file__).parent
IS_OURS = settings.SETTINGS_MODULE == "tests.several_databases.settings"

collect_ignore = [path.name for path in HERE.glob("test_*.py") if IS_OURS is (path.name == "test_in_a_process.py")]


@pytest.fixture
def bold(visitor: Client) -> Client:
    """The visitor, who is shown a failing page instead of raising its error."""
    visitor.raise_request_exception = False
    return visitor


@pytest.fixture
def reads_of_the_replica() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connections["replica"]) as queries:
        yield queries
