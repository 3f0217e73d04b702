"""What hangs on a customer whose id is known is asked for together with the customer's own row, not after it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from typing import Any

import msgspec

from datasources.ids import CustomerId, KnownCustomer, OfCustomer
from datasources.registry import Domain
from gateway.plan.fields import Wanted
from gateway.plan.run import Run
from gateway.plan.selections import Resolve
from schema.fields import Serve


class Ahead(msgspec.Struct, frozen=True, eq=False):
    """A field that needs no more of a customer than who it is."""

    domain: Domain
    ask: Resolve

    def begin(self, run: Run, customer: KnownCustomer) -> None:
        """Ask before the row is there."""
        try:
            asked = self.ask(customer, run)
        except Exception:  # noqa: BLE001  # what is wrong with the field's arguments is told when its row is there
            return
        run.begun[self] = asked if isinstance(asked, asyncio.Future) else run.stepped(asked)

    def resolve(self, row: Any, run: Run) -> Any:
        """The value, or what was begun of it."""
        begun = run.begun.pop(self, None)
        return self.ask(row, run) if begun is None else begun


def ahead(wanted: Wanted, resolve: Resolve) -> Ahead | None:
    """How the field is asked for ahead of its row; None where its resolver takes more of the row, or has no source to ask."""
    definition = wanted.definition
    if definition is None or definition.domain is None or definition.serve is None or not wanted.asks:
        return None
    return Ahead(definition.domain, resolve) if takes_no_row(definition.serve) else None


@cache
def takes_no_row(serve: Serve) -> bool:
    """True for a resolver that needs no more of a customer than who it is."""
    return next(iter(signature(serve).parameters.values())).annotation is OfCustomer


def leading(known: Callable[[Run], CustomerId | None], resolve: Resolve, fields: Sequence[Ahead]) -> Resolve:
    """Asks for the row of a customer, and with it for the fields that need no more than who it is."""

    def lead(row: Any, run: Run) -> Any:
        asked = resolve(row, run)
        if asked is None:
            return None
        value = asked if isinstance(asked, asyncio.Future) else run.stepped(asked)
        sources = run.context.sources
        customer = _known(known, run) if sources.profiles.asks_together and not value.done() else None
        if customer is not None:
            bound, of_customer = sources.bound, KnownCustomer(customer)
            home = bound[Domain.PROFILES]
            for field in fields:
                # No other source is told of customers who may not exist.
                if bound.get(field.domain) == home:
                    field.begin(run, of_customer)
        return value

    return lead


def _known(known: Callable[[Run], CustomerId | None], run: Run) -> CustomerId | None:
    """The customer; None where what is wrong with the arguments is told by the row's own resolver."""
    try:
        return known(run)
    except Exception:  # noqa: BLE001  # of whatever kind
        return None
