
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('fence', models.BigIntegerField()),
                ('started_at', models.DateTimeField(verbose_name='sent')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('events', models.PositiveIntegerField(verbose_name='events')),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('event_pks', models.JSONField(default=list, help_text='emptied when the batch is closed')),
                ('outcome', models.CharField(blank=True, max_length=20, verbose_name='outcome')),
                ('http_status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='HTTP status')),
                ('error_code', models.IntegerField(blank=True, null=True, verbose_name='code')),
                ('error_subcode', models.IntegerField(blank=True, null=True, verbose_name='subcode')),
                ('reason', models.CharField(blank=True, max_length=250, verbose_name='reason')),
                ('fbtrace_id', models.CharField(blank=True, max_length=64, verbose_name='fbtrace_id')),
            ],
            options={
                'verbose_name': 'request to Meta',
                'verbose_name_plural': 'requests to Meta',
            },
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('object_ref', models.CharField(max_length=120, unique=True, verbose_name='object')),
                ('visitor', models.JSONField(verbose_name='visitor')),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='stored')),
            ],
            options={
                'verbose_name': 'visitor of an object',
                'verbose_name_plural': 'visitors of objects',
            },
        ),
        migrations.CreateModel(
            name='ConversionMark',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('object_ref', models.CharField(max_length=120, verbose_name='object')),
                ('event_name', models.CharField(max_length=50, verbose_name='event name')),
                ('pixel_id', models.CharField(max_length=32, verbose_name='pixel')),
                ('event_id', models.CharField(blank=True, help_text='empty: it happened before us', max_length=100, verbose_name='event id')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='happened')),
                ('shown_at', models.DateTimeField(blank=True, null=True, verbose_name='browser copy rendered')),
            ],
            options={
                'verbose_name': 'conversion',
                'verbose_name_plural': 'conversions',
                'constraints': [models.UniqueConstraint(fields=('object_ref', 'event_name', 'pixel_id'), name='capi_one_mark_per_conversion')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pixel_id', models.CharField(max_length=32, verbose_name='pixel')),
                ('event_name', models.CharField(max_length=50, verbose_name='event name')),
                ('event_id', models.CharField(max_length=100, verbose_name='event id')),
                ('event_time', models.BigIntegerField(help_text='Unix seconds; never changed', verbose_name='event time')),
                ('action_source', models.CharField(max_length=20, verbose_name='action source')),
                ('origin', models.PositiveSmallIntegerField(choices=[(0, 'page'), (1, 'track()'), (2, 'conversion'), (3, 'browser')], default=1, verbose_name='noticed by')),
                ('object_ref', models.CharField(blank=True, max_length=120, verbose_name='object')),
                ('consent', models.PositiveSmallIntegerField(choices=[(0, 'unknown'), (1, 'denied'), (2, 'limited data use'), (3, 'granted')], verbose_name='consent')),
                ('test_event_code', models.CharField(blank=True, max_length=20, verbose_name='test code')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='stored')),
                ('status', models.PositiveSmallIntegerField(choices=[(0, 'pending'), (1, 'accepted'), (2, 'rejected'), (3, 'expired'), (4, 'withdrawn'), (5, 'in doubt')], default=0, verbose_name='server copy')),
                ('rank', models.PositiveSmallIntegerField(choices=[(0, 'first'), (1, 'page views')], default=0, verbose_name='rank')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('deadline', models.DateTimeField(verbose_name='deadline')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('ambiguous', models.PositiveIntegerField(default=0, verbose_name='attempts without an answer')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('error_code', models.IntegerField(blank=True, null=True, verbose_name='code')),
                ('error_subcode', models.IntegerField(blank=True, null=True, verbose_name='subcode')),
                ('error_reason', models.CharField(blank=True, max_length=250, verbose_name='reason')),
                ('payload', models.TextField(blank=True, verbose_name='payload')),
                ('match_keys', models.PositiveIntegerField(default=0, verbose_name='match keys')),
                ('left_out', models.CharField(blank=True, help_text='key:reason, no values', max_length=250, verbose_name='left out')),
                ('server_fbp', models.CharField(blank=True, max_length=16)),
                ('server_external_id', models.CharField(blank=True, max_length=16)),
                ('browser_state', models.PositiveSmallIntegerField(choices=[(0, 'no receipt'), (1, 'blocked'), (2, 'fired')], default=0, verbose_name='browser copy')),
                ('browser_at', models.DateTimeField(blank=True, null=True, verbose_name='first receipt')),
                ('browser_count', models.PositiveIntegerField(default=0, verbose_name='receipts')),
                ('browser_fbp', models.CharField(blank=True, max_length=16)),
                ('browser_external_id', models.CharField(blank=True, max_length=16)),
                ('shared_id', models.BooleanField(default=False, verbose_name='one id, several visitors')),
                ('batch', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='django_capi.batch')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'permissions': [('view_payload', 'Can view event payloads'), ('resend_event', 'Can resend events')],
            },
        ),
        migrations.CreateModel(
            name='Deduplication',
            fields=[
            ],
            options={
                'verbose_name': 'deduplication',
                'verbose_name_plural': 'deduplication',
                'proxy': True,
                'default_permissions': ('view',),
                'indexes': [],
                'constraints': [],
            },
            bases=('django_capi.event',),
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pixel_id', models.CharField(max_length=32, verbose_name='pixel')),
                ('shard', models.PositiveSmallIntegerField(default=0)),
                ('owner', models.CharField(blank=True, max_length=64, verbose_name='held by')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='held until')),
                ('fence', models.BigIntegerField(default=0)),
                ('paused_until', models.DateTimeField(blank=True, null=True, verbose_name='paused until')),
                ('pause_reason', models.CharField(blank=True, max_length=250, verbose_name='why paused')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('max_batch', models.PositiveIntegerField(default=500, verbose_name='events in a request')),
                ('last_ok_at', models.DateTimeField(blank=True, null=True, verbose_name='last accepted')),
            ],
            options={
                'verbose_name': 'lane',
                'verbose_name_plural': 'lanes',
                'constraints': [models.UniqueConstraint(fields=('pixel_id', 'shard'), name='capi_one_lane_per_shard')],
            },
        ),
        migrations.AddField(
            model_name='batch',
            name='lane',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='django_capi.lane'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['status', 'pixel_id', 'rank', 'deadline', 'id'], name='capi_event_due'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['event_time', 'event_name'], name='capi_event_time'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('event_id', 'event_name', 'pixel_id'), name='capi_one_row_per_event'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(fields=['lane', 'finished_at'], name='capi_batch_open'),
        ),
    ]
