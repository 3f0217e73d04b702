"""Values in the form they are searched and compared in (requirements B6, B9)."""

import re
import unicodedata

import phonenumbers

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
"""What an e-mail address looks like."""
MISSING = "\U0010ffff"
"""Sorts behind every value: the key of a row that has none."""


def fold(text: str) -> str:
    """Lower case without accents, white space trimmed and made single."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def sort_key(text: str | None) -> str:
    """What a name is sorted and searched by; `MISSING` where there is none."""
    return (fold(text) if text else "") or MISSING


def email_key(email: str) -> str:
    """An e-mail address as it is compared: trimmed and case-folded."""
    return email.strip().casefold()


def phone_key(phone: str, region: str = "US") -> str | None:
    """The number in E.164, or None where it is no possible number; a number without `+` is read in `region`."""
    try:
        parsed = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def card_key(number: str) -> str:
    """A card number as it is compared: without spaces and dashes."""
    return "".join(c for c in number if c not in " -").upper()
