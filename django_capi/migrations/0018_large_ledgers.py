from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0017_requests_keep_their_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="count",
            name="remaining",
            field=models.BigIntegerField(help_text="Unix seconds", null=True),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["event_name", "event_time"], name="capi_event_name"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["status", "event_time"], name="capi_event_status"),
        ),
    ]
