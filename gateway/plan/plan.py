"""A compiled operation, as it is run."""

from typing import Any

import msgspec
from graphql import GraphQLError
from graphql.execution.values import VariableValues

from gateway.deadlines import Deadline
from gateway.plan.positions import Position
from gateway.plan.projection import Reads
from gateway.plan.run import Run
from gateway.plan.selections import Selection


class Outcome(msgspec.Struct, frozen=True):
    """What a run gave: data, null where a null spread that far, and errors in the order in which they came."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]


class Plan(msgspec.Struct, frozen=True):
    """An operation compiled for a class of callers; `is_serial` for mutations, whose root fields run one by one; of one that
    `asks_alone` no two fields ask the same method, so that none has to wait for another; of customers who are looked up
    `customer_columns` are the attributes that it reads."""

    selection: Selection
    is_serial: bool
    asks_alone: bool
    customer_columns: Reads

    async def run(
        self, context: Any, variables: VariableValues, root: Any = None, *, deadline: Deadline | None = None
    ) -> Outcome:
        """Run it once, for one request; of a mutation each field with all below it before the next (specification 6.2.2).

        `root` is the value that the operation's fields are resolved on: an event of a subscription. At the deadline it
        gives what has arrived.
        """
        run, data = Run(context, variables, deadline), Position.of_data()
        made = self.selection.blank()
        data.put(made)
        context.loaders.asks_alone, context.customer_columns = self.asks_alone, self.customer_columns
        for field in self.selection.fields:
            field.start(run, root, made, data)
            if self.is_serial:
                await run.settled()
        await run.settled()
        return Outcome(data.holder[0], run.errors)
