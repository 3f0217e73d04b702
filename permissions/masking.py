"""What is left of personal data for a caller who may not read it (settled.md, "Reading"; architecture section 5)."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec

HIDDEN = "•••"


class PiiKind(Enum):
    """What kind of personal data a field holds, which decides how it is masked."""

    NAME = "NAME"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    IDENTIFIER = "IDENTIFIER"
    FREE_TEXT = "FREE_TEXT"


def mask_text(_text: object) -> str:
    """Nothing of a name or free text stays."""
    return HIDDEN


def mask_email(email: str) -> str:
    """`jane@example.com` → `j•••@e•••.com`."""
    local, _, domain = email.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{name[:1]}{HIDDEN}.{top}"


def mask_phone(phone: str) -> str:
    """The last two digits stay: `•••• 67`."""
    return f"•••• {phone[-2:]}"


def mask_number(number: str) -> str:
    """The last four digits of a card's number stay: `•••• 1234`."""
    return f"•••• {number[-4:]}"


def mask_date(_date: object) -> None:
    """Dates and what derives from them are not shown at all."""


def _but(*kept: str) -> Callable[[msgspec.Struct], msgspec.Struct]:
    """Masks every field of a struct that has a value, but for those kept."""

    def mask(item: msgspec.Struct) -> msgspec.Struct:
        hidden = {
            name: HIDDEN for name in item.__struct_fields__ if name not in kept and getattr(item, name) is not None
        }
        return msgspec.structs.replace(item, **hidden)

    return mask


mask_address = _but("label", "country_code")
mask_external_id = _but("system")


def mask_identifier(value: Any) -> Any:  # a number, or what names one in another system
    """A number keeps its last four digits, an external id its system."""
    return mask_number(value) if isinstance(value, str) else mask_external_id(value)


MASKS: Mapping[PiiKind, Callable[[Any], Any]] = {
    PiiKind.NAME: mask_text,
    PiiKind.EMAIL: mask_email,
    PiiKind.PHONE: mask_phone,
    PiiKind.ADDRESS: mask_address,
    PiiKind.DATE_OF_BIRTH: mask_date,
    PiiKind.IDENTIFIER: mask_identifier,
    PiiKind.FREE_TEXT: mask_text,
}


def masked(kind: PiiKind, value: Any) -> Any:  # whatever the field holds
    """The value as a caller sees it who may not read it; each item of a list on its own, no value stays no value."""
    if value is None:
        return None
    mask = MASKS[kind]
    return tuple(mask(item) for item in value) if isinstance(value, (tuple, list)) else mask(value)
