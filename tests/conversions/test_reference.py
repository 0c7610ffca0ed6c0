from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import transaction

from django_capi.conversions import Conversion
from django_capi.models import ConversionMark, NotSent
from tests.site.models import Note
from tests.support.registration import registering

pytestmark = pytest.mark.django_db


class Lead(Conversion[Note]):
    event_name = "Lead"
    given: ClassVar[Any] = None
    consented: ClassVar[bool] = True

    def happened(self, note: Note, /) -> bool:
        return True

    def consent(self, note: Note, /) -> bool:
        return self.consented

    def reference(self, note: Note, /) -> object:
        if self.given is LookupError:
            raise LookupError("jane@example.com")
        return self.given


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registering(Note, Lead):
        yield


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("R-4711", "R-4711", id="string"),
        pytest.param(4711, "4711", id="number"),
        pytest.param(None, "", id="none"),
        pytest.param("jane@example.com", "", id="e-mail address"),
        pytest.param("R\x00", "", id="control character"),
        pytest.param("x" * 65, "x" * 64, id="too long"),
        pytest.param(LookupError, "", id="raises"),
    ],
)
def test_a_conversion_keeps_what_people_call_its_object(
    given: object, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lead, "given", given)

    Note.objects.create()

    assert ConversionMark.objects.get().reference == kept


def test_a_conversion_that_is_not_sent_keeps_the_reference_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lead, "given", "R-4711")
    monkeypatch.setattr(Lead, "consented", False)

    Note.objects.create()

    mark = ConversionMark.objects.get()
    assert (mark.reason, mark.reference) == (NotSent.DENIED, "R-4711")


@pytest.mark.django_db(transaction=True)
def test_a_number_that_is_given_later_in_the_transaction_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        Note.objects.create()
        monkeypatch.setattr(Lead, "given", "R-4711")

    assert ConversionMark.objects.get().reference == "R-4711"
