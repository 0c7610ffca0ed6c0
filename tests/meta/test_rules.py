from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.normalize import sha256
from django_capi.meta.rules import CLAMPED_SECONDS, RULES, Severity, check, clamp_event_time
from tests.meta.strategies import JSON_VALUES

# The hour of these examples; whoever replays them later moves every event_time by what has passed since.
NOW: Final = 1_790_000_000
DAY: Final = 86_400
EM: Final = sha256("ann@example.com")
ANDROID: Final = ["a2", "com.example.shop", "1.0", "1.0", "14", *[""] * 11]


def website(**changes: Any) -> dict[str, Any]:
    return {
        "event_name": "ViewContent",
        "event_time": NOW - 60,
        "event_id": "5c1f0a1e7b8d4a1d",
        "action_source": "website",
        "event_source_url": "https://shop.example.com/p/1",
        "user_data": {"client_user_agent": "Browser/1.0", "client_ip_address": "203.0.113.7", "em": [EM]},
        **changes,
    }


def person(**changes: Any) -> dict[str, Any]:
    return website(user_data={**website()["user_data"], **changes})


def purchase(**custom_data: Any) -> dict[str, Any]:
    return website(event_name="Purchase", custom_data=custom_data)


def store(**changes: Any) -> dict[str, Any]:
    event = website(**{"action_source": "physical_store", "user_data": {"em": [EM]}, **changes})
    return without(event, "event_source_url")


def app(**app_data: Any) -> dict[str, Any]:
    full = {"advertiser_tracking_enabled": 1, "extinfo": ANDROID, **app_data}
    return without(website(action_source="app", user_data={"em": [EM]}, app_data=full), "event_source_url")


def messaging(channel: str, *, name: str = "Purchase", **user_data: Any) -> dict[str, Any]:
    event = website(event_name=name, action_source="business_messaging", messaging_channel=channel, user_data=user_data)
    return without({**event, "custom_data": {"value": 1, "currency": "EUR"}}, "event_source_url")


MESSENGER: Final = {"page_id": "1234567890", "page_scoped_user_id": "9876543210"}
WHATSAPP: Final = {"whatsapp_business_account_id": "1234567890", "ctwa_clid": "ClickId-1"}
INSTAGRAM: Final = {"ig_account_id": "1234567890", "ig_sid": "9876543210"}


def without(payload: Mapping[str, Any], *path: str) -> dict[str, Any]:
    changed = deepcopy(dict(payload))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


# What Meta refuses, and the nearest thing that it takes: rule, refused payload, subcode where known, accepted payload.
EXAMPLES: Final[list[tuple[str, dict[str, Any], int | None, dict[str, Any]]]] = [
    ("event_name_present", without(website(), "event_name"), None, website(event_name="Anything")),
    ("event_name_length", website(event_name="N" * 51), None, website(event_name="N" * 50)),
    ("event_time_present", website(event_time="soon"), None, website()),
    ("event_time_age", website(event_time=NOW - 7 * DAY - 3_600), 2804003, website(event_time=NOW - 7 * DAY + 3_600)),
    ("event_time_age", store(event_time=NOW - 62 * DAY - 3_600), 2804003, store(event_time=NOW - 62 * DAY + 3_600)),
    ("event_time_future", website(event_time=NOW + 3_600), 2804004, website(event_time=NOW)),
    ("action_source_known", without(website(), "action_source"), None, website()),
    ("action_source_known", website(action_source="web"), None, website()),
    ("user_data_present", without(store(), "user_data"), None, store()),
    ("event_id_form", website(event_id=17), None, website(event_id="17")),
    ("event_source_url_form", website(event_source_url="/p/1"), None, website(event_source_url="http://example.com/p/1")),
    ("opt_out_type", website(opt_out="no"), None, website(opt_out=False)),
    ("data_processing_options_known", website(data_processing_options=["CCPA"]), None,
     website(data_processing_options=["LDU"], data_processing_options_country=0, data_processing_options_state=0)),
    ("data_processing_options_state", website(data_processing_options_state=99), None,
     website(data_processing_options_state=1013)),
    ("data_processing_options_place",
     store(data_processing_options=["LDU"], data_processing_options_country=0, data_processing_options_state=0), None,
     store(data_processing_options=["LDU"], data_processing_options_country=1, data_processing_options_state=1000)),
    ("website_url", without(website(), "event_source_url"), None, website()),
    ("website_agent", without(website(), "user_data", "client_user_agent"), None, website()),
    ("app_data_present", without(app(), "app_data"), None, app()),
    ("app_tracking_flag", without(app(), "app_data", "advertiser_tracking_enabled"), None, app()),
    ("extinfo_form", app(extinfo=ANDROID[:15]), 2804043, app()),
    ("extinfo_form", app(extinfo=["a2", "", "", "", "", *[""] * 11]), 2804043,
     app(extinfo=["a2", "", "", "", "14", *[""] * 11])),
    ("messaging_channel_known", without(messaging("messenger", **MESSENGER), "messaging_channel"), None,
     messaging("messenger", **MESSENGER)),
    ("messaging_event_name", messaging("messenger", name="Lead", **MESSENGER), 2804066,
     messaging("messenger", name="LeadSubmitted", **MESSENGER)),
    ("messenger_page", messaging("messenger", page_scoped_user_id="9876543210"), 2804069,
     messaging("messenger", **MESSENGER)),
    ("messenger_user", messaging("messenger", page_id="1234567890"), None, messaging("messenger", **MESSENGER)),
    ("whatsapp_account", messaging("whatsapp", ctwa_clid="ClickId-1"), 2804116, messaging("whatsapp", **WHATSAPP)),
    ("whatsapp_click", messaging("whatsapp", page_id="1234567890"), 2804087,
     messaging("whatsapp", page_id="1234567890", ctwa_clid="ClickId-1")),
    ("instagram_account", messaging("instagram", ig_sid="9876543210"), 2804079, messaging("instagram", **INSTAGRAM)),
    ("instagram_user", messaging("instagram", ig_account_id="1234567890"), None, messaging("instagram", **INSTAGRAM)),
    ("crm_system", website(action_source="system_generated", custom_data={"event_source": "crm"}), None,
     website(action_source="system_generated", custom_data={"event_source": "crm", "lead_event_source": "Some CRM"})),
    ("lead_id_form", person(lead_id="12345"), 2804036, person(lead_id=1234567890123456)),
    ("contact_data_hashed", person(em="ann@example.com"), 2804016, person(em=EM)),
    ("contact_data_hashed", person(ph=[sha256("16505551212"), "16505551212"]), 2804016,
     person(ph=[sha256("16505551212")])),
    ("enough_to_match", website(user_data={"client_user_agent": "Browser/1.0"}), 2804050,
     website(user_data={"client_user_agent": "Browser/1.0", "client_ip_address": "203.0.113.7"})),
    ("enough_to_match", store(user_data={"fn": sha256("ann"), "ge": sha256("f")}), 2804050,
     store(user_data={"fn": sha256("ann"), "ln": sha256("smith")})),
    ("enough_to_match", store(user_data={"ct": sha256("paris"), "country": sha256("fr"), "zp": sha256("75018")}),
     2804050, store(user_data={"ct": sha256("paris"), "external_id": sha256("42")})),
    ("enough_to_match", website(user_data={"db": sha256("19910526"), "client_user_agent": "Browser/1.0"}), 2804050,
     website(user_data={"fbp": "fb.1.1596403881668.1116446470", "client_user_agent": "Browser/1.0"})),
    ("fbc_form", person(fbc="IwAR2F4"), 2804001, person(fbc="fb.1.1554763741205.IwAR2F4")),
    ("fbc_form", person(fbc="fb.1.abc.IwAR2F4"), 2804001, person(fbc="fb.1.1554763741205.IwAR2F4.AQICAQMC")),
    ("ip_address_type", person(client_ip_address=["203.0.113.7"]), None, person(client_ip_address="2001:db8::7")),
    ("user_agent_type", person(client_user_agent=["Browser/1.0"]), None, person(client_user_agent="Browser/1.0")),
    ("external_id_type", person(external_id=[42]), None, person(external_id=[sha256("42")])),
    ("purchase_value", purchase(currency="EUR"), 2804009, purchase(value=9.5, currency="EUR")),
    ("purchase_currency", purchase(value=9.5), 2804010, purchase(value=0, currency="EUR")),
    ("value_currency", website(custom_data={"value": 9.5}), 2804023, website(custom_data={"content_name": "Thing"})),
    ("value_number", purchase(value="a lot", currency="EUR"), None, purchase(value=9.5, currency="EUR")),
    ("currency_form", purchase(value=1, currency="EURO"), None, purchase(value=1, currency="eur")),
    ("content_ids_form", website(custom_data={"content_ids": "sku-1"}), None,
     website(custom_data={"content_ids": ["sku-1"]})),
    ("num_items_form", website(custom_data={"num_items": "two"}), None, website(custom_data={"num_items": 2})),
    ("contents_form", website(custom_data={"contents": "sku-1"}), None,
     website(custom_data={"contents": [{"id": "sku-1", "quantity": 1}]})),
    ("contents_id", website(custom_data={"contents": [{"quantity": 1}]}), None,
     website(custom_data={"contents": [{"id": "sku-1", "quantity": 1}]})),
    ("contents_quantity", website(custom_data={"contents": [{"id": "sku-1"}]}), None,
     website(custom_data={"contents": [{"id": "sku-1", "quantity": 2, "item_price": 9.5}], "value": 19,
                          "currency": "EUR"})),
]  # fmt: skip

# What Meta takes and complains of in Events Manager.
WARNINGS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("event_name_almost_standard", website(event_name="view_content")),
    ("event_name_almost_standard", website(event_name="Add To Cart")),
    ("event_time_ahead", website(event_time=NOW + 60)),
    ("event_time_delay", website(event_time=NOW - 10_000)),
    ("event_id_present", without(website(), "event_id")),
    ("event_id_length", website(event_id="i" * 101)),
    ("no_control_characters", website(event_id="a\nb")),
    ("url_length", website(event_source_url="https://shop.example.com/" + "p" * 2_000)),
    ("data_processing_options_country", website(data_processing_options=["LDU"])),
    ("original_event_time", website(original_event_data={"event_time": NOW + 60})),
    ("crm_action_source", website(custom_data={"event_source": "crm", "lead_event_source": "Some CRM"})),
    ("fbp_form", person(fbp="1116446470")),
    ("ip_address_form", person(client_ip_address="203.0.113.7:443")),
    ("ip_address_public", person(client_ip_address="192.168.1.1")),
    ("no_empty_hash", person(ph=sha256(""))),
    ("known_keys", person(click_id="x")),
    ("value_as_number", purchase(value="9.50", currency="EUR")),
    ("value_negative", purchase(value=-1, currency="EUR")),
    ("currency_value", website(custom_data={"currency": "EUR"})),
    ("currency_known", purchase(value=1, currency="QQQ")),
    ("item_price_currency", website(custom_data={"contents": [{"id": "1", "quantity": 1, "item_price": 2}]})),
    ("delivery_category_known", website(custom_data={"delivery_category": "drone"})),
    ("customer_segmentation_known", website(custom_data={"customer_segmentation": "new"})),
    ("order_id_length", website(custom_data={"order_id": "1" * 101})),
    ("no_event_id_in_custom_data", website(custom_data={"event_id": "1"})),
    ("no_external_id_in_custom_data", website(custom_data={"external_id": "1"})),
]  # fmt: skip


def broken(payload: Mapping[str, Any], severity: Severity | None = None) -> list[str]:
    return [found.rule for found in check(payload, now=NOW) if severity in (None, found.severity)]


@pytest.mark.parametrize(
    ("rule", "refused", "subcode", "accepted"), EXAMPLES, ids=[f"{n}-{row[0]}" for n, row in enumerate(EXAMPLES)]
)
def test_what_meta_refuses_is_found_and_its_nearest_neighbour_is_not(
    rule: str, refused: dict[str, Any], subcode: int | None, accepted: dict[str, Any]
) -> None:
    found = [(one.rule, one.subcode) for one in check(refused, now=NOW) if one.severity is Severity.REFUSED]

    assert (rule, subcode) in found
    assert broken(accepted, Severity.REFUSED) == []


@pytest.mark.parametrize(("rule", "payload"), WARNINGS, ids=[f"{n}-{row[0]}" for n, row in enumerate(WARNINGS)])
def test_what_meta_warns_of_is_found(rule: str, payload: dict[str, Any]) -> None:
    assert broken(payload, Severity.WARNED) == [rule]
    assert broken(payload, Severity.REFUSED) == []


def test_a_good_event_has_no_problem() -> None:
    assert check(website(), now=NOW) == []
    assert check(purchase(value=9.5, currency="EUR"), now=NOW) == []


def test_every_rule_has_an_example_and_a_source() -> None:
    shown = {row[0] for row in EXAMPLES} | {row[0] for row in WARNINGS}

    assert {rule.name for rule in RULES} == shown
    assert all(rule.source and rule.advice.endswith((".", ")")) for rule in RULES)


def test_a_renewal_without_a_visitor_needs_no_url() -> None:
    renewal = website(event_name="Subscribe", action_source="system_generated", user_data={"em": [EM]})

    assert check(without(renewal, "event_source_url"), now=NOW) == []


@pytest.mark.parametrize(
    ("ahead", "expected"), [(0, 0), (-5, -5), (1, 0), (CLAMPED_SECONDS - 1, 0), (CLAMPED_SECONDS, CLAMPED_SECONDS)]
)
def test_a_time_slightly_in_the_future_is_replaced_by_now(ahead: int, expected: int) -> None:
    assert clamp_event_time(NOW + ahead, now=NOW) == NOW + expected


@given(payload=st.dictionaries(st.sampled_from([*website(), "custom_data", "app_data"]), JSON_VALUES, max_size=9))
def test_no_payload_raises_and_no_problem_quotes_it(payload: dict[str, Any]) -> None:
    problems = check(payload, now=NOW)

    assert {found.advice for found in problems} <= {rule.advice for rule in RULES}


@given(user=JSON_VALUES, custom=JSON_VALUES)
def test_no_part_of_a_payload_raises(user: Any, custom: Any) -> None:
    check({**website(), "user_data": user, "custom_data": custom}, now=NOW)
    check(person(em=user, fbc=user, fbp=user, lead_id=user, client_ip_address=user, external_id=user), now=NOW)
    check(purchase(value=custom, currency=custom, contents=custom, content_ids=custom, num_items=custom), now=NOW)
    check(purchase(value=1, contents=[custom], delivery_category=custom, order_id=custom), now=NOW)
    check(app(extinfo=custom, advertiser_tracking_enabled=custom), now=NOW)
    check(website(action_source=custom, messaging_channel=custom, data_processing_options=custom), now=NOW)
