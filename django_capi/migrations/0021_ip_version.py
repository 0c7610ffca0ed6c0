from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0020_browser_value"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="server_ip_version",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
    ]
