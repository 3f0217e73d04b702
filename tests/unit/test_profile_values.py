"""What a profile needs, by the program's settings, and how its values are kept."""

import datetime as dt

import msgspec
import pytest

from datasources.profile_values import check_required, fields_of, snake
from datasources.profile_writing import ProfileChange
from datasources.profiles import AttributeValue, CustomerRow
from datasources.program import ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef
from datasources.writing import Refusal, Write
from tests.unit.test_actions import SOMEONE

PROGRAM = ProgramSettings("Program", "USD", required_fields=("firstName", "dateOfBirth", "attributes.interests"))
WHOLE = msgspec.structs.replace(
    SOMEONE,
    first_name="Ada",
    date_of_birth=dt.date(1990, 1, 1),
    attributes={"interests": AttributeValue(["deli"])},
)


def without(**cleared: object) -> CustomerRow:
    return msgspec.structs.replace(WHOLE, **cleared)


def refused_at(row: CustomerRow, before: CustomerRow | None = None) -> str | None:
    try:
        check_required(PROGRAM, row, before)
    except Refusal as refusal:
        assert refusal.code is UserErrorCode.REQUIRED
        return ".".join(refusal.path)
    return None


@pytest.mark.parametrize(
    ("row", "path"),
    [
        (WHOLE, None),
        (without(first_name=None), "profile.firstName"),
        (without(date_of_birth=None), "profile.dateOfBirth"),
        (without(attributes={}), "profile.attributes.interests"),
        (without(email=None), "profile"),
        (without(email=None, loyalty_number="60"), None),
    ],
)
def test_a_profile_has_what_the_program_needs_and_something_to_be_found_by(row: CustomerRow, path: str | None) -> None:
    assert refused_at(row) == path


def test_what_a_profile_lacked_before_it_may_lack_still() -> None:
    lacking = without(first_name=None, email=None)
    assert refused_at(without(first_name=None, email=None, gender="x"), lacking) is None
    assert refused_at(without(first_name=None), WHOLE) == "profile.firstName"


@pytest.mark.parametrize(("hour", "is_born"), [(4, False), (6, True)])
def test_nobody_is_born_after_the_day_that_it_is_in_the_program(hour: int, is_born: bool) -> None:
    program = ProgramSettings("Program", "USD", timezone="America/New_York")
    now = dt.datetime(2026, 1, 31, hour, tzinfo=dt.UTC)
    write = Write("customerUpdate", ActorRef(ActorKind.STAFF, "a"), "", program, now, "")
    profile = ProfileChange(date_of_birth=dt.date(2026, 1, 31))
    if is_born:
        assert fields_of(write, profile) == {"date_of_birth": dt.date(2026, 1, 31)}
        return
    with pytest.raises(Refusal) as refused:
        fields_of(write, profile)
    assert refused.value.path == ("profile", "dateOfBirth")


def test_a_field_goes_by_one_name_in_each_spelling() -> None:
    assert [snake(name) for name in ("email", "firstName", "dateOfBirth")] == ["email", "first_name", "date_of_birth"]
