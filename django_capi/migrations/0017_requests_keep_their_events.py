from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0016_sent_digest"),
    ]

    operations = [
        migrations.AlterField(
            model_name="batch",
            name="event_pks",
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["fbtrace_id"], name="capi_batch_trace"),
        ),
    ]
