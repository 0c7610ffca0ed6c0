from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0014_customer_information"),
    ]

    operations = [
        migrations.CreateModel(
            name="SentDigest",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("day", models.DateField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
