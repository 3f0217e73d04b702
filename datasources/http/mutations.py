"""The mutations that another system can be mapped to carry out, and what a call for each can have in it."""

from collections.abc import Iterator, Mapping

import msgspec

from datasources.http.compiling import Compiling
from datasources.http.endpoints import Request
from datasources.http.identities import is_identifier
from datasources.http.paths import Path
from datasources.http.settings import HttpSettings, ReadSettings, WriteSettings
from datasources.refusals import UserErrorCode
from datasources.registry import Domain

SHARED = frozenset(("operation", "actor", "actor_kind", "reason", "now"))
"""Values that every change can be sent with: the mutation, who does it, and the code of the reason."""
MONEY = frozenset(("amount", "amount_minor", "currency"))


class Mutation(msgspec.Struct, frozen=True):
    """A mutation: its domain, its own values, and the method that reads what it is about; `makes` is what it makes."""

    domain: Domain
    reads: str
    values: frozenset[str] = frozenset(("id",))
    makes: str | None = None

    def allows(self, place: str) -> bool:
        """True for a value that its call can have in it."""
        return place in self.values or place in SHARED or is_identifier(place)


def _of_card(*values: str) -> Mutation:
    return Mutation(Domain.CARDS, "by_id", frozenset(("id", *values)))


def _of_loyalty_card(*values: str, makes: str | None = None) -> Mutation:
    return Mutation(Domain.CARDS, "loyalty_cards_by_id", frozenset(values), makes)


def _of_offer(*values: str) -> Mutation:
    return Mutation(Domain.OFFERS, "customer_offers", frozenset(("id", *values)))


MUTATIONS: Mapping[str, Mutation] = {
    "cardBalanceAdjust": _of_card("direction", *MONEY),
    "cardBalanceTransfer": _of_card("to_id", *MONEY),
    "cardExpire": _of_card(),
    "cardReportLost": _of_card(),
    "cardReportStolen": _of_card(),
    "cardReportFound": _of_card(),
    "cardConfirmStolen": _of_card(),
    "cardRemove": _of_card(),
    "cardNicknameSet": _of_card("nickname"),
    "cardRegister": Mutation(Domain.CARDS, "by_id", frozenset(("number",)), "card"),
    "loyaltyCardAdd": _of_loyalty_card("number", makes="card"),
    "loyaltyCardReplace": _of_loyalty_card("id", "number", makes="card"),
    "loyaltyCardRemove": _of_loyalty_card("id"),
    "offerIssue": Mutation(Domain.OFFERS, "customer_offers", frozenset(("offer_id",)), "customer_offer"),
    "offerActivate": _of_offer(),
    "offerRedeem": _of_offer(),
    "offerReinstate": _of_offer("extend_to"),
    "offerRevoke": _of_offer("exclude"),
    "offerRemove": _of_offer(),
    "offerRedemptionDatesChange": _of_offer("redeemable_from", "redeemable_until"),
    "offerFlexFieldsUpdate": _of_offer("fields"),
}


class Change(msgspec.Struct, frozen=True):
    """A mutation as it is mapped: its call, where the answer tells what was made, and what its refusals mean."""

    mutation: Mutation
    request: Request
    made: Path | None
    error: Path | None
    refusals: Mapping[str, UserErrorCode]

    @property
    def identifiers(self) -> frozenset[str]:
        """The identifiers of customers in its call."""
        return frozenset(filter(is_identifier, self.request.names))


Changes = Mapping[str, Change]
"""By the name of the mutation."""


def changes_of(compiling: Compiling, settings: HttpSettings) -> Changes:
    """The mutations of a section, as far as they can be."""
    if settings.writes and settings.idempotency_header is None:
        compiling.tell("is missing: by it the other system knows a change that is sent again", "idempotency_header")
    return dict(_changes(compiling, settings.writes, settings.reads))


def _changes(
    compiling: Compiling, writes: Mapping[str, WriteSettings], reads: Mapping[str, Mapping[str, ReadSettings]]
) -> Iterator[tuple[str, Change]]:
    for name, settings in writes.items():
        mutation, at = MUTATIONS.get(name), ("writes", name)
        if mutation is None:
            compiling.tell("unknown mutation, or none that another system can carry out", *at)
            continue
        request = compiling.request(settings, mutation.allows, *at)
        made, error = (compiling.path(getattr(settings, key), *at, key) for key in ("made", "error"))
        if mutation.reads not in reads.get(mutation.domain.value.lower(), {}):
            compiling.tell(f"needs {mutation.domain.value.lower()}.{mutation.reads} among the reads", *at)
        if (mutation.makes is None) is not (settings.made is None):
            compiling.tell("is missing" if mutation.makes is not None else "is of nothing", *at, "made")
        if settings.refusals and settings.error is None:
            compiling.tell("is missing: refusals are told apart by it", *at, "error")
        if request is not None:
            yield name, Change(mutation, request, made, error, settings.refusals)
