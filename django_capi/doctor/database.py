"""The ledger's database comes in: whether it answers, is migrated, and is written to in a way that bears traffic."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from django_capi.checks.deployment import WRITING_MODES
from django_capi.conversions.base import registry
from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, fail, ok, warn
from django_capi.models import Event

NAME = "database"
APP = "django_capi"


def look() -> Iterator[Finding]:
    connection = connections[using()]
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield fail(
            NAME,
            f'The database "{connection.alias}" cannot be reached ({type(error).__name__}): nothing can be stored.',
            f'Look at DATABASES["{connection.alias}"] and at the server.',
        )
        return
    yield ok(NAME, f'The ledger is in "{connection.alias}" ({connection.display_name}), and it answers.')
    yield from migrations(connection)
    yield from sqlite(connection)
    yield from neighbours(connection.alias)


def migrations(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] == APP]
    missing = [migration.name for migration, _ in executor.migration_plan(leaves) if migration.app_label == APP]
    command = f"manage.py migrate {APP} --database {connection.alias}"
    if missing:
        yield fail("migrations", f"Not applied: {', '.join(missing)}.", f"Run {command}")
    elif Event._meta.db_table not in connection.introspection.table_names():
        # A router that forbids the migration here has it noted as applied, without a table.
        yield fail("migrations", "They are noted as applied, but the tables are not there.", wrong_router(command))
    else:
        yield ok("migrations", "All applied.")


def wrong_router(command: str) -> str:
    return (
        f"A database router sends the ledger here, but its allow_migrate() forbids the tables. Let it allow them, "
        f'run manage.py migrate {APP} zero --fake, then "{command}"'
    )


def sqlite(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = str(cursor.fetchone()[0]).upper()
    mode = str((connection.settings_dict.get("OPTIONS") or {}).get("transaction_mode") or "DEFERRED").upper()
    text = f"Journal {journal}, transactions {mode}"
    if mode in WRITING_MODES and journal in ("WAL", "MEMORY"):
        yield ok("sqlite", f"{text}.")
        return
    yield warn(
        "sqlite",
        f"{text}: writers get in each other's way.",
        f'Write DATABASES["{connection.alias}"]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE", "timeout": 20, '
        '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}',
    )


def neighbours(alias: str) -> Iterator[Finding]:
    """Models with conversions that live elsewhere: no transaction can hold both the object and its event."""
    for model in registry:
        other = router.db_for_write(model)
        if other != alias:
            yield warn(
                "databases",
                f'{model._meta.label} is stored in "{other}" and the ledger in "{alias}": '
                "the two are not written in one transaction.",
                f'Let the database router send {APP} to "{other}" as well, '
                'or read "Several databases" in docs/explanation/delivery.md.',
            )
