from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0009_mirrored_events_wait"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForeignPixel",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pixel_id", models.CharField(max_length=32, verbose_name="pixel of this site")),
                ("other_id", models.CharField(max_length=20, verbose_name="other pixel")),
                ("path", models.CharField(help_text="without the query", max_length=200, verbose_name="page")),
                ("first_seen_at", models.DateTimeField(verbose_name="first seen")),
                ("last_seen_at", models.DateTimeField(db_index=True, verbose_name="last seen")),
                (
                    "count",
                    models.PositiveIntegerField(
                        default=1, help_text="counted once a minute at most", verbose_name="times seen"
                    ),
                ),
            ],
            options={
                "verbose_name": "other pixel",
                "verbose_name_plural": "other pixels",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddConstraint(
            model_name="foreignpixel",
            constraint=models.UniqueConstraint(
                fields=("path", "other_id", "pixel_id"), name="capi_one_row_per_foreign_pixel"
            ),
        ),
    ]
