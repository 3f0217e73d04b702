"""Names of those who did something."""

from datasources.values import ActorRef
from resolvers.context import Context


def name(actor: ActorRef, context: Context) -> str:
    """The name that an actor goes by now."""
    return context.program.actor_name(actor.kind.value, actor.id)
