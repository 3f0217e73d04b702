"""A gateway in process over the demo program: documents, execution and errors as they are served, without HTTP."""

import base64
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from uuid import UUID

import jwt
import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from graphql import GraphQLSchema
from sqlalchemy import FromClause, Join, Table, literal, select

from datasources.program import SearchMode
from datasources.registry import Domain
from datasources.sql import tables
from datasources.sql.engine import Keyring, Prepared
from datasources.sql.sealing import MasterKey
from datasources.sql.tables.profiles import customers
from gateway.config import Settings, settings_of
from gateway.documents import Documents
from gateway.errors import Refused, Translator
from gateway.execution import admit, asked, execute
from gateway.http import WRITTEN
from gateway.identity import Identity
from gateway.keys import ConfiguredKey
from gateway.sources import Runtime
from permissions.model import Principal
from resolvers.context import Context
from schema.build import build
from schema.ids import global_id
from tests.demo import MASTER_KEY

ISSUER, AUDIENCE, KEY = "https://issuer.example", "customer-graph", "k" * 40
SIGNING_KEY = (
    Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
REQUEST_ID = "test"
EXPIRES_AT = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
"""Of every token: what a caller is told of it never changes."""


OWNERS = {
    table.name: domain
    for domain in Domain
    if hasattr(tables, domain.value.lower())
    for table in vars(getattr(tables, domain.value.lower())).values()
    if isinstance(table, Table)
} | {"approvals": Domain.POINTS}
"""Whose domain a table is; those of the program itself, and of all writes, are nobody's. Approvals stand beside what they
would change, which is points in most tests."""


@cache
def schema() -> GraphQLSchema:
    """The schema as it runs, built once."""
    return build()


def settings(url: str, **sections: Any) -> Settings:
    """The settings of a gateway all of whose domains are served from one database."""
    return settings_of(
        {
            "sources": {"main": {"kind": "sql", "url": url}},
            "domains": {"default": "main"},
            "auth": {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["HS256"], "key": KEY},
            "privacy": {"master_key": base64.b64encode(MASTER_KEY).decode()},
            "cursors": {"secret": "s" * 40},
            "signing": {"key": SIGNING_KEY},
            **sections,
        }
    )


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a role, the store ids or the customer (by support id) that the token is bound to, and the scopes that it
    narrows the role to."""

    role: str = "admin"
    stores: tuple[str, ...] = ()
    customer: str | None = None
    scope: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a caller got, the source calls by `domain.method`, and the number of statements sent."""

    data: Any  # the JSON of any query
    errors: list[dict[str, Any]]
    calls: dict[str, int]
    statements: int
    kept: frozenset[Domain] = frozenset()
    """Domains that were answered for by what was kept."""

    @property
    def told(self) -> list[str]:
        """Code and path of each error: `FORBIDDEN@customer.notes`."""
        return [
            "@".join([error["extensions"]["code"], *([".".join(map(str, error["path"]))] if "path" in error else [])])
            for error in self.errors
        ]


class Gateway:
    """Answers queries at the moment the demo's clock was anchored at."""

    def __init__(self, runtime: Runtime, made_of: Settings, now: dt.datetime, members: Mapping[str, UUID]) -> None:
        self.runtime, self.settings, self.now = runtime, made_of, now
        self.members = members
        """Customers by their support id."""
        self._documents = Documents(schema(), made_of.server)
        self.identity = Identity(
            made_of.auth, made_of.role_table, ConfiguredKey(made_of.auth.verifying_key), clock=lambda: _expiry() - 3600
        )
        """Tells whom a token stands for, at a moment when those made here are good."""

    async def run(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        caller: Caller | str = "admin",
        *,
        search: SearchMode | None = None,
    ) -> Answer:
        """The answer to the only operation of a document. A caller given by a role alone reaches everyone."""
        principal = await self.principal(Caller(caller) if isinstance(caller, str) else caller)
        context = await self.runtime.context(principal, self.now, request_id=REQUEST_ID)
        if search is not None:
            context.program = _searched(context, search)
        self._forget_keys()
        before = self._statements()
        payload = await self._payload(query, variables, context)
        loaders = context.loaders
        return Answer(
            payload.get("data"),
            payload.get("errors", []),
            dict(loaders.calls),
            self._statements() - before,
            frozenset(loaders.freshness.oldest),
        )

    async def principal(self, caller: Caller) -> Principal:
        """Whom the gateway takes the caller for, as it tells by their token."""
        return await self.identity.verified(self.token(caller))

    def token(self, caller: Caller) -> str:
        """The caller's token."""
        claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": caller.role, "exp": _expiry()}
        claims |= {"roles": [caller.role], "name": caller.role.replace("_", " ").title()}
        if caller.stores:
            claims["stores"] = list(caller.stores)
        if caller.customer is not None:
            claims["customer"] = str(self.members[caller.customer])
        if caller.scope is not None:
            claims["scope"] = caller.scope
        return jwt.encode(claims, KEY, "HS256")

    def url_of(self, table: FromClause) -> str:
        """The URL of the database that has the table's rows, among those of a split program."""
        bound = self.runtime.sources.bound
        while isinstance(table, Join):
            table = table.left
        domain = OWNERS.get(getattr(table, "name", ""), Domain.PROFILES)
        databases, home = self.runtime.databases, bound[Domain.PROFILES]
        return databases.get(bound.get(domain, home), databases[home]).url

    def customer_id(self, support_id: str) -> str:
        """The global id of the customer with this support id."""
        return global_id("Customer", self.members[support_id])

    async def _payload(self, query: str, variables: Mapping[str, Any] | None, context: Context) -> dict[str, Any]:
        """The body of the response, read again from its JSON."""
        try:
            found = asked(self._documents.find(query).operation(None), dict(variables or {}))
            admit(found, context.principal)
            answer = await execute(found, context, Translator(REQUEST_ID))
        except Refused as refusal:
            return {"data": None, "errors": orjson.loads(orjson.dumps(refusal.errors))}
        told: dict[str, Any] = orjson.loads(orjson.dumps(answer.payload, option=WRITTEN))
        return told

    def _statements(self) -> int:
        return sum(database.statements for database in self.runtime.databases.values())

    def _forget_keys(self) -> None:
        """A key read for an earlier query would spare this one a statement."""
        for database in self.runtime.databases.values():
            database.keyring = Keyring(database, MasterKey(MASTER_KEY))


@asynccontextmanager
async def opened(url: str, **sections: Any) -> AsyncIterator[Gateway]:
    """The gateway over a database that holds the demo program, closed afterwards."""
    made_of = settings(url, **sections)
    runtime = await Runtime.open(made_of)
    try:
        program = await runtime.program()
        now = program.settings.clock.anchored_at
        assert now is not None
        yield Gateway(runtime, made_of, now, await _members(runtime))
    finally:
        await runtime.close()


async def _members(runtime: Runtime) -> dict[str, UUID]:
    database = runtime.databases[runtime.sources.bound[Domain.PROFILES]]
    statement = select(literal(0), customers.c.support_id, customers.c.customer_id).order_by(customers.c.support_id)
    prepared = Prepared(statement, lambda *values: values, database.dialect, leading=1)
    return {row[0]: row[1] for _, row in await database.fetch(prepared, {})}


def _searched(context: Context, mode: SearchMode) -> Any:
    """The program with another search mode."""
    search = msgspec.structs.replace(context.settings.search, mode=mode)
    return msgspec.structs.replace(context.program, settings=msgspec.structs.replace(context.settings, search=search))


def _expiry() -> int:
    return int(EXPIRES_AT.timestamp())
