from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.events import (
    PAGE_VIEW,
    STANDARD_EVENTS,
    USER_DATA_KEYS,
    ActionSource,
    AppData,
    Content,
    CustomData,
    Event,
    InvalidEvent,
    LeftOut,
    MessagingChannel,
    OriginalEventData,
    Reason,
    UserData,
)
from django_capi.meta.events.values import identifier, product_id, product_text, text
from django_capi.meta.normalize import HASHED, UNHASHED, sha256
from django_capi.meta.rules import Severity, check
from django_capi.meta.wire import dumps, json_number
from tests.meta.strategies import ANY_VALUE, JSON_VALUES

NOW = 1_790_000_000
ANDROID = ("a2", "com.example.shop", "1.0", "1.0", "14", *[""] * 11)
KNOWN = UserData.from_raw({"em": "ann@example.com"})
VISITOR = UserData.from_raw({"client_user_agent": "Browser/1.0", "client_ip_address": "203.0.113.7"})
PAID = CustomData.from_raw({"value": Decimal("19.90"), "currency": "EUR"})


def refused(event: Event) -> list[str]:
    return [found.rule for found in check(event.payload(), now=NOW) if found.severity is Severity.REFUSED]


# UserData


def test_short_and_long_names_give_the_same() -> None:
    short = {"em": "a@example.com", "ph": "+16505551212", "fn": "Ann", "ln": "Smith", "ct": "Paris", "st": "CA",
             "zp": "75018", "db": "1991-05-26", "ge": "f"}  # fmt: skip
    human = dict(zip(("email", "phone", "first_name", "last_name", "city", "state", "zip", "date_of_birth", "gender"),
                     short.values(), strict=True))  # fmt: skip

    assert UserData.from_raw(human) == UserData.from_raw(short)
    assert UserData.from_raw(human).payload().keys() == short.keys()


def test_user_data_holds_hashes_and_sends_only_what_is_there() -> None:
    user = UserData.from_raw({"email": "ann@example.com", "fbp": "fb.1.1596403881668.1116446470", "phone": None})

    assert user.payload() == {"em": sha256("ann@example.com"), "fbp": "fb.1.1596403881668.1116446470"}
    assert user.em == sha256("ann@example.com")
    assert user.ph is None


def test_a_value_that_cannot_be_sent_costs_only_itself() -> None:
    user = UserData.from_raw({"email": "nonsense", "phone": "12", "first_name": "Ann", "click_id": "x"})

    assert user.payload() == {"fn": sha256("ann")}
    assert user.left_out == (
        LeftOut(key="em", reason=Reason.NOT_AN_EMAIL),
        LeftOut(key="ph", reason=Reason.PHONE_NEEDS_COUNTRY),
        LeftOut(key="click_id", reason=Reason.UNKNOWN_KEY),
    )


def test_phone_and_postcode_are_read_in_the_persons_country() -> None:
    user = UserData.from_raw({"phone": "(650)555-1212", "zip": "94035-1234", "country": "USA"}, default_region="DE")

    assert user.ph == sha256("16505551212")
    assert user.zp == sha256("94035")


def test_a_key_that_may_be_personal_is_not_recorded() -> None:
    user = UserData.from_raw({"ann@example.com": "x"})

    assert user.left_out == (LeftOut(key="?", reason=Reason.UNKNOWN_KEY),)


def test_both_names_of_one_key_are_joined() -> None:
    user = UserData.from_raw({"em": "a@example.com", "email": "b@example.com"})

    assert user.em == (sha256("a@example.com"), sha256("b@example.com"))


def test_several_values_are_sent_as_a_list() -> None:
    user = UserData.from_raw({"em": ["a@example.com", "b@example.com"], "fbp": ["x"]})

    assert user.payload() == {"em": [sha256("a@example.com"), sha256("b@example.com")]}
    assert user.left_out == (LeftOut(key="fbp", reason=Reason.ONE_VALUE),)


def test_numeric_ids_are_sent_as_numbers() -> None:
    user = UserData.from_raw({"lead_id": "1234567890123456", "fb_login_id": 42})

    assert user.payload() == {"lead_id": 1234567890123456, "fb_login_id": 42}


def test_merging_joins_contacts_and_lets_the_other_win() -> None:
    account = UserData.from_raw({"em": "a@example.com", "external_id": "1", "fbp": "fb.1.1596403881668.1", "fn": "Ann"})
    visit = UserData.from_raw({"em": ["b@example.com", "a@example.com"], "external_id": "1",
                               "fbp": "fb.1.1596403881668.2", "zz": 1})  # fmt: skip

    both = account.merged(visit)

    assert both.em == (sha256("a@example.com"), sha256("b@example.com"))
    assert both.external_id == sha256("1")
    assert both.fbp == "fb.1.1596403881668.2"
    assert both.fn == sha256("ann")
    assert both.left_out == visit.left_out


def test_merging_with_nothing_changes_nothing() -> None:
    assert KNOWN.merged(UserData()) == KNOWN
    assert UserData().merged(KNOWN) == KNOWN


def test_user_data_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        KNOWN.em = "x"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"em": "ann@example.com"}, "user_data.em"),
        ({"em": ("ann@example.com",)}, "user_data.em"),
        ({"fbp": ("x",)}, "user_data.fbp"),
        ({"lead_id": "1234567890123456"}, "user_data.lead_id"),
        ({"fbp": 1}, "user_data.fbp"),
    ],
    ids=["raw", "raw in a tuple", "several where one goes", "text where a number goes", "a number where text goes"],
)
def test_user_data_refuses_values_that_were_not_normalised(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        UserData(**values)

    assert caught.value.field == field
    assert "ann@example.com" not in str(caught.value)


def test_user_data_takes_hashes_directly() -> None:
    assert UserData(em=sha256("ann@example.com")) == KNOWN
    assert UserData(em=(sha256("ann@example.com"),)).payload() == {"em": [sha256("ann@example.com")]}


def test_every_key_of_meta_is_a_field() -> None:
    assert set(USER_DATA_KEYS) == HASHED.keys() | UNHASHED.keys()


# CustomData


def test_custom_data_is_cleaned_field_by_field() -> None:
    custom = CustomData.from_raw(
        {
            "value": Decimal("119.40"), "currency": " eur ", "content_ids": [1, "sku-2"], "content_name": " A\nB ",
            "num_items": "3", "predicted_ltv": "200", "status": True, "delivery_category": "curbside",
            "store_data": {"store_code": "7", "other": "x"}, "order_id": 1001, "color": "red", "sizes": {"M", "L"},
        }
    )  # fmt: skip

    assert custom.payload() == {
        "value": 119.4, "currency": "EUR", "content_ids": ["1", "sku-2"], "content_name": "A B", "num_items": 3,
        "predicted_ltv": 200, "status": True, "delivery_category": "curbside", "store_data": {"store_code": "7"},
        "order_id": "1001", "color": "red", "sizes": ["L", "M"],
    }  # fmt: skip
    assert custom.left_out == ()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("value", "19,90", Reason.NOT_A_NUMBER),
        ("value", "€20", Reason.NOT_A_NUMBER),
        ("value", float("nan"), Reason.NOT_A_NUMBER),
        ("value", Decimal("Infinity"), Reason.NOT_A_NUMBER),
        ("value", 2**53, Reason.NOT_A_NUMBER),
        ("value", True, Reason.TYPE),
        ("value", [1], Reason.TYPE),
        ("currency", "EURO", Reason.UNKNOWN_CURRENCY),
        ("currency", 978, Reason.TYPE),
        ("num_items", 1.5, Reason.NOT_A_NUMBER),
        ("content_name", "x" * 1_001, Reason.TOO_LONG),
        ("content_name", " ", Reason.EMPTY),
        ("content_name", "\ud800", Reason.UNREADABLE),
        ("search_string", "ann@example.com shoes", Reason.PERSONAL),
        ("search_string", "ann%40example.com", Reason.PERSONAL),
        ("delivery_category", "drone", Reason.MALFORMED),
        ("content_ids", [], Reason.EMPTY),
        ("contents", "sku-1", Reason.TYPE),
        ("store_data", "7", Reason.TYPE),
        ("email", "ann@example.com", Reason.PERSONAL),
        ("note", "ann@example.com", Reason.PERSONAL),
        ("event_id", "1", Reason.RESERVED),
        ("external_id", "1", Reason.RESERVED),
        ("nested", {"a": 1}, Reason.TYPE),
        ("things", [{"a": 1}], Reason.TYPE),
    ],
)
def test_a_parameter_that_cannot_be_sent_is_left_out(key: str, value: object, reason: Reason) -> None:
    custom = CustomData.from_raw({key: value, "content_type": "product"})

    assert custom.payload() == {"content_type": "product"}
    assert custom.left_out == (LeftOut(key=key, reason=reason),)


def test_a_money_object_sets_the_currency() -> None:
    money = SimpleNamespace(amount=Decimal("20.00"), currency=SimpleNamespace(code="SEK"))

    assert CustomData.from_raw({"value": money}).payload() == {"value": 20, "currency": "SEK"}


def test_the_currency_of_a_money_object_overrides_another() -> None:
    money = SimpleNamespace(amount=Decimal("20.00"), currency="SEK")

    custom = CustomData.from_raw({"currency": "EUR", "value": money})

    assert custom.currency == "SEK"
    assert custom.left_out == (LeftOut(key="currency", reason=Reason.CURRENCY_CONFLICT),)


def test_no_currency_is_ever_assumed() -> None:
    assert CustomData.from_raw({"value": 5}).payload() == {"value": 5}


def test_contents_keep_the_usable_lines() -> None:
    custom = CustomData.from_raw(
        {"contents": [
            {"id": 1, "quantity": "2", "item_price": Decimal("9.95"), "title": " Thing ", "colour": "red"},
            {"id": "2"},
            Content(id="3", quantity=1),
            "4",
        ]}
    )  # fmt: skip

    assert custom.payload() == {
        "contents": [{"id": "1", "quantity": 2, "item_price": 9.95, "title": "Thing"}, {"id": "3", "quantity": 1}],
        "content_ids": ["1", "2", "3"],
    }
    assert [(one.key, one.reason) for one in custom.left_out] == [
        ("contents.colour", Reason.UNKNOWN_KEY),
        ("contents", Reason.INCOMPLETE),
        ("contents", Reason.TYPE),
    ]


def test_custom_data_built_by_hand_is_the_same_as_cleaned() -> None:
    by_hand = CustomData(
        value=Decimal("19.90"), currency="EUR", contents=(Content(id="1", quantity=1, item_price=Decimal("19.90")),),
        properties={"color": "red"},
    )  # fmt: skip
    cleaned = CustomData.from_raw(
        {"value": "19.90", "currency": "EUR", "contents": [{"id": "1", "quantity": 1, "item_price": 19.9}],
         "color": "red"}
    )  # fmt: skip

    assert by_hand == cleaned
    assert by_hand.payload() == cleaned.payload()


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: CustomData(value="1"), "custom_data.value"),  # type: ignore[arg-type]
        (lambda: CustomData(value=Decimal("NaN")), "custom_data.value"),
        (lambda: CustomData(contents=({"id": "1"},)), "custom_data.contents"),  # type: ignore[arg-type]
        (lambda: CustomData(properties={"value": 1}), "custom_data.properties"),
        (lambda: Content(id="", quantity=1), "contents.id"),
        (lambda: Content(id="1", quantity=True), "contents.quantity"),
        (lambda: AppData(advertiser_tracking_enabled=True, extinfo=["a2"]), "app_data.extinfo"),  # type: ignore[arg-type]
        (lambda: AppData(advertiser_tracking_enabled="1", extinfo=()), "app_data.advertiser_tracking_enabled"),  # type: ignore[arg-type]
        (lambda: OriginalEventData(event_time=1.5), "original_event_data.event_time"),  # type: ignore[arg-type]
        (lambda: Event(event_name="", event_time=NOW), "event_name"),
        (lambda: Event(event_name="Lead", event_time=1.5), "event_time"),  # type: ignore[arg-type]
        (lambda: Event(event_name="Lead", event_time=True), "event_time"),
        (lambda: Event(event_name="Lead", event_time=NOW, action_source="web"), "action_source"),  # type: ignore[arg-type]
        (lambda: Event(event_name="Lead", event_time=NOW, user_data={}), "user_data"),  # type: ignore[arg-type]
        (lambda: Event(event_name="Lead", event_time=NOW, user_data=None), "user_data"),  # type: ignore[arg-type]
        (lambda: Event(event_name="Lead", event_time=NOW, opt_out=1), "opt_out"),  # type: ignore[arg-type]
    ],
)
def test_an_invalid_argument_names_the_field(build: Any, field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        build()

    assert caught.value.field == field


# Event


def test_the_full_payload_has_metas_names() -> None:
    event = Event(
        event_name="Subscribe", event_time=NOW, event_id="1", event_source_url="https://shop.example.com/",
        referrer_url="https://example.com/", user_data=VISITOR, custom_data=PAID, opt_out=False,
        data_processing_options=("LDU",), data_processing_options_country=1, data_processing_options_state=1000,
        original_event_data=OriginalEventData(event_name="StartTrial", event_time=NOW - 60, order_id="7"),
    )  # fmt: skip

    assert event.payload() == {
        "event_name": "Subscribe", "event_time": NOW, "event_id": "1", "action_source": "website",
        "event_source_url": "https://shop.example.com/", "referrer_url": "https://example.com/",
        "user_data": {"client_user_agent": "Browser/1.0", "client_ip_address": "203.0.113.7"},
        "custom_data": {"value": 19.9, "currency": "EUR"}, "opt_out": False, "data_processing_options": ["LDU"],
        "data_processing_options_country": 1, "data_processing_options_state": 1000,
        "original_event_data": {"event_name": "StartTrial", "event_time": NOW - 60, "order_id": "7"},
    }  # fmt: skip


def test_an_explicit_no_limit_is_sent() -> None:
    event = Event(event_name="Lead", event_time=NOW, data_processing_options=())

    assert event.payload()["data_processing_options"] == []


@pytest.mark.parametrize(
    "event",
    [
        Event(event_name="Purchase", event_time=NOW, event_source_url="https://example.com/", user_data=VISITOR,
              custom_data=PAID),
        Event(event_name="fb_mobile_purchase", event_time=NOW, action_source=ActionSource.APP, user_data=KNOWN,
              app_data=AppData(advertiser_tracking_enabled=False, extinfo=ANDROID)),
        Event(event_name="Purchase", event_time=NOW - 30 * 86_400, action_source=ActionSource.PHYSICAL_STORE,
              user_data=KNOWN, custom_data=PAID),
        Event(event_name="Contact", event_time=NOW, action_source=ActionSource.PHONE_CALL, user_data=KNOWN),
        Event(event_name="Contact", event_time=NOW, action_source=ActionSource.CHAT, user_data=KNOWN),
        Event(event_name="Contact", event_time=NOW, action_source=ActionSource.EMAIL, user_data=KNOWN),
        Event(event_name="Anything", event_time=NOW, action_source=ActionSource.OTHER, user_data=KNOWN),
        Event(event_name="Qualified", event_time=NOW, action_source=ActionSource.SYSTEM_GENERATED,
              user_data=UserData.from_raw({"lead_id": 1234567890123456}),
              custom_data=CustomData.from_raw({"event_source": "crm", "lead_event_source": "Some CRM"})),
        Event(event_name="Subscribe", event_time=NOW, action_source=ActionSource.SYSTEM_GENERATED, user_data=KNOWN,
              original_event_data=OriginalEventData(event_name="Subscribe", event_time=NOW - 86_400)),
        Event(event_name="Purchase", event_time=NOW, action_source=ActionSource.BUSINESS_MESSAGING,
              messaging_channel=MessagingChannel.WHATSAPP, custom_data=PAID,
              user_data=UserData.from_raw({"whatsapp_business_account_id": "1", "ctwa_clid": "c"})),
        Event(event_name="LeadSubmitted", event_time=NOW, action_source=ActionSource.BUSINESS_MESSAGING,
              messaging_channel=MessagingChannel.MESSENGER,
              user_data=UserData.from_raw({"page_id": "1", "page_scoped_user_id": "2"})),
        Event(event_name="AddToCart", event_time=NOW, action_source=ActionSource.BUSINESS_MESSAGING,
              messaging_channel=MessagingChannel.INSTAGRAM,
              user_data=UserData.from_raw({"ig_account_id": "1", "ig_sid": "2"})),
    ],
    ids=["website", "app", "store", "phone", "chat", "email", "other", "crm", "renewal", "whatsapp", "messenger",
         "instagram"],
)  # fmt: skip
def test_each_family_of_events_can_be_built_complete(event: Event) -> None:
    assert refused(event) == []
    assert dumps(event.payload())


def test_the_names_are_those_of_meta() -> None:
    assert len(STANDARD_EVENTS) == 17
    assert PAGE_VIEW not in STANDARD_EVENTS
    assert len(ActionSource) == 9


@given(values=st.dictionaries(st.sampled_from([*USER_DATA_KEYS, "email", "zip", "nonsense"]), ANY_VALUE, max_size=8))
def test_no_raw_user_data_raises(values: dict[str, object]) -> None:
    user = UserData.from_raw(values, default_region="US")

    assert dumps(user.payload())
    assert UserData.from_raw(user.payload()).payload().keys() <= user.payload().keys()


@given(
    values=st.dictionaries(
        st.sampled_from(["value", "currency", "contents", "content_ids", "num_items", "status", "store_data", "color"])
        | st.text(max_size=10),
        ANY_VALUE | JSON_VALUES,
        max_size=8,
    )
)
def test_no_raw_custom_data_raises(values: dict[str, object]) -> None:
    custom = CustomData.from_raw(values)

    assert dumps(custom.payload())


@pytest.mark.parametrize(("cached", "rule"), [(product_text, text), (product_id, identifier)], ids=["text", "id"])
@given(value=ANY_VALUE | st.text(max_size=300) | st.sampled_from([" a ", "a%40b.c", "a@b.c", 1, True, "1", "[1, 2]"]))
def test_a_cached_rule_gives_what_the_rule_gives(cached: Any, rule: Any, value: object) -> None:
    first, second = cached(value), cached(value)

    assert first == second == rule(value)
    assert type(first) is type(second) is type(rule(value))


@given(value=st.decimals(places=2, min_value=-(10**12), max_value=10**12), zeros=st.integers(0, 12))
def test_trailing_zeros_do_not_change_an_amount(value: Decimal, zeros: int) -> None:
    """Amounts are cached by value, so spellings that compare equal must be sent alike."""
    assert repr(json_number(Decimal(f"{value}{'0' * zeros}"))) == repr(json_number(value))
