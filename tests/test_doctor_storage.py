"""What the doctor says of a database that refuses rows, or changes them without an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from django_capi.doctor import Finding, Level, examine

pytestmark = pytest.mark.django_db(transaction=True)

is_mysql = connection.vendor == "mysql"
on_mysql = pytest.mark.skipif(not is_mysql, reason="SQL modes and character sets are those of MySQL and MariaDB")


def found(name: str) -> list[Finding]:
    return [finding for finding in examine() if finding.name == name]


@contextmanager
def executed(sql: str, undo: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
    yield
    with connection.cursor() as cursor:
        cursor.execute(undo)


def test_a_sound_database_is_well() -> None:
    names = {"sqlite": (), "postgresql": ("sequences", "character set"), "mysql": ("sql_mode", "character set")}

    levels = [finding.level for name in names[connection.vendor] for finding in found(name)]

    assert levels == [Level.OK] * len(names[connection.vendor])


@on_mysql
def test_a_mode_that_truncates_is_named() -> None:
    with executed("SET @before = @@sql_mode, sql_mode = 'NO_ENGINE_SUBSTITUTION'", "SET sql_mode = @before"):
        (finding,) = found("sql_mode")

    assert finding.level is Level.WARN
    assert "STRICT_TRANS_TABLES" in finding.advice


@on_mysql
@pytest.mark.parametrize("charset", ["latin1", "utf8mb3"])
def test_a_column_that_does_not_hold_every_character_is_named_with_the_statement(charset: str) -> None:
    column = "ALTER TABLE django_capi_event MODIFY payload longtext CHARACTER SET {} NOT NULL"
    with executed(column.format(charset), column.format("utf8mb4")):
        (narrow,) = found("character set")
        with connection.cursor() as cursor:
            cursor.execute(narrow.advice.rstrip(";"))
        (repaired,) = found("character set")

    assert narrow.level is Level.WARN
    assert f"django_capi_event.payload ({charset})" in narrow.message
    assert repaired.level is Level.OK


@on_mysql
def test_a_connection_that_does_not_carry_every_character_is_named() -> None:
    with executed("SET character_set_client = latin1", "SET character_set_client = utf8mb4"):
        (finding,) = found("character set")

    assert finding.level is Level.WARN
    assert '["OPTIONS"]["charset"] = "utf8mb4"' in finding.advice
