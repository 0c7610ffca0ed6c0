"""Each documented rule: an event that Meta refuses, and its nearest neighbour that it accepts."""

from __future__ import annotations

import pytest

from example_project.standin.errors import TITLES
from example_project.standin.rules import RULES
from tests.standin.asking import seen, send
from tests.standin.events import Event, person, purchase, website
from tests.standin.examples import EXAMPLES, IDS


@pytest.mark.parametrize(("rule", "subcode", "field", "refused", "accepted"), EXAMPLES, ids=IDS)
def test_a_rule_refuses_one_event_and_accepts_its_neighbour(
    url: str, rule: str, subcode: int | None, field: str, refused: Event, accepted: Event
) -> None:
    no = send(url, refused)
    yes = send(url, accepted)

    error = no.json["error"]
    assert (no.status, error["code"], error.get("error_subcode")) == (400, 100, subcode), rule
    assert f"Il campo {field} " in error["error_user_msg"]
    assert (yes.status, yes.json.get("events_received")) == (200, 1)


def test_every_rule_has_an_example() -> None:
    with_examples = {rule for rule, *_ in EXAMPLES}

    assert {rule.name for rule in RULES} == with_examples


def test_every_subcode_has_a_title() -> None:
    subcodes = {rule.subcode for rule in RULES}

    assert subcodes == set(TITLES)


def test_one_bad_event_refuses_the_whole_batch(url: str) -> None:
    good = [website(event_id=f"view-{number}") for number in range(9)]

    answer = send(url, *good, purchase(value=None))

    assert answer.status == 400
    assert seen(url)["server"] == []
    assert seen(url)["refused"] == 1


def test_an_error_never_repeats_what_was_sent(url: str) -> None:
    answer = send(url, person(em="someone@example.com"))

    assert "someone" not in answer.text
    assert "em" in answer.json["error"]["error_user_msg"]


def test_custom_properties_and_unknown_keys_are_accepted(url: str) -> None:
    event = website(custom_data={"shelf": "b4", "tags": ["new"]}, something_of_tomorrow=1)

    answer = send(url, event)

    assert answer.status == 200


@pytest.mark.parametrize("event", [None, 1, "no json", [], "[]", '"text"'], ids=repr)
def test_an_event_that_is_no_object_is_refused(url: str, event: object) -> None:
    answer = send(url, event)

    assert (answer.status, answer.json["error"]["code"]) == (400, 100)
