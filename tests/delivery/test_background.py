"""A request travels in a thread, and a forked worker has one of its own."""

from __future__ import annotations

import os

import pytest

from django_capi.conf import Pixel, conf
from django_capi.delivery import background, client
from django_capi.meta.verdicts import RequestOutcome

BODY = '{"data": [{"event_name": "Lead"}]}'


def is_answered() -> bool:
    flight = background.dispatch(client.client(), conf.pixels()["main"], BODY)
    return flight.result(timeout=10).verdict.outcome is RequestOutcome.ACCEPTED


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_worker_sends_by_a_thread_of_its_own() -> None:
    assert is_answered()  # the parent has its thread now, as a worker's parent may

    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if is_answered() else 2
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Failing:
    """A sender with a fault of its own."""

    def post(self, pixel: Pixel, body: str) -> client.Answer:
        token = pixel.access_token.reveal()
        raise LookupError(token)


def test_what_a_sender_raises_is_an_answer_that_may_have_been_lost_and_names_the_class_only() -> None:
    answer = background.dispatch(Failing(), conf.pixels()["main"], BODY).result(timeout=10)

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS
    assert answer.verdict.reason == "Sending failed with LookupError; Meta may or may not have accepted the events."
    assert conf.ACCESS_TOKEN not in repr(answer)
