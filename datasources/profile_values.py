"""What a profile may hold, in the form that it is kept in (requirements 1.C to 1.E; settled.md, "Lengths")."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from datasources.attributes import MASK
from datasources.countries import COUNTRIES
from datasources.folding import MISSING, sort_key
from datasources.profile_writing import ProfileChange
from datasources.profiles import Address, CustomerRow, ExternalId, LookupKind
from datasources.program import ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind
from datasources.writing import LONGEST_NAME, Refusal, Write, check_length

LONGEST_EMAIL, LONGEST_EXTERNAL_ID, LONGEST_EVIDENCE = 254, 200, 2_000

Path = tuple[str, ...]
Value = Any  # what a column of the profile holds
Check = Callable[[Any, Write, Path], Value]


class Identifier(msgspec.Struct, frozen=True, order=True):
    """What a customer is found by, as the index holds it; `system` is '' but for external ids."""

    kind: str
    system: str
    value: str


def text(given: str, longest: int, path: Path) -> str:
    """The text without white space around it. Raises Refusal where nothing is left, it is too long, or masked."""
    trimmed = given.strip()
    check_length(trimmed, longest, *path)
    if MASK in trimmed:
        raise Refusal(UserErrorCode.INVALID, "This is masked: leave out what you can't read.", *path)
    return trimmed


def _name(given: str, _write: Write, path: Path) -> str:
    return text(given, LONGEST_NAME, path)


def _email(given: str, _write: Write, path: Path) -> str:
    return text(given, LONGEST_EMAIL, path)


def _born_on(given: dt.date, write: Write, path: Path) -> dt.date:
    if given > write.now.astimezone(ZoneInfo(write.program.timezone)).date():
        raise Refusal(UserErrorCode.INVALID, "This lies in the future.", *path)
    return given


def _languages(given: tuple[str, ...], _write: Write, path: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text(one, LONGEST_NAME, (*path, str(index))) for index, one in enumerate(given)))


def _addresses(given: tuple[Address, ...], _write: Write, path: Path) -> tuple[Address, ...]:
    return tuple(_address(one, (*path, str(index))) for index, one in enumerate(given))


def _address(given: Address, path: Path) -> Address:
    parts = {
        name: value if value is None else text(value, LONGEST_NAME, (*path, camel(name)))
        for name, value in msgspec.structs.asdict(given).items()
    }
    if parts["country_code"] is not None and parts["country_code"] not in COUNTRIES:
        raise Refusal(
            UserErrorCode.INVALID, "An ISO 3166-1 alpha-2 code is expected, such as US.", *path, "countryCode"
        )
    return Address(**parts)


CHECKS: Mapping[str, Check] = {
    "first_name": _name,
    "last_name": _name,
    "email": _email,
    "phone": _name,
    "date_of_birth": _born_on,
    "gender": _name,
    "locale": _name,
    "spoken_languages": _languages,
    "addresses": _addresses,
}
"""How each field but the attributes is held to its rules. E-mail and telephone come normalized from their scalars."""
LISTS = ("spoken_languages", "addresses")


def fields_of(write: Write, profile: ProfileChange) -> dict[str, Value]:
    """What is given of the fields, as it is kept: None, and an empty list, where it is cleared.

    Members may write none of them (settled.md, "Default roles"). Raises Refusal.
    """
    found: dict[str, Value] = {}
    for name, check in CHECKS.items():
        given, path = getattr(profile, name), ("profile", camel(name))
        if given is UNSET:
            continue
        if write.actor.kind is ActorKind.MEMBER:
            raise Refusal(UserErrorCode.FORBIDDEN, "Members may write attributes that are marked for them.", *path)
        empty = () if name in LISTS else None
        found[name] = empty if given is None else check(given, write, path)
    return found


def check_required(program: ProgramSettings, row: CustomerRow, before: CustomerRow | None = None) -> None:
    """Pass for a profile that has what the program needs, and something to be found by (C2). Raises Refusal.

    What it lacked before it may lack still: a program can come to need more.
    """
    for name in program.required_fields:
        if not _held(row, name) and (before is None or _held(before, name)):
            raise Refusal(UserErrorCode.REQUIRED, "The program needs this.", "profile", *name.split("."))
    if not _findable(row) and (before is None or _findable(before)):
        message = "An e-mail address, a telephone number or an external id is needed."
        raise Refusal(UserErrorCode.REQUIRED, message, "profile")


def _held(row: CustomerRow, name: str) -> bool:
    field, _, key = name.partition(".")
    return key in row.attributes if field == "attributes" else bool(getattr(row, snake(field), None))


def _findable(row: CustomerRow) -> bool:
    return bool(row.email or row.phone or row.external_ids or row.loyalty_number)


def external_ids_of(given: tuple[ExternalId, ...], *path: str) -> tuple[ExternalId, ...]:
    """The ids as they are kept, each once. Raises Refusal."""
    return tuple(dict.fromkeys(external_id_of(one, *path, str(index)) for index, one in enumerate(given)))


def external_id_of(given: ExternalId, *path: str) -> ExternalId:
    """An id in another system as it is kept. Raises Refusal."""
    return ExternalId(
        text(given.system, LONGEST_NAME, (*path, "system")), text(given.value, LONGEST_EXTERNAL_ID, (*path, "value"))
    )


def identifiers_of(row: CustomerRow) -> dict[Identifier, Path]:
    """What the profile is found by, with where each stands in the input of an enrolment."""
    found: dict[Identifier, Path] = {}
    if row.email is not None:
        found[Identifier(LookupKind.EMAIL.value, "", row.email)] = ("profile", "email")
    if row.phone is not None:
        found[Identifier(LookupKind.PHONE.value, "", row.phone)] = ("profile", "phone")
    for index, one in enumerate(row.external_ids):
        found[external_identifier(one)] = ("externalIds", str(index), "value")
    return found


def external_identifier(id_: ExternalId) -> Identifier:
    """An external id as the index holds it."""
    return Identifier(LookupKind.EXTERNAL_ID.value, id_.system, id_.value)


def search_keys(row: CustomerRow) -> dict[str, str]:
    """What the member list is searched and sorted by."""
    return {
        "first_name_key": sort_key(row.first_name),
        "last_name_key": sort_key(row.last_name),
        "email_key": row.email or MISSING,
        "phone_key": row.phone or MISSING,
    }


def camel(name: str) -> str:
    """A field as clients spell it."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def snake(name: str) -> str:
    """A field that clients spell so, as rows spell it."""
    return re.sub(r"(?=[A-Z])", "_", name).lower()
