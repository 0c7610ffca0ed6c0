"""Recognise custom properties whose names mean contact data, such as `telephone` or `billing_email`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+").findall

_PEOPLE: Final = (
    "account billing buyer cardholder client contact customer delivery first full given family guest invoice last lead "
    "legal maiden member middle my payer person personal purchaser recipient shipping subscriber user your"
)
# Only after one of `_PEOPLE`: a name alone is as often that of a product.
_OF_PEOPLE: Final = "name names"
_ALONE: Final = (
    "em ph fn ln db zp fax tel telephone telefon telefono telefone phone phones cellphone mobile mobilephone handy "
    "telefonnummer handynummer email emails mail correo courriel address addresses adresse direccion indirizzo "
    "endereco street streetaddress strasse zip zipcode postcode postalcode plz postleitzahl codepostal codigopostal "
    "firstname lastname fullname surname forename vorname nachname prenom apellido apellidos cognome sobrenome "
    "username dob birthday birthdate birth dateofbirth geburtsdatum ip ipaddress ipaddr addr remoteaddr password "
    "passwort passwd pwd ssn socialsecurity passport cpf dni iban creditcard cardnumber cvc cvv emailaddress "
    "phonenumber mobilenumber"
)
# May follow the noun without changing what it means.
_SUFFIXES: Final = (
    "address confirm confirmation confirmed date digest hash hashed home lc line lower md5 new nr no num number "
    "numbers old primary raw secondary sha sha1 sha256 text value work"
)
_NOUNS: Final = frozenset(_ALONE.split())
_PERSONS: Final = frozenset(_PEOPLE.split())
_NAMES: Final = frozenset(_OF_PEOPLE.split())
_BEHIND: Final = frozenset(_SUFFIXES.split())
_JOINED = re.compile(
    rf"(?:{'|'.join(_PERSONS)})+(?:{'|'.join(sorted(_NOUNS | _NAMES, key=len, reverse=True))})"
    rf"(?:{'|'.join(_BEHIND)})?"
).fullmatch


@lru_cache(maxsize=1_024)
def names_contact_data(key: str) -> bool:
    """Whether the name ends in a noun for contact data, in any case and with any separators.

    >>> names_contact_data("contactPhone"), names_contact_data("phone_number"), names_contact_data("phone_model")
    (True, True, False)
    >>> names_contact_data("customer_name"), names_contact_data("product_name")
    (True, False)
    """
    words = [word.lower() for word in _WORDS(key)]
    joined = "".join(words)
    if joined in _NOUNS or _JOINED(joined):
        return True
    while len(words) > 1 and (words[-1].isdecimal() or words[-1] in _BEHIND - _NOUNS):
        words.pop()
    return bool(words) and _ends_in_contact_data(words)


def _ends_in_contact_data(words: list[str]) -> bool:
    pair = "".join(words[-2:])
    is_persons = words[-1] in _NAMES and len(words) > 1 and words[-2] in _PERSONS
    return words[-1] in _NOUNS or pair in _NOUNS or is_persons or "".join(words[-3:]) in _NOUNS
