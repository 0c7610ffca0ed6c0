"""Check that the ledger's tables can store every row unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_capi.database import sequences
from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, fail, ok, warn

STRICT_MODES: Final = {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}
# The character sets of MySQL and MariaDB that hold every character.
WHOLE: Final = ("utf8mb4", "utf16", "utf16le", "utf32", "gb18030")


def examine() -> Iterator[Finding]:
    connection = connections[using()]
    yield from lagging_sequences(connection)
    yield from sql_mode(connection)
    yield from character_sets(connection)


def lagging_sequences(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    tables = sorted(model._meta.db_table for model in sequences.lagging(connection.alias))
    if not tables:
        yield ok("sequences", "Every table's sequence is ahead of its rows.")
        return
    yield fail(
        "sequences",
        f"Sequences lag behind the rows of {', '.join(tables)}, as after a restored dump: INSERTs fail until the "
        "sequence has passed the highest primary key.",
        f"Run {sequences.FIX} | manage.py dbshell --database {connection.alias}, and the same for your other apps. "
        "The next pass of a worker repairs those of this app.",
    )


def sql_mode(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    if connection.vendor != "mysql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode")
        modes = set(str(cursor.fetchone()[0]).split(","))
    if modes & STRICT_MODES:
        yield ok("sql_mode", "Values that do not fit are refused.")
        return
    yield warn(
        "sql_mode",
        "The SQL mode is not strict: values that do not fit are truncated or replaced without an error.",
        f'Write DATABASES["{connection.alias}"]["OPTIONS"]["init_command"] = "SET sql_mode = '
        "CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')\"",
    )


def character_sets(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Check the character sets of the connection and the columns, which may refuse or replace characters."""
    if connection.vendor == "postgresql":
        yield from encoding(connection)
    if connection.vendor != "mysql":
        return
    narrow = list(narrow_columns(connection))
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.character_set_client")
        client = str(cursor.fetchone()[0])
    if client not in WHOLE:
        yield warn(
            "character set",
            f"The connection's character set is {client}, which does not hold every character: events are refused "
            "or changed.",
            f'Write DATABASES["{connection.alias}"]["OPTIONS"]["charset"] = "utf8mb4"',
        )
    if narrow:
        names = ", ".join(f"{table}.{column} ({charset})" for table, column, charset, _ in narrow)
        yield warn(
            "character set",
            f"These columns do not hold every character, so that events are refused or changed: {names}.",
            " ".join(statement for *_, statement in narrow),
        )
    if client in WHOLE and not narrow:
        yield ok("character set", "Connection and columns hold every character.")


def narrow_columns(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str, str, str]]:
    """Table, column, character set, and the statement that repairs it: CONVERT TO would change the keys' collation."""
    tables = [model._meta.db_table for model in sequences.numbered()]
    places = ", ".join(["%s"] * len(tables))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, character_set_name, column_type, is_nullable "  # noqa: S608  # placeholders
            "FROM information_schema.columns WHERE table_schema = DATABASE() AND character_set_name IS NOT NULL "
            f"AND table_name IN ({places}) ORDER BY table_name, ordinal_position",
            tables,
        )
        for table, column, charset, kind, is_nullable in cursor.fetchall():
            if charset not in WHOLE:
                null = "NULL" if is_nullable == "YES" else "NOT NULL"
                yield (
                    table,
                    column,
                    charset,
                    f"ALTER TABLE {table} MODIFY {column} {kind} CHARACTER SET utf8mb4 {null};",
                )


def encoding(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        found = str(cursor.fetchone()[0])
    if found == "UTF8":
        yield ok("character set", "The database holds every character.")
        return
    yield warn(
        "character set",
        f"The database's encoding is {found}, which does not hold every character: such events are refused.",
        "Restore a dump of it into a database that was created with ENCODING 'UTF8'.",
    )
