"""What is left of personal data for callers without `pii:read` (settled.md, "Reading")."""

import datetime as dt

import pytest

from datasources.profiles import Address, ExternalId
from permissions.masking import PiiKind, masked


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (PiiKind.NAME, "Jane", "•••"),
        (PiiKind.FREE_TEXT, "Called about her order.", "•••"),
        (PiiKind.FREE_TEXT, {"before": "Jane"}, "•••"),
        (PiiKind.EMAIL, "jane.doe@example.com", "j•••@e•••.com"),
        (PiiKind.EMAIL, "j@mail.example.co.uk", "j•••@m•••.uk"),
        (PiiKind.PHONE, "+12125550167", "•••• 67"),
        (PiiKind.DATE_OF_BIRTH, dt.date(1980, 2, 29), None),
        (PiiKind.DATE_OF_BIRTH, 46, None),
        (PiiKind.IDENTIFIER, "6000000000001234", "•••• 1234"),
        (PiiKind.IDENTIFIER, (ExternalId("crm", "12"),), (ExternalId("crm", "•••"),)),
        (
            PiiKind.ADDRESS,
            (Address(label="home", line1="1 Main St", city="Troy", postal_code="12180", country_code="US"),),
            (Address(label="home", line1="•••", city="•••", postal_code="•••", country_code="US"),),
        ),
    ],
)
def test_a_value_is_masked_by_its_kind(kind: PiiKind, value: object, shown: object):
    assert masked(kind, value) == shown


@pytest.mark.parametrize("kind", PiiKind)
def test_no_value_stays_no_value(kind: PiiKind):
    assert masked(kind, None) is None
    assert masked(kind, ()) == ()
