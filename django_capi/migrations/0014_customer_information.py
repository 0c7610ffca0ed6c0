from datetime import UTC, datetime

from django.db import migrations, models

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    ("keytally", "event_name", "varchar(50)", ""),
    ("event", "page", "varchar(100)", "DEFAULT ''"),
)


def compare_bytes(apps, schema_editor):
    """As other names of events: `Lead` and `lead` are two of them."""
    if schema_editor.connection.vendor == "mysql":
        for table, column, kind, default in COLUMNS:
            schema_editor.execute(
                f"ALTER TABLE django_capi_{table} MODIFY {column} {kind} "
                f"CHARACTER SET utf8mb4 COLLATE utf8mb4_bin {default} NOT NULL"
            )


def count_again(apps, schema_editor):
    """Hours that were counted before have no tallies of keys. All other figures stay while they are counted again."""
    alias = schema_editor.connection.alias
    apps.get_model("django_capi", "Tally").objects.using(alias).filter(span=0).update(counted_at=NEVER)
    apps.get_model("django_capi", "Count").objects.using(alias).update(counted_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0013_diagnostics"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerInformation",
            fields=[],
            options={
                "verbose_name": "customer information",
                "verbose_name_plural": "customer information",
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("django_capi.event",),
        ),
        migrations.CreateModel(
            name="KeyTally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("span", models.PositiveSmallIntegerField(choices=[(0, "an hour"), (1, "a day"), (2, "what the hour has lost to pruning")])),
                ("start", models.BigIntegerField(help_text="Unix seconds")),
                ("pixel_id", models.CharField(max_length=32)),
                ("event_name", models.CharField(max_length=50)),
                ("status", models.PositiveSmallIntegerField(choices=[(0, "pending"), (1, "accepted"), (2, "rejected"), (3, "expired"), (4, "withdrawn"), (5, "in doubt")])),
                ("match_keys", models.PositiveIntegerField()),
                ("counted_at", models.DateTimeField()),
                ("events", models.PositiveIntegerField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="event",
            name="browser_family",
            field=models.PositiveSmallIntegerField(choices=[(0, "not known"), (1, "Chrome"), (2, "Safari"), (3, "Firefox"), (4, "Edge"), (5, "Samsung Internet"), (6, "Opera"), (7, "Instagram"), (8, "Facebook app"), (9, "other")], db_default=0, default=0, verbose_name="browser"),
        ),
        migrations.AddField(
            model_name="event",
            name="page",
            field=models.CharField(blank=True, db_default="", default="", max_length=100, verbose_name="page"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["batch"], name="capi_event_batch"),
        ),
        migrations.RunPython(compare_bytes, migrations.RunPython.noop, atomic=False),
        migrations.AddConstraint(
            model_name="keytally",
            constraint=models.UniqueConstraint(fields=("span", "start", "pixel_id", "event_name", "status", "match_keys"), name="capi_one_tally_per_keys"),
        ),
        migrations.RunPython(count_again, migrations.RunPython.noop),
    ]
