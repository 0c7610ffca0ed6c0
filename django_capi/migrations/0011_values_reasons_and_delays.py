from decimal import Decimal

from django.db import migrations, models

STATE = ("span", "start", "pixel_id", "event_name", "status", "browser_state")
COUNTS = (
    "events", "shared_ids",
    "fbp_browser", "fbp_server", "fbp_pairs", "fbp_equal",
    "external_id_browser", "external_id_server", "external_id_pairs", "external_id_equal",
)


def merge(apps, schema_editor):
    """Before this migration, a state had one tally whatever its currency and reason."""
    tallies = apps.get_model("django_capi", "Tally").objects.using(schema_editor.connection.alias)
    split = tallies.order_by().values(*STATE).annotate(rows=models.Count("pk")).filter(rows__gt=1)
    for state in [{name: row[name] for name in STATE} for row in split]:
        first, *others = tallies.filter(**state).order_by("pk")
        for name in COUNTS:
            setattr(first, name, sum(getattr(tally, name) for tally in (first, *others)))
        tallies.filter(pk__in=[tally.pk for tally in others]).delete()
        first.save()


class Migration(migrations.Migration):

    dependencies = [
        ('django_capi', '0010_foreign_pixels'),
    ]

    operations = [
        migrations.CreateModel(
            name='Overview',
            fields=[],
            options={
                'verbose_name': 'at a glance',
                'verbose_name_plural': 'at a glance',
                'proxy': True,
                'default_permissions': ('view',),
                'indexes': [],
                'constraints': [],
            },
            bases=('django_capi.event',),
        ),
        migrations.RemoveConstraint(
            model_name='tally',
            name='capi_one_tally_per_state',
        ),
        migrations.RunPython(migrations.RunPython.noop, merge),
        migrations.AddField(
            model_name='event',
            name='currency',
            field=models.CharField(blank=True, max_length=3, null=True, verbose_name='currency'),
        ),
        migrations.AddField(
            model_name='event',
            name='value',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True, verbose_name='value'),
        ),
        migrations.AddField(
            model_name='tally',
            name='currency',
            field=models.CharField(blank=True, db_default='', max_length=3),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_10s',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_1d',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_1h',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_1m',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_1s',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_2h',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_5m',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='delay_longer',
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='tally',
            name='reason',
            field=models.CharField(blank=True, db_default='', max_length=250),
        ),
        migrations.AddField(
            model_name='tally',
            name='value',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=4, max_digits=24),
        ),
        migrations.AddIndex(
            model_name='conversionmark',
            index=models.Index(fields=['state', 'happened_at'], name='capi_mark_happened'),
        ),
        migrations.AddConstraint(
            model_name='tally',
            constraint=models.UniqueConstraint(fields=('span', 'start', 'pixel_id', 'event_name', 'status', 'browser_state', 'currency', 'reason'), name='capi_one_tally_per_state'),
        ),
    ]
