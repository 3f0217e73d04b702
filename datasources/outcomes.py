"""What is granted for something else: for a campaign completed, a tier entered, a promo code claimed."""

from uuid import UUID

import msgspec


class Outcome(msgspec.Struct, frozen=True):
    """Points for an account from a source, or an offer that is issued; a program's rules name several in a row."""

    points: int | None = None
    account_key: str | None = None
    source_key: str | None = None
    offer_id: UUID | None = None
