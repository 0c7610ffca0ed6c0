"""Check that the ledger's database answers, is migrated, and is configured for concurrent writers."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from django_capi.conversions.base import registry
from django_capi.database.alias import using
from django_capi.database.sqlite import WRITING_MODES, advice
from django_capi.doctor.finding import Finding, fail, ok, warn
from django_capi.models import Event

NAME = "database"
APP = "django_capi"


def examine() -> Iterator[Finding]:
    connection = connections[using()]
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield fail(
            NAME,
            f'The database "{connection.alias}" cannot be reached ({type(error).__name__}): nothing can be stored.',
            f'Check DATABASES["{connection.alias}"] and the server.',
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
        # If a router forbids a migration here, Django records it as applied without making the table.
        yield fail("migrations", "They are recorded as applied, but the tables do not exist.", wrong_router(command))
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
    yield warn("sqlite", f"{text}: concurrent writers fail.", advice(connection.alias))


def neighbours(alias: str) -> Iterator[Finding]:
    """Find models with conversions in another database, as no transaction spans both."""
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
