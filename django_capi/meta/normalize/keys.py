"""The table of customer keys: one row for each key of `user_data` that Meta documents.

To add a key, add its row here, with the next free `match_key` if the admin should show it, and examples of what its
rule takes and refuses to `tests/meta/vectors.py`. Normalisation, `UserData`, match keys and documentation follow.
https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django_capi.meta.normalize import contact, ids
from django_capi.meta.normalize.birth import birth_date
from django_capi.meta.normalize.phone import phone
from django_capi.meta.normalize.placeholders import Kind
from django_capi.meta.normalize.postcodes import postcode
from django_capi.meta.normalize.states import state

Normalizer = Callable[[str, str | None], str]
Form = Callable[[object], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerKey:
    """How one key of `user_data` is named, normalised, stored and documented."""

    key: str
    """Meta's name."""
    label: str
    """What a person calls it."""
    names: tuple[str, ...] = ()
    """Other names that are accepted."""
    near_names: tuple[str, ...] = ()
    """Names that are not accepted, as their meaning is uncertain; a hint names the key instead."""
    rule: Normalizer | None = None
    """For a hashed key: normalises clean text, read in a country."""
    form: Form | None = None
    """For any other key: returns the raw value as it is sent."""
    kind: Kind = Kind.OTHER
    """Which placeholders could be real values of the key."""
    takes_several: bool = True
    is_whole_number: bool = False
    is_cached: bool = False
    """Whether many people share a value, and none can be told from it alone."""
    match_key: int | None = None
    """The bit in `Event.match_keys`. It is stored, so none is ever changed or used again."""
    description: str
    """The rule in words, for `docs/normalization.md`."""
    example: str = ""
    country: str | None = None
    """The country of the example."""

    @property
    def is_hashed(self) -> bool:
        return self.rule is not None


CUSTOMER_KEYS: Final = (
    CustomerKey(
        key="em", label="email address", names=("email",), near_names=("email_address", "mail"), rule=contact.email,
        match_key=0, description="lowercase; must look like one address; dots and `+tags` stay",
        example=" Jane.Doe+shop@Example.com",
    ),
    CustomerKey(
        key="ph", label="phone number", names=("phone",), near_names=("phone_number", "telephone", "mobile"),
        rule=phone, match_key=1, example="(650)555-1212 ext 5", country="US",
        description="ASCII digits with the country code; extension and trunk zero dropped; national numbers need the "
        "country",
    ),
    CustomerKey(
        key="fn", label="first name", names=("first_name",), near_names=("given_name",), rule=contact.name,
        kind=Kind.NAME, is_cached=True, match_key=2, example="Jean-Luc",
        description="lowercase letters and digits of any script; no punctuation, no white space",
    ),
    CustomerKey(
        key="ln", label="last name", names=("last_name",), near_names=("family_name", "surname"), rule=contact.name,
        kind=Kind.SURNAME, match_key=3, description="as `fn`", example="O'Neil",
    ),
    CustomerKey(
        key="ct", label="city", names=("city",), near_names=("town",), rule=contact.city, is_cached=True, match_key=6,
        description="lowercase letters of any script only", example="São Paulo",
    ),
    CustomerKey(
        key="st", label="state", names=("state",), near_names=("province", "region"), rule=state, kind=Kind.NAME,
        is_cached=True, match_key=7, example="California (CA)",
        description="two letters for American states and Canadian provinces; otherwise lowercase letters of any script",
    ),
    CustomerKey(
        key="zp", label="postcode", names=("zip", "zip_code", "postcode"), near_names=("postal_code",), rule=postcode,
        kind=Kind.POSTCODE, is_cached=True, match_key=8, example="94035-1234", country="US",
        description="lowercase letters and digits without the country in front; in the USA the first five digits",
    ),
    CustomerKey(
        key="country", label="country", near_names=("country_code",), rule=contact.country, kind=Kind.NAME,
        is_cached=True, match_key=9, example="Deutschland",
        description="ISO 3166-1 alpha-2, lowercase, from codes and names; `UK` is `gb`",
    ),
    CustomerKey(
        key="db", label="date of birth", names=("date_of_birth",), near_names=("birthday", "birth_date", "dob"),
        rule=birth_date, match_key=5, description="`YYYYMMDD`; impossible and ambiguous dates are left out",
        example="May 26, 1991",
    ),
    CustomerKey(
        key="ge", label="gender", names=("gender",), near_names=("sex",), rule=contact.gender, is_cached=True,
        match_key=4, description="`f` or `m`", example="Female",
    ),
    CustomerKey(
        key="external_id", label="external ID", near_names=("user_id", "customer_id"), rule=contact.external_id,
        kind=Kind.ID, match_key=10, description="lowercase, without white space", example="User 42",
    ),
    CustomerKey(
        key="client_ip_address", label="IP address", near_names=("ip", "ip_address"), form=ids.ip_address,
        takes_several=False, match_key=11,
        description="public IPv4 or IPv6; private, loopback and malformed addresses are left out",
    ),
    CustomerKey(
        key="client_user_agent", label="user agent", near_names=("user_agent",), form=ids.user_agent,
        takes_several=False, match_key=12, description="any string without control characters",
    ),
    CustomerKey(
        key="fbc", label="click ID", form=ids.click_or_browser_id, takes_several=False, match_key=13,
        description="`fb.<index>.<milliseconds>.<fbclid>`; a fifth segment is kept",
    ),
    CustomerKey(
        key="fbp", label="browser ID", form=ids.click_or_browser_id, takes_several=False, match_key=14,
        description="`fb.<index>.<milliseconds>.<random>`; a fifth segment is kept",
    ),
    CustomerKey(
        key="subscription_id", label="subscription ID", form=ids.verbatim, takes_several=False, match_key=15,
        description="any string",
    ),
    CustomerKey(
        key="fb_login_id", label="Facebook login ID", form=ids.digits, takes_several=False, is_whole_number=True,
        match_key=16, description="digits; sent as a number",
    ),
    CustomerKey(
        key="lead_id", label="lead ID", form=ids.lead_id, takes_several=False, is_whole_number=True, match_key=17,
        description="15 to 17 digits; sent as a number",
    ),
    CustomerKey(
        key="anon_id", label="installation ID", form=ids.verbatim, takes_several=False, match_key=18,
        description="any string",
    ),
    CustomerKey(
        key="madid", label="mobile advertiser ID", form=ids.verbatim, takes_several=False, match_key=19,
        description="any string",
    ),
    CustomerKey(
        key="page_id", label="page ID", form=ids.verbatim, takes_several=False, description="any string",
    ),
    CustomerKey(
        key="page_scoped_user_id", label="page-scoped user ID", form=ids.verbatim, takes_several=False,
        description="any string",
    ),
    CustomerKey(
        key="ctwa_clid", label="WhatsApp click ID", form=ids.verbatim, takes_several=False, description="any string",
    ),
    CustomerKey(
        key="ig_account_id", label="Instagram account ID", form=ids.verbatim, takes_several=False,
        description="any string",
    ),
    CustomerKey(
        key="ig_sid", label="Instagram-scoped user ID", form=ids.verbatim, takes_several=False,
        description="any string",
    ),
    CustomerKey(
        key="whatsapp_business_account_id", label="WhatsApp business account ID", form=ids.verbatim,
        takes_several=False, description="any string",
    ),
    CustomerKey(
        key="instagram_business_account_id", label="Instagram business account ID", form=ids.verbatim,
        takes_several=False, description="any string",
    ),
)  # fmt: skip

BY_KEY: Final = {row.key: row for row in CUSTOMER_KEYS}
HASHED: Final[dict[str, Normalizer]] = {row.key: row.rule for row in CUSTOMER_KEYS if row.rule}
UNHASHED: Final[dict[str, Form]] = {row.key: row.form for row in CUSTOMER_KEYS if row.form}
SEVERAL: Final = frozenset(row.key for row in CUSTOMER_KEYS if row.takes_several)
WHOLE_NUMBERS: Final = frozenset(row.key for row in CUSTOMER_KEYS if row.is_whole_number)
CACHED: Final = frozenset(row.key for row in CUSTOMER_KEYS if row.is_cached)
ACCEPTED_NAMES: Final = {name: row.key for row in CUSTOMER_KEYS for name in row.names}
NEAR_NAMES: Final = {name: row.key for row in CUSTOMER_KEYS for name in row.near_names}
MATCH_KEYS: Final = tuple(
    key for _bit, key in sorted((row.match_key, row.key) for row in CUSTOMER_KEYS if row.match_key is not None)
)
