from __future__ import annotations

import pytest
from pytest_django import Settings

from django_capi.delivery.drain import deliver
from django_capi.models import Batch, Event, Status
from tests.support.factories import EventFactory
from tests.support.scripted_meta import listening

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("others", [0, 3], ids=["alone", "among others"])
def test_a_rejected_event_keeps_the_request_that_meta_refused(others: int, settings: Settings) -> None:
    EventFactory.create_batch(others)
    event = EventFactory()
    with listening() as meta:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": meta.url}
        meta.refused.add(event.event_id)
        deliver()

    event.refresh_from_db()
    refused = Batch.objects.get(pk=event.batch_id)
    assert (event.status, refused.events, refused.http_status) == (Status.REJECTED, 1, 400)
    assert Event.objects.filter(status=Status.ACCEPTED).count() == others
