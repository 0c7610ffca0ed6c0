from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("django_capi", "0011_values_reasons_and_delays"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversionmark",
            name="reference",
            field=models.CharField(blank=True, db_index=True, default="", max_length=64, verbose_name="reference"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="conversionmark",
            name="excluded_as",
            field=models.CharField(blank=True, default="", max_length=60, verbose_name="excluded as"),
            preserve_default=False,
        ),
        migrations.AlterModelOptions(
            name="event",
            options={
                "permissions": [
                    ("view_payload", "Can view event payloads"),
                    ("resend_event", "Can resend events"),
                    ("send_test_event", "Can send test events"),
                    ("withdraw_event", "Can withdraw events"),
                ],
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
    ]
