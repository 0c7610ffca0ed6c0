"""Type the names and values that sites pass to this app, so that a type checker finds a misspelt one.

Nothing here is checked at run time: plain strings and dicts are accepted everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType, Protocol, TypedDict, cast
from uuid import UUID

from django.utils.functional import Promise

from django_capi.meta.events import Content

__all__ = [
    "ActionSourceName",
    "Amount",
    "AppDataDict",
    "ContentDict",
    "CustomDataDict",
    "CustomEvent",
    "CustomerSegmentationName",
    "DeliveryCategoryName",
    "EventName",
    "EventTime",
    "MessagingChannelName",
    "OriginalEventDict",
    "SingleValue",
    "StandardEvent",
    "StoreDataDict",
    "SupportsAmount",
    "SupportsCode",
    "UserDataDict",
    "with_properties",
]

# Meta's names. https://developers.facebook.com/docs/meta-pixel/reference and, for business messaging,
# https://developers.facebook.com/docs/marketing-api/conversions-api/business-messaging
StandardEvent = Literal[
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "CartAbandoned",
    "CompleteRegistration",
    "Contact",
    "CustomizeProduct",
    "Donate",
    "FindLocation",
    "InitiateCheckout",
    "Lead",
    "LeadSubmitted",
    "OrderCanceled",
    "OrderCreated",
    "OrderDelivered",
    "OrderReturned",
    "OrderShipped",
    "PageView",
    "Purchase",
    "QualifiedLead",
    "RatingProvided",
    "ReviewProvided",
    "Schedule",
    "Search",
    "StartTrial",
    "SubmitApplication",
    "Subscribe",
    "ViewContent",
]
CustomEvent = NewType("CustomEvent", str)
"""The name of an event of the site's own: `track(CustomEvent("QuizDone"))`. At run time it is a plain string."""
EventName = StandardEvent | CustomEvent

ActionSourceName = Literal[
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
]
MessagingChannelName = Literal["messenger", "whatsapp", "instagram"]
DeliveryCategoryName = Literal["in_store", "curbside", "home_delivery"]
CustomerSegmentationName = Literal[
    "new_customer_to_business",
    "new_customer_to_business_line",
    "new_customer_to_product_area",
    "new_customer_to_medium",
    "existing_customer_to_business",
    "existing_customer_to_business_line",
    "existing_customer_to_product_area",
    "existing_customer_to_medium",
    "customer_in_loyalty_program",
]


class SupportsAmount(Protocol):
    """A money object, such as those of django-money. Its currency goes with it."""

    @property
    def amount(self) -> Any: ...


class SupportsCode(Protocol):
    """A currency object."""

    @property
    def code(self) -> Any: ...


EventTime = int | float | datetime  # Unix seconds, or a datetime; a naive one is in the current time zone
Amount = int | float | Decimal | str | SupportsAmount
SingleValue = str | int | UUID | Promise  # one string or id; a Promise is a lazy translation


class ContentDict(TypedDict, total=False):
    """A line of a basket. Meta needs `id` and `quantity`."""

    id: SingleValue
    quantity: Amount
    item_price: Amount | None
    price: Amount | None
    title: SingleValue | None
    description: SingleValue | None
    brand: SingleValue | None
    category: SingleValue | None
    delivery_category: DeliveryCategoryName | None


class StoreDataDict(TypedDict, total=False):
    """Which shop of several an event belongs to."""

    store_page_id: SingleValue | None
    brand_page_id: SingleValue | None
    store_code: SingleValue | None


class CustomDataDict(TypedDict, total=False):
    """Meta's standard parameters of `custom_data`; None counts as absent. See `with_properties()` for others."""

    value: Amount | None
    currency: str | SupportsCode | None
    content_ids: SingleValue | Iterable[SingleValue] | None
    contents: Iterable[ContentDict | Content] | None
    content_type: SingleValue | None
    content_name: SingleValue | None
    content_category: SingleValue | None
    num_items: Amount | None
    order_id: SingleValue | None
    item_number: SingleValue | None
    predicted_ltv: Amount | None
    net_revenue: Amount | None
    search_string: SingleValue | None
    status: bool | SingleValue | None
    delivery_category: DeliveryCategoryName | None
    customer_segmentation: CustomerSegmentationName | None
    event_source: SingleValue | None
    lead_event_source: SingleValue | None
    store_data: StoreDataDict | None


class UserDataDict(TypedDict, total=False):
    """Meta's customer information parameters under their short or long names, unhashed; None counts as absent."""

    em: SingleValue | Iterable[SingleValue] | None
    email: SingleValue | Iterable[SingleValue] | None
    ph: SingleValue | Iterable[SingleValue] | None
    phone: SingleValue | Iterable[SingleValue] | None
    fn: SingleValue | Iterable[SingleValue] | None
    first_name: SingleValue | Iterable[SingleValue] | None
    ln: SingleValue | Iterable[SingleValue] | None
    last_name: SingleValue | Iterable[SingleValue] | None
    db: SingleValue | date | Iterable[SingleValue | date] | None
    date_of_birth: SingleValue | date | Iterable[SingleValue | date] | None
    ge: SingleValue | Iterable[SingleValue] | None
    gender: SingleValue | Iterable[SingleValue] | None
    ct: SingleValue | Iterable[SingleValue] | None
    city: SingleValue | Iterable[SingleValue] | None
    st: SingleValue | Iterable[SingleValue] | None
    state: SingleValue | Iterable[SingleValue] | None
    zp: SingleValue | Iterable[SingleValue] | None
    zip: SingleValue | Iterable[SingleValue] | None
    zip_code: SingleValue | Iterable[SingleValue] | None
    postcode: SingleValue | Iterable[SingleValue] | None
    country: SingleValue | Iterable[SingleValue] | None
    external_id: SingleValue | Iterable[SingleValue] | None
    client_ip_address: str | None
    client_user_agent: str | None
    fbc: str | None
    fbp: str | None
    subscription_id: SingleValue | None
    fb_login_id: SingleValue | None
    lead_id: SingleValue | None
    anon_id: SingleValue | None
    madid: SingleValue | None
    page_id: SingleValue | None
    page_scoped_user_id: SingleValue | None
    ctwa_clid: SingleValue | None
    ig_account_id: SingleValue | None
    ig_sid: SingleValue | None
    whatsapp_business_account_id: SingleValue | None
    instagram_business_account_id: SingleValue | None


class AppDataDict(TypedDict, total=False):
    """`app_data` of an app event. Meta needs the first two; `extinfo` has sixteen values."""

    advertiser_tracking_enabled: bool | int
    extinfo: list[Any] | tuple[Any, ...]
    application_tracking_enabled: bool | None
    campaign_ids: str | None
    install_referrer: str | None
    installer_package: str | None
    url_schemes: list[str] | tuple[str, ...] | None
    windows_attribution_id: str | None
    vendor_id: str | None


class OriginalEventDict(TypedDict, total=False):
    """`original_event_data` of a late event: which earlier event it belongs to."""

    event_name: EventName | None
    event_time: EventTime | None
    order_id: SingleValue | None
    event_id: SingleValue | None


def with_properties(custom_data: CustomDataDict, /, **properties: object) -> CustomDataDict:
    """Return the custom data with properties of the site's own. A property never replaces a standard parameter.

    >>> with_properties({"value": 20, "currency": "EUR"}, colour="red")
    {'colour': 'red', 'value': 20, 'currency': 'EUR'}
    """
    merged: Mapping[str, object] = {**properties, **custom_data}
    return cast(CustomDataDict, merged)
