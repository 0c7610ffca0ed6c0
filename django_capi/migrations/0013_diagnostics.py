from django.db import migrations, models


def compare_bytes(apps, schema_editor):
    """As the events' own column: `Lead` and `lead` are two names."""
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute(
            "ALTER TABLE django_capi_diagnostic MODIFY event_name varchar(50) "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0012_conversions_have_references"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="server_ip",
            field=models.CharField(blank=True, max_length=4, null=True),
        ),
        migrations.CreateModel(
            name="DiagnosticRefresh",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("refreshed_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Diagnostic",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=40, verbose_name="code")),
                ("pixel_id", models.CharField(blank=True, max_length=32, verbose_name="pixel")),
                ("event_name", models.CharField(blank=True, max_length=50, verbose_name="event name")),
                (
                    "detail",
                    models.CharField(
                        blank=True, help_text="names and codes, no values", max_length=250, verbose_name="detail"
                    ),
                ),
                ("affected", models.PositiveIntegerField(default=0, verbose_name="affected")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="of")),
                ("first_seen_at", models.DateTimeField(verbose_name="first seen")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen")),
                ("muted_until", models.DateTimeField(blank=True, null=True, verbose_name="muted until")),
                ("closed_at", models.DateTimeField(blank=True, db_index=True, null=True, verbose_name="closed")),
                ("is_open", models.BooleanField(default=True, null=True, verbose_name="open")),
            ],
            options={
                "verbose_name": "diagnostic",
                "verbose_name_plural": "diagnostics",
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.RunPython(compare_bytes, migrations.RunPython.noop, atomic=False),
        migrations.AddConstraint(
            model_name="diagnostic",
            constraint=models.UniqueConstraint(
                fields=("code", "pixel_id", "event_name", "is_open"), name="capi_one_open_diagnostic"
            ),
        ),
    ]
