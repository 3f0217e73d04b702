"""Writes as far as their keys go."""

from datasources.importing.demo_program import demo_program
from datasources.program import Clock
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write
from tests.upstreams.asking import NOW


def write(actor: str, operation: str, key: str | None) -> Write:
    """A write as far as its key goes."""
    return Write(operation, ActorRef(ActorKind.STAFF, actor), "", demo_program(Clock()), NOW, "", key)
