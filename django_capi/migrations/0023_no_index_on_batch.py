from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("django_capi", "0022_count_duration"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="event", name="capi_event_batch"),
    ]
