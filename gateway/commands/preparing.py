"""What is looked at before serving, so that what is wrong is told at once and not by the first request."""

import asyncio
import datetime as dt
import errno
import socket

from datasources.errors import NotConfigured
from datasources.paging import PageRequest
from datasources.profiles import (
    CustomerFilter,
    CustomerOrder,
    CustomerOrderField,
    CustomerRow,
    MembershipState,
    OrderDirection,
    Within,
)
from datasources.program import Program
from datasources.registry import Domain
from datasources.sql import schema
from datasources.sql.schema import SchemaState
from datasources.sql.sealing import SealBroken
from gateway.commands.failing import Failed
from gateway.config import Settings
from gateway.server import bind
from gateway.sources import Runtime, databases_of, sources_of

ADVICE = {
    SchemaState.EMPTY: "has no schema yet: run `customer-graph db upgrade` first, or serve with --migrate",
    SchemaState.OLDER: "has an older schema: run `customer-graph db upgrade` first, or serve with --migrate",
    SchemaState.UNKNOWN: "has the schema of a newer release: run that release",
}


async def migrate(settings: Settings) -> list[str]:
    """Bring the schema of every database up to date; the names of those that were not. Raises as `schema.upgrade` does."""
    databases = databases_of(sources_of(settings))
    return [name for name, database in databases.items() if await schema.upgrade(name, database.url)]


async def check_schemas(settings: Settings) -> None:
    """Pass when every database has the schema of this release. Raises Failed where one that can be reached has another, else
    SourceUnavailable where one can't be."""
    databases = databases_of(sources_of(settings))
    states = await asyncio.gather(
        *(schema.state(name, database.url) for name, database in databases.items()), return_exceptions=True
    )
    for name, state in zip(databases, states, strict=True):
        if isinstance(state, SchemaState) and state in ADVICE:
            raise Failed(f"the database of the source {name} {ADVICE[state]}")
    for state in states:
        if isinstance(state, BaseException):
            raise state


async def first_customer(runtime: Runtime) -> CustomerRow | None:
    """The active member who joined last. Raises SourceError."""
    page = PageRequest(
        now=dt.datetime.now(dt.UTC),
        first=1,
        filter=CustomerFilter(states=(MembershipState.ACTIVE,), is_test_persona=False),
        order=CustomerOrder(CustomerOrderField.CREATED_AT, OrderDirection.DESC),
    )
    found = await runtime.sources.profiles.search(page, Within())
    return next(iter(found.rows), None)


async def check_content(settings: Settings) -> Program | None:
    """The program to serve, None where there is none yet. Raises Failed where the master key is another, SourceError."""
    runtime = await Runtime.open(settings)
    try:
        program = await runtime.program()
        member = await first_customer(runtime)
        if member is not None:
            keyring = runtime.databases[runtime.sources.bound[Domain.PROFILES]].keyring
            keyring.unwrapped(member.customer_id, member.wrapped_key)
    except NotConfigured:
        return None
    except SealBroken:
        name = settings.domains.sources["profiles"]
        raise Failed(f"the database of the source {name} was filled with another master key: set that one") from None
    finally:
        await runtime.close()
    return program


def bound(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises Failed."""
    host, port = settings.server.host, settings.server.port
    try:
        return bind(settings)
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"can't be opened ({error.strerror})"
        raise Failed(f"port {port} of {host} {reason}: choose another one (0 takes any that is free)") from None


def url_of(listening: socket.socket) -> str:
    """Where clients find the graph."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
