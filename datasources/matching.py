"""How ingested messages say whom they are about (EventCustomerMatch), in the form that the index of identifiers has."""

from uuid import UUID

import msgspec

from datasources.folding import card_key, email_key, phone_key
from datasources.profiles import ExternalId, LookupKind, Named

UNKNOWN = Named()
"""Names nobody."""
EXTERNAL_ID = LookupKind.EXTERNAL_ID


class CustomerMatch(msgspec.Struct, frozen=True, gc=False):
    """One identifier of a customer; `id` is a global id where it comes from a client, read before it gets here."""

    id: UUID | None = None
    uuid: str | None = None
    external_id: ExternalId | None = None
    email: str | None = None
    phone: str | None = None
    loyalty_number: str | None = None


def name_of(match: CustomerMatch, region: str) -> Named:
    """Whom the match names; a text that can be no identifier of its kind names nobody. Telephone numbers without a country
    are read in `region`."""
    if match.id is not None or match.uuid is not None:
        return Named(match.id or _uuid(match.uuid or ""))
    if match.external_id is not None:
        system, value = match.external_id.system, match.external_id.value.strip()
        return Named(None, EXTERNAL_ID, system, value)
    if match.email is not None:
        return Named(kind=LookupKind.EMAIL, value=email_key(match.email))
    if match.phone is not None:
        number = phone_key(match.phone, region)
        return UNKNOWN if number is None else Named(kind=LookupKind.PHONE, value=number)
    return Named(kind=LookupKind.LOYALTY_NUMBER, value=card_key((match.loyalty_number or "").strip()))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
