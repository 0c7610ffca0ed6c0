from django.db import migrations, models


def compare_bytes(apps, schema_editor):
    """Events may have another collation, from another release of the database; against bytes any compares."""
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute(
            "ALTER TABLE django_capi_withdrawal MODIFY digest varchar(16) "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0007_conversions_are_owed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "fbp"), (2, "external_id"), (3, "session")])),
                ("digest", models.CharField(max_length=16)),
                ("withdrawn_at", models.DateTimeField(db_index=True)),
                ("is_swept", models.BooleanField(default=False)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(compare_bytes, migrations.RunPython.noop, atomic=False),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(fields=("digest", "kind"), name="capi_one_withdrawal_per_key"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["is_swept", "withdrawn_at"], name="capi_withdrawal_swept"),
        ),
        migrations.AddField(
            model_name="event",
            name="consented_at",
            field=models.DateTimeField(null=True, verbose_name="consent decided"),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="consented_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="session",
            field=models.CharField(blank=True, db_index=True, default="", max_length=16),
            preserve_default=False,
        ),
    ]
