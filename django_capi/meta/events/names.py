"""Meta's names of standard events, action sources and other closed lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

PAGE_VIEW: Final = "PageView"
PURCHASE: Final = "Purchase"

STANDARD_EVENTS: Final = frozenset(
    {
        "AddPaymentInfo",
        "AddToCart",
        "AddToWishlist",
        "CompleteRegistration",
        "Contact",
        "CustomizeProduct",
        "Donate",
        "FindLocation",
        "InitiateCheckout",
        "Lead",
        PURCHASE,
        "Schedule",
        "Search",
        "StartTrial",
        "SubmitApplication",
        "Subscribe",
        "ViewContent",
    }
)

MESSAGING_EVENTS: Final = frozenset(
    {
        PURCHASE,
        "AddToCart",
        "CartAbandoned",
        "InitiateCheckout",
        "LeadSubmitted",
        "OrderCanceled",
        "OrderCreated",
        "OrderDelivered",
        "OrderReturned",
        "OrderShipped",
        "QualifiedLead",
        "RatingProvided",
        "ReviewProvided",
        "ViewContent",
    }
)


class ActionSource(StrEnum):
    EMAIL = "email"
    WEBSITE = "website"
    APP = "app"
    PHONE_CALL = "phone_call"
    CHAT = "chat"
    PHYSICAL_STORE = "physical_store"
    SYSTEM_GENERATED = "system_generated"
    BUSINESS_MESSAGING = "business_messaging"
    OTHER = "other"


class MessagingChannel(StrEnum):
    MESSENGER = "messenger"
    WHATSAPP = "whatsapp"
    INSTAGRAM = "instagram"


class DeliveryCategory(StrEnum):
    IN_STORE = "in_store"
    CURBSIDE = "curbside"
    HOME_DELIVERY = "home_delivery"


class CustomerSegmentation(StrEnum):
    NEW_CUSTOMER_TO_BUSINESS = "new_customer_to_business"
    NEW_CUSTOMER_TO_BUSINESS_LINE = "new_customer_to_business_line"
    NEW_CUSTOMER_TO_PRODUCT_AREA = "new_customer_to_product_area"
    NEW_CUSTOMER_TO_MEDIUM = "new_customer_to_medium"
    EXISTING_CUSTOMER_TO_BUSINESS = "existing_customer_to_business"
    EXISTING_CUSTOMER_TO_BUSINESS_LINE = "existing_customer_to_business_line"
    EXISTING_CUSTOMER_TO_PRODUCT_AREA = "existing_customer_to_product_area"
    EXISTING_CUSTOMER_TO_MEDIUM = "existing_customer_to_medium"
    CUSTOMER_IN_LOYALTY_PROGRAM = "customer_in_loyalty_program"


class InvalidEvent(ValueError):
    """Raised for an event that code has built incorrectly; names the field and the rule, never the value."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
