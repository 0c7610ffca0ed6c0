from django.db import migrations, models


def compare_bytes(apps, schema_editor):
    """As the events' own column: `Lead` and `lead` are two names."""
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute(
            "ALTER TABLE django_capi_datasetquality MODIFY event_name varchar(50) "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('django_capi', '0014_customer_information'),
    ]

    operations = [
        migrations.CreateModel(
            name='QualityPull',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pixel_id', models.CharField(max_length=32, unique=True)),
                ('attempted_at', models.DateTimeField()),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('events', models.PositiveIntegerField(default=0)),
                ('unknown_fields', models.CharField(blank=True, max_length=250)),
                ('problem', models.CharField(blank=True, max_length=20)),
                ('reason', models.CharField(blank=True, max_length=250)),
                ('error_code', models.IntegerField(blank=True, null=True)),
                ('error_subcode', models.IntegerField(blank=True, null=True)),
                ('fbtrace_id', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DataFreshness',
            fields=[
            ],
            options={
                'verbose_name': 'data freshness',
                'verbose_name_plural': 'data freshness',
                'proxy': True,
                'default_permissions': ('view',),
                'indexes': [],
                'constraints': [],
            },
            bases=('django_capi.event',),
        ),
        migrations.CreateModel(
            name='DatasetQuality',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pixel_id', models.CharField(max_length=32, verbose_name='pixel')),
                ('event_name', models.CharField(max_length=50, verbose_name='event name')),
                ('day', models.DateField(help_text='in UTC', verbose_name='day')),
                ('retrieved_at', models.DateTimeField(verbose_name='retrieved')),
                ('composite_score', models.FloatField(blank=True, help_text='of 10', null=True, verbose_name='match quality score')),
                ('match_keys', models.JSONField(blank=True, default=list, verbose_name='customer information')),
                ('event_coverage', models.FloatField(blank=True, null=True, verbose_name='event coverage')),
                ('coverage_goal', models.FloatField(blank=True, null=True, verbose_name='goal of the coverage')),
                ('dedupe_keys', models.JSONField(blank=True, default=list, verbose_name='deduplication keys')),
                ('upload_frequency', models.CharField(blank=True, max_length=32, verbose_name='data freshness')),
                ('acr', models.FloatField(blank=True, null=True, verbose_name='additional conversions reported')),
                ('diagnostics', models.JSONField(blank=True, default=list, verbose_name='diagnostics')),
            ],
            options={
                'verbose_name': 'reported by Meta',
                'verbose_name_plural': 'reported by Meta',
                'default_permissions': ('view',),
                'constraints': [models.UniqueConstraint(fields=('pixel_id', 'day', 'event_name'), name='capi_one_quality_per_day')],
            },
        ),
        migrations.RunPython(compare_bytes, migrations.RunPython.noop, atomic=False),
    ]
