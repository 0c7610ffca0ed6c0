"""MySQL and MariaDB take `Order-1`, `order-1` and `örder-1` for one key unless told otherwise; Meta does not."""

from django.db import migrations

COLUMNS = (
    ("event", "event_id", 100),
    ("event", "event_name", 50),
    ("conversionmark", "object_ref", 120),
    ("conversionmark", "event_name", 50),
    ("snapshot", "object_ref", 120),
)


def compare_bytes(apps, schema_editor):
    if schema_editor.connection.vendor == "mysql":
        for table, column, size in COLUMNS:
            schema_editor.execute(
                f"ALTER TABLE django_capi_{table} MODIFY {column} varchar({size}) "
                "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
            )


class Migration(migrations.Migration):
    dependencies = [("django_capi", "0001_initial")]

    atomic = False  # those databases commit each ALTER TABLE by themselves

    operations = [migrations.RunPython(compare_bytes, migrations.RunPython.noop)]
