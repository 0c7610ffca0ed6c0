"""Events that were set apart before the rank of mirrored events existed stay apart."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from django_capi.models import Event, Rank, Status
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)

APP = "django_capi"
BEFORE = "0008_withdrawals"
AFTER = "0009_mirrored_events_wait"


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([(APP, name)])


def test_what_was_set_apart_stays_apart_and_comes_back() -> None:
    waiting = EventFactory.create(rank=Rank.QUARANTINE)
    finished = EventFactory.create(rank=2, status=Status.ACCEPTED)
    executor = MigrationExecutor(connection)
    latest = [node for node in executor.loader.graph.leaf_nodes() if node[0] == APP]

    try:
        migrate(BEFORE)
        before = Event.objects.values_list("rank", flat=True).get(pk=waiting.pk)
        migrate(AFTER)
        after = Event.objects.values_list("rank", flat=True).get(pk=waiting.pk)
    finally:
        MigrationExecutor(connection).migrate(latest)

    assert (before, after) == (2, Rank.QUARANTINE)
    assert Event.objects.values_list("rank", flat=True).get(pk=finished.pk) == 2
