"""A subscription of a document: from its request to the answers to its events, whatever carries them to the client."""

from collections.abc import Awaitable, Callable

from graphql import GraphQLError

from gateway.errors import Code, Translator, unfit
from gateway.execution import Answer, Asked, Context, codes, told
from gateway.plan.subscription import Responses, Subscription
from permissions.model import Principal

Contexts = Callable[[], Awaitable[Context]]
"""Makes the context of subscribing, and one for each event: of its own time, with loaders of its own. May raise SourceError."""


async def listen(
    asked: Asked, principal: Principal, *, contexts: Contexts, translator: Translator
) -> Responses[Answer]:
    """The answers to the events of a subscription, to be closed by whoever reads them. Raises Refused where there is no
    source stream, SourceError."""
    subscription = asked.operation.plan(principal, asked.values)
    if not isinstance(subscription, Subscription):
        raise unfit(Code.BAD_USER_INPUT, GraphQLError("The condition of a `@skip` or `@include` is null."))
    try:
        events = await subscription.source.events(await contexts(), asked.values)
    except GraphQLError as error:
        raise translator.of_stream(error) from error

    async def answered(event: object) -> Answer:
        try:
            context = await contexts()
        except Exception as error:  # noqa: BLE001  # the next event may find again what this one lacks
            errors = translator.of_request(error).errors
            return Answer({"data": None, "errors": errors}, codes(errors))
        try:
            outcome = await subscription.run(context, asked.values, event)
        finally:
            context.loaders.forget()
        return told(outcome, context=context, translator=translator)

    return Responses(events, answered)
