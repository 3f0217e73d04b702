"""Messages that let a customer in again: what is sent, to whom, and what can become of it. Rules: requirements D14, D15."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId
from datasources.profiles import Channel, CustomerRow, MembershipState, ProfileReader, Within
from datasources.relaying import CarrierDown, Posted, Taken, Undeliverable

TOPIC = "notifications"
"""Of the outbox: what is posted there holds neither address nor secret. Each message has a lane of its own, as none has to
wait for another."""
GONE = (MembershipState.DELETED, MembershipState.ANONYMIZED, MembershipState.FORGOTTEN)


class Template(Enum):
    """What a message is about."""

    PASSWORD_RESET = "password_reset"  # noqa: S105  # the name of a text
    PHONE_VERIFICATION = "phone_verification"


CHANNELS: Mapping[Template, Channel] = {
    Template.PASSWORD_RESET: Channel.EMAIL,
    Template.PHONE_VERIFICATION: Channel.SMS,
}
"""How each is sent."""


class Notification(msgspec.Struct, frozen=True):
    """A message on its way; `token` is good for one use and a short time, None where the gateway signs nothing."""

    id: UUID
    template: Template
    address: str
    language: str | None
    token: str | None

    @property
    def channel(self) -> Channel:
        """How it is sent."""
        return CHANNELS[self.template]


class Notifier(Protocol):
    """Sends messages. What it logs holds no address and no token."""

    channels: frozenset[Channel]
    """What it can send by."""

    async def send(self, notification: Notification) -> None:
        """Hand the message over. Raises CarrierDown, NotTaken, Undeliverable."""
        ...


class LinkTokens(Protocol):
    """Makes the tokens that links in messages carry."""

    def link_token(self, purpose: str, customer: CustomerId, id: UUID) -> str:
        """A token for this purpose alone, good for a short time from now on; the same `id` for the same message."""
        ...


class Postman:
    """Makes the message of what was posted, the moment it is sent, and hands it over.

    The address is read then, so that none is kept anywhere else, whoever was forgotten meanwhile gets nothing, and a
    message that waited carries a token that is still good.
    """

    def __init__(self, profiles: ProfileReader, notifier: Notifier, tokens: LinkTokens | None) -> None:
        self._profiles, self._notifier, self._tokens = profiles, notifier, tokens

    async def deliver(self, taken: Taken) -> None:
        """Send it. Raises CarrierDown, NotTaken, Undeliverable, SourceUnavailable, SourceTimedOut."""
        for posted in taken.messages:
            await self._send(posted)

    async def _send(self, posted: Posted) -> None:
        template = Template(posted.payload["template"])
        (customer,) = await self._profiles.customers([posted.customer_id], Within())
        address = None if customer is None else address_of(customer, template)
        if customer is None or address is None or customer.membership_state in GONE:
            raise Undeliverable("there is nobody to send it to any more")
        if CHANNELS[template] not in self._notifier.channels:
            raise CarrierDown("no such messages are sent")
        tokens, id_ = self._tokens, posted.id
        token = None if tokens is None else tokens.link_token(template.value, posted.customer_id, id_)
        await self._notifier.send(Notification(id_, template, address, customer.locale, token))


def address_of(customer: CustomerRow, template: Template) -> str | None:
    """Where such a message goes."""
    return customer.email if CHANNELS[template] is Channel.EMAIL else customer.phone
