from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0019_shards"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="browser_currency",
            field=models.CharField(blank=True, max_length=3, null=True, verbose_name="currency in the browser"),
        ),
        migrations.AddField(
            model_name="event",
            name="browser_value",
            field=models.DecimalField(
                blank=True, decimal_places=4, max_digits=20, null=True, verbose_name="value in the browser"
            ),
        ),
    ]
