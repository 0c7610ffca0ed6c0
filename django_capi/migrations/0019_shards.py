from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0018_large_ledgers"),
    ]

    operations = [
        migrations.AddField(
            model_name="lane",
            name="shards",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
    ]
