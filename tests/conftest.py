"""What every test may count on: a visitor to send requests with, an empty outbox, and no socket in a request."""

from __future__ import annotations

import gc
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.app import app_or_default
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import connections
from django.test import AsyncClient, Client
from django.test import utils as test_environment
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from django_capi.conversions import sources
from django_capi.delivery.client import memory
from django_capi.ledger import marks
from django_capi.tracking import untracked
from tests.support import chromium, kept_rows

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
ADDRESS = "168.212.226.204"
HEADERS = {"user-agent": AGENT}  # AsyncClient takes none at its making
FBP = "fb.1.1596403881668.1116446470"
FIGURES, CELLS = "figures", "cells"
LONG = (
    "tests/failures/",
    "tests/several_databases/test_in_a_process.py",
    "tests/story/",
    "tests/test_shop.py",
    "tests/admin/test_accessibility.py",
    "tests/admin/test_customer_information.py::test_every_figure_leads",
    "tests/admin/test_deduplication.py::test_every_figure_leads",
    "tests/admin/test_in_browser.py",
    "tests/admin/test_languages.py::test_no_page_has_english",
    "tests/admin/test_languages.py::test_pages_without_events",
    "tests/admin/test_languages.py::test_the_first_pages_are_whole",
    "tests/browser/test_matrix.py::test_a_cell",
    "tests/caches/test_in_browser.py",
    "tests/consent/test_in_browser.py",
    "tests/conversions/test_machine.py",
    "tests/delivery/test_machine.py",
    "tests/reports/test_tallies.py::test_days_and_hours",
    "tests/reports/test_tallies.py::test_what_is_pruned",
    "tests/standin/test_fbevents",
    "tests/testing/test_plugin.py",
)

Show = Callable[[str], None]
ShowCell = Callable[[str, str, int, str], None]


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it is not typed
    """The tests of a module stay in one process, for what they share. Long tests are spread over all processes."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if is_long(nodeid) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="run the long tests only: kills, outages, random histories, the corner shop, every page in every language",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what uses the fixture of a browser, so that `-m "not browser"` leaves it out."""
    if "browser" in getattr(item, "fixturenames", ()):
        item.add_marker("browser")


def pytest_collection_finish() -> None:
    """Keep what has been imported out of garbage collections, and collect less often: both take time in every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the long tests or the others. The slowest start first, so that none of them runs alone at the end."""
    wanted = config.getoption("--long")
    others = [item for item in items if lasts_long(item) != wanted]
    items[:] = [item for item in items if lasts_long(item) == wanted]
    config.hook.pytest_deselected(items=others)
    items.sort(key=lambda item: item.get_closest_marker("story") is None)


def lasts_long(item: pytest.Item) -> bool:
    return is_long(item.nodeid) or item.get_closest_marker("hypothesis") is not None


def is_long(nodeid: str) -> bool:
    return nodeid.startswith(LONG)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    shown = [
        f"{Path(report.fspath).stem.removeprefix('test_')}: {text}"
        for report in sorted(reports, key=lambda report: report.nodeid)
        for name, text in report.user_properties
        if name == FIGURES and report.when == "call"
    ]
    shown += rows(
        [
            value
            for report in reports
            if report.when == "call"
            for name, value in report.user_properties
            if name == CELLS
        ]
    )
    if shown:
        terminalreporter.section("figures")
        terminalreporter.write("\n".join([*shown, ""]))


def rows(cells: list[tuple[str, str, int, str]]) -> list[str]:
    """A line for each row of a table, with the letter of each of its cells: the cells are seen by several processes."""
    lines: dict[str, str] = {}
    for table, row, _, letter in sorted(cells, key=lambda cell: cell[:3]):
        name = f"{table}: {row}"
        lines[name] = lines.get(name, f"{name:<40}") + letter
    return list(lines.values())


@pytest.fixture(scope="session", autouse=True)
def _close_browsers() -> Iterator[None]:
    yield
    chromium.close_browsers()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        kept_rows.keep()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Make SQLite's test database a file, in which each thread of a live server has a connection of its own.

    They would share the one to a database in memory, where a commit in one request ends the savepoints of another. The
    settings have to name a file as well: a live server may read them before there is a test database.
    """
    if connections["default"].vendor == "sqlite":
        connections["default"].settings_dict["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "test.sqlite3"


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Show:
    """Show the reader some figures at the end of the run; what the process of a test prints is seen by nobody."""
    return partial(record_property, FIGURES)


@pytest.fixture
def show_cell(record_property: Callable[[str, object], None]) -> ShowCell:
    """Show a letter in a table at the end of the run: table, row, number of the column, letter."""
    return lambda *cell: record_property(CELLS, cell)


@pytest.fixture
def visitor() -> Client:
    """A browser that was here before."""
    client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, HTTP_HOST="testserver")
    client.cookies["_fbp"] = FBP
    return client


@pytest.fixture
def newcomer() -> Client:
    return Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, HTTP_HOST="testserver")


@pytest.fixture
def async_visitor() -> AsyncClient:
    client = AsyncClient()
    client.cookies["_fbp"] = FBP
    return client


@pytest.fixture(autouse=True)
def _clean_slate() -> None:
    memory.sent.clear()
    cache.clear()
    untracked.waiting.reset()


def is_database(address: object) -> bool:
    """A database driver written in Python connects through `socket`, too."""
    ports = {str(settings["PORT"]) for settings in connections.settings.values() if settings["PORT"]}
    return isinstance(address, tuple) and str(address[1]) in ports


@pytest.fixture(autouse=True)
def connections_of_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every address that a request handler connected to; a test that leaves one here fails (design: P3)."""
    found: list[object] = []
    handling = threading.local()
    connect = socket.socket.connect

    def begin(**_: object) -> None:
        handling.is_on = True

    def end(**_: object) -> None:
        handling.is_on = False

    def watched(self: socket.socket, address: Any) -> None:
        if getattr(handling, "is_on", False) and not is_database(address):
            found.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    request_started.connect(begin)
    request_finished.connect(end)
    yield found
    request_started.disconnect(begin)
    request_finished.disconnect(end)
    assert not found, f"a request handler opened a socket to {found}"


@pytest.fixture
def outside_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test runner's mark is taken away, so that the app behaves as in production.

    What it remembers then of rows that are committed must not outlive them: the tables are emptied after each test.
    """
    monkeypatch.delattr(test_environment._TestState, "saved_data")
    yield
    sources.starts.clear()
    marks.known.clear()


@pytest.fixture
def celery_app() -> Iterator[Celery]:
    before = app_or_default()
    app = Celery("site", fixups=[], broker="memory://")
    app.conf.task_default_queue = uuid.uuid4().hex
    app.set_current()
    app.set_default()  # as Celery does for Django: other threads have no current app
    yield app
    app.close()
    before.set_current()
    before.set_default()
