"""What all mutations share: the payload's own fields, user errors, and the reason that is recorded."""

import strawberry

from datasources import writing
from datasources.refusals import UserErrorCode
from resolvers import command
from schema.scalars import Long
from schema.views import described, text_of, values, view


@view(command.UserError)
class UserError:
    """A business refusal that the caller can mend."""

    code: UserErrorCode
    """What kind of refusal it is."""
    message: str
    """The same in words, with what to do next."""
    path: list[str]
    """Where in the input."""


class Payload:
    """What every mutation answers."""

    user_errors: list[UserError]
    """Why nothing was stored; empty where it was done."""
    replayed: bool
    """True when this answer repeats an earlier one given for the same idempotency key."""
    dry_run: bool
    """True when nothing was stored."""


described(Payload, command.Payload)
Payload = strawberry.interface(Payload, description=text_of(Payload))  # type: ignore[misc]  # the same class, decorated


@values(writing.Reason)
class ReasonInput:
    """Why: recorded in the audit log; `customerVisibleReason` is the only part a customer ever sees."""

    code: str | None
    """Key of a reason of the program."""
    internal_note: str | None
    """For staff alone, at most 2,000 characters."""
    customer_visible_reason: str | None
    """What the customer is told, at most 2,000 characters."""
    ticket_id: str | None
    """The support ticket that it is done for."""


class Keyed:
    """An input that is sent under an idempotency key, or tried."""

    idempotency_key: str
    """1 to 255 visible ASCII characters: the same key and input again changes nothing and gives the same answer."""
    dry_run: bool | None = False
    """True to see what would come of it; nothing is stored."""


class Repeatable:
    """The same, where the key can be left out."""

    idempotency_key: str | None
    """1 to 255 visible ASCII characters: the same key and input again changes nothing and gives the same answer."""
    dry_run: bool | None = False
    """True to see what would come of it; nothing is stored."""


class Explained:
    """An input that may say why."""

    reason: ReasonInput | None
    """Why."""


@values(command.CustomerActionInput)
class CustomerActionInput(Repeatable):
    """Something that is done to a customer and needs no more than that."""

    customer_id: strawberry.ID
    """To whom."""
    expected_version: Long | None
    """The customer's version that the caller saw: refused with CONFLICT where it is another by now."""
    reason: ReasonInput | None
    """Why; some actions require `code`."""
