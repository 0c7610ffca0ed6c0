from django.db import migrations, models

PENDING = 0
FAILING = 2  # Rank.ALONE before this migration
ALONE = 3


def make_room(apps, schema_editor):
    move(apps, schema_editor, FAILING, ALONE)


def close_up(apps, schema_editor):
    move(apps, schema_editor, ALONE, FAILING)


def move(apps, schema_editor, old, new):
    """Only of the events that still wait: the rank of a finished one is not read."""
    events = apps.get_model("django_capi", "Event").objects.using(schema_editor.connection.alias)
    for pixel_id in list(events.filter(status=PENDING).order_by().values_list("pixel_id", flat=True).distinct()):
        events.filter(status=PENDING, pixel_id=pixel_id, rank=old).update(rank=new)


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0008_withdrawals"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="rank",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "first"), (1, "page views"), (2, "reported by a browser only"), (3, "alone")],
                default=0,
                verbose_name="rank",
            ),
        ),
        migrations.RunPython(make_room, close_up),
    ]
