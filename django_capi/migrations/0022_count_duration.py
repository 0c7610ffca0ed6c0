from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0021_ip_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="count",
            name="took",
            field=models.FloatField(db_default=0.0, default=0.0, help_text="seconds"),
        ),
    ]
