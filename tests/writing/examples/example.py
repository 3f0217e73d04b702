"""What an example of a mutation tells."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from tests.harness import Caller, Gateway
from tests.writing.doing import INPUTS, document

__all__ = ["INPUTS", "MEMBER", "Example", "Given", "Make"]

Given = dict[str, Any]
Make = Callable[[Gateway, str], Awaitable[Given]]
"""(gateway, support id) → an input that the mutation carries out for that customer, each time it is made anew.

It has no idempotency key. Whatever must be there before (a card to expire, a note to edit) is made by other mutations.
"""

MEMBER = "CJ-000015"
"""Whom examples are about, unless a customer in another state is needed."""


class Example(msgspec.Struct, frozen=True):
    """A mutation with an input that it carries out.

    `selection` is what of the payload shows what was made, `grants` says that it is refused to restricted and blocked
    customers, `needs_open` that it is refused once the membership is closed. `keyed` is False for the few inputs without
    an idempotency key, `dry` for those without `dryRun`. `member` is another customer than `MEMBER` where the mutation
    needs one in another state; None for mutations that are about no customer that the input names by id. `role` is whose
    mutation it is, where staff may not: a member's token is the customer's own.
    """

    mutation: str
    make: Make
    selection: str
    grants: bool = False
    needs_open: bool = True
    keyed: bool = True
    dry: bool = True
    member: str | None = MEMBER
    role: str = "admin"

    @property
    def document(self) -> str:
        """The operation."""
        return document(self.mutation, self.selection)

    @property
    def caller(self) -> Caller:
        """Who asks for it."""
        return Caller(self.role, customer=self.member if self.role == "member" else None)

    async def given(self, gateway: Gateway, member: str | None = None) -> Given:
        """An input under a key of its own."""
        made = await self.make(gateway, member or self.member or MEMBER)
        return made | {"idempotencyKey": uuid4().hex} if self.keyed else made
