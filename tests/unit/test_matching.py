"""What names whom: every identifier in the form that the index has it."""

from uuid import UUID

import pytest

from datasources.matching import UNKNOWN, CustomerMatch, name_of
from datasources.profiles import ExternalId, LookupKind, Named

OWN = UUID(int=7)


@pytest.mark.parametrize(
    ("match", "name"),
    [
        (CustomerMatch(id=OWN), Named(OWN)),
        (CustomerMatch(uuid=str(OWN)), Named(OWN)),
        (CustomerMatch(uuid="none"), UNKNOWN),
        (
            CustomerMatch(external_id=ExternalId("crm", " 12 ")),
            Named(kind=LookupKind.EXTERNAL_ID, system="crm", value="12"),
        ),
        (CustomerMatch(email=" Ann@Example.COM "), Named(kind=LookupKind.EMAIL, value="ann@example.com")),
        (CustomerMatch(phone="(212) 555-0123"), Named(kind=LookupKind.PHONE, value="+12125550123")),
        (CustomerMatch(phone="1"), UNKNOWN),
        (CustomerMatch(loyalty_number=" 6001-0000 ab"), Named(kind=LookupKind.LOYALTY_NUMBER, value="60010000AB")),
    ],
)
def test_an_identifier_is_sought_as_the_index_has_it(match: CustomerMatch, name: Named) -> None:
    assert name_of(match, "US") == name
