"""How ingested messages say whom they are about."""

import strawberry

from datasources import matching
from schema.profiles import ExternalIdInput
from schema.scalars import EmailAddress, PhoneNumber
from schema.views import values


@values(matching.CustomerMatch, one_of=True)
class EventCustomerMatch:
    """Whom it is about; exactly one is given."""

    id: strawberry.ID | None
    """Global id."""
    uuid: strawberry.ID | None
    """The customer's UUID."""
    external_id: ExternalIdInput | None
    """The id in another system."""
    email: EmailAddress | None
    """The e-mail address, in any case."""
    phone: PhoneNumber | None
    """The telephone number."""
    loyalty_number: str | None
    """The number of a loyalty card, with or without spaces and dashes; that of a replaced card too."""
