from django.db import migrations, models

OPEN, STORED, NOT_SENT = 0, 2, 3


def one_row_per_object(apps, schema_editor):
    """A conversion had a row for each pixel; now it has one that lists them. An empty id meant: it happened before."""
    marks = apps.get_model("django_capi", "ConversionMark").objects.using(schema_editor.connection.alias)
    kept = None
    for mark in marks.order_by("object_ref", "event_name", "pk").iterator(chunk_size=1000):
        same = kept is not None and (kept.object_ref, kept.event_name) == (mark.object_ref, mark.event_name)
        if not same:
            kept = mark
            kept.pixel_ids = mark.pixel_id if mark.event_id else ""
        else:
            mark.delete()
            kept.event_id = kept.event_id or mark.event_id
            kept.shown_at = kept.shown_at or mark.shown_at
            if mark.event_id:
                kept.pixel_ids = f"{kept.pixel_ids} {mark.pixel_id}".strip()
        kept.state = STORED if kept.event_id else NOT_SENT
        kept.reason = "" if kept.event_id else "before"
        kept.happened_at = kept.created_at
        kept.save()


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0006_visitors_who_withdraw"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConversionSource",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("model", models.CharField(help_text="app_label.model_name", max_length=100)),
                ("database", models.CharField(max_length=60)),
                ("event_name", models.CharField(max_length=50)),
                ("met_at", models.DateTimeField(auto_now_add=True)),
                ("met_pk", models.BigIntegerField(help_text="the highest primary key then; empty without numbers", null=True)),
                ("swept_at", models.DateTimeField(null=True)),
                ("cursor", models.BigIntegerField(default=0)),
                ("lap_start", models.BigIntegerField(default=0)),
                ("lap_end", models.BigIntegerField(default=0)),
                ("lap_at", models.DateTimeField(null=True)),
                ("since", models.DateTimeField(null=True)),
                ("next_since", models.DateTimeField(null=True)),
                ("candidate_pk", models.CharField(blank=True, max_length=120)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="conversionsource",
            constraint=models.UniqueConstraint(fields=("model", "database", "event_name"), name="capi_one_source_per_class"),
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="state",
            field=models.PositiveSmallIntegerField(choices=[(0, "has not happened"), (1, "stored, to be completed"), (2, "stored"), (3, "not sent")], default=0, verbose_name="state"),
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="reason",
            field=models.CharField(blank=True, choices=[("before", "it happened before this app knew the model"), ("denied", "the customer declined"), ("unknown", "the customer's consent is not known"), ("withdrawn", "the customer withdrew consent"), ("excluded", "it came from a crawler or an excluded request"), ("no_pixel", "it belongs to no pixel"), ("too_old", "it was found too late for Meta")], max_length=20, verbose_name="why not sent"),
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="pixel_ids",
            field=models.TextField(blank=True, default="", help_text="separated by spaces", verbose_name="pixels"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="happened_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="happened"),
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="check_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next check"),
        ),
        migrations.RunPython(one_row_per_object, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="conversionmark", name="capi_one_mark_per_conversion"),
        migrations.RemoveField(model_name="conversionmark", name="pixel_id"),
        migrations.AlterField(
            model_name="conversionmark",
            name="event_id",
            field=models.CharField(blank=True, max_length=100, verbose_name="event id"),
        ),
        migrations.AlterField(
            model_name="conversionmark",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="first seen"),
        ),
        migrations.AddConstraint(
            model_name="conversionmark",
            constraint=models.UniqueConstraint(fields=("object_ref", "event_name"), name="capi_one_mark_per_object"),
        ),
        migrations.AddIndex(
            model_name="conversionmark",
            index=models.Index(fields=["state", "check_at"], name="capi_mark_check"),
        ),
    ]
