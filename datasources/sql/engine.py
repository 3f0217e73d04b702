"""A database as one source: prepared statements, their rows, and the keys that open sealed text."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Select, UpdateBase, make_url, select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from datasources.caching import Changed, Tell
from datasources.errors import CustomerUnknown, SourceUnavailable
from datasources.ids import NO_CUSTOMER
from datasources.observing import OBSERVED
from datasources.rounds import ROUNDS
from datasources.sql.dialects import DIALECTS, Dialect
from datasources.sql.reading import Columns, Keys, Known, Reader
from datasources.sql.rounds import SqlRound
from datasources.sql.sealing import CustomerKey, MasterKey
from datasources.sql.split import WHOLE, Split
from datasources.sql.tables.profiles import customers
from datasources.sql.transacting import Made, Rows, Steps
from datasources.sql.types import Document, InstantText, Sealed

Row = TypeVar("Row")

NO_KEYS: Keys = {}
KEYS_HELD = 10_000
PROGRAM = "program"
"""What the key is derived for that seals the texts of rows which belong to the program itself."""


class Prepared(Generic[Row]):
    """A statement compiled once for a dialect; the columns named as `row`'s fields become one struct a row.

    Columns in front of those (a position, a total) are given beside the struct. Sealed columns are opened with the key
    of the customer in the row's `customer_id`. What is `known` of a row is not selected.
    """

    def __init__(
        self,
        statement: Select[Any] | UpdateBase,
        row: Callable[..., Row],
        dialect: Dialect,
        leading: int = 0,
        known: Known | None = None,
    ) -> None:
        compiled = statement.compile(dialect=dialect.compiler, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  # a statement compiles to nothing else
        self.sql, self.leading = compiled.string, leading
        names = compiled.positiontup or ()
        # A parameter that has to be given has no value here, so that one that is left out is an error, and no NULL.
        self._constants = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._pick: Callable[[Mapping[str, Any]], Sequence[Any]] = (
            itemgetter(*names) if len(names) > 1 else lambda given: [given[name] for name in names]
        )
        sent_as = [(index, _sent_as(compiled.binds[name].type, dialect)) for index, name in enumerate(names)]
        self._processes = [(index, process) for index, process in sent_as if process is not None]
        columns = list(statement.selected_columns if isinstance(statement, Select) else statement.exported_columns)
        self.columns = tuple(str(column.key) for column in columns[leading:])
        """The names of the columns that are selected for a row."""
        made, fields = (row.row, row.fields) if isinstance(row, Make) else (row, None)
        self.reader = Reader(_columns(columns, row, dialect, leading, known), made, leading, fields, known)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the statement, as the driver takes them."""
        values = list(self._pick({**self._constants, **parameters}))
        for index, process in self._processes:
            if values[index] is not None:
                values[index] = process(values[index])
        return values


class Make(Generic[Row]):
    """The constructor of a row, which turns the texts of its enum fields into their members; `read` names the fields that
    a record has, None for all. The others are `UNREAD`."""

    def __init__(self, row: type[Row], read: Collection[str] | None = None) -> None:
        self.row = row
        fields = msgspec.structs.fields(row)  # type: ignore[arg-type]  # rows are structs
        there = [field for field in fields if read is None or field.name in read]
        self.members: dict[int, Mapping[Any, Any]] = {
            index: field.type._value2member_map_  # a third of the time that calling the enum takes
            for index, field in enumerate(there)
            if isinstance(field.type, type) and issubclass(field.type, Enum)
        }
        """Those of the enums by their text, by the index of a record."""
        self.fields = None if read is None else tuple(field.name in read for field in fields)
        """Which fields of the row a record has; None for all."""

    def __call__(self, *values: Any) -> Row:
        """The row of a record's columns, which are all."""
        changed = list(values)
        for index, members in self.members.items():
            changed[index] = members[values[index]]
        return self.row(*changed)


def _columns(columns: Sequence[Any], row: Any, dialect: Dialect, leading: int, known: Known | None) -> Columns:
    """What has to be done to a statement's columns to make rows of them."""
    names = [column.key for column in columns]
    decoders = {
        index: column.type.decode
        for index, column in enumerate(columns)
        if isinstance(column.type, (Document, InstantText))
    }
    processes = {
        index: process
        for index, column in enumerate(columns)
        if index not in decoders
        and (process := column.type.dialect_impl(dialect.compiler).result_processor(dialect.compiler, None))
    }
    members = {}
    for index, found in row.members.items() if isinstance(row, Make) else ():
        members[leading + index - (known is not None and known.at < index)] = found
    sealed = {
        index: _field_of(column)
        for index, column in enumerate(columns)
        if isinstance(column.type, Sealed) and column.key != "wrapped_key"
    }
    owner = names.index("customer_id") if "customer_id" in names else None
    return Columns(len(columns), processes, decoders, members, sealed, owner)


def _sent_as(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Makes what the driver takes of a value; None where it takes it as it is, as asyncpg does arrays."""
    if isinstance(type_, ARRAY):
        return None
    return type_.dialect_impl(dialect.compiler).bind_processor(dialect.compiler)


def _field_of(column: ColumnElement[Any]) -> str:
    """`table.column` of the column that is selected, whatever it was labelled."""
    (base,) = column.base_columns
    return f"{base.table.name}.{base.name}"


class Sent(msgspec.Struct, Generic[Row], frozen=True):
    """A statement on its way, with the parameters it takes."""

    prepared: Prepared[Row]
    parameters: Mapping[str, Any]


Statements = Generator[Sent[Any] | Changed, list[Any], Made]
"""A transaction as a domain writes it: `rows = yield Sent(prepared, parameters)`, structs of which sealed columns are still
sealed; returns what was made, or raises to have nothing done. `yield Changed(…)` has caches told, once it is committed."""


class Keyring:
    """The keys of the customers read lately."""

    def __init__(self, database: "Database", master: MasterKey) -> None:
        self._database, self._master = database, master
        self._wrapped: OrderedDict[UUID, bytes | None] = OrderedDict()
        # By the wrapped form, so that a key is opened again only where the row still has it.
        self._opened = lru_cache(KEYS_HELD)(master.unwrap)
        self._read: Prepared[tuple[UUID, bytes | None]] | None = None
        self._expected: dict[UUID, asyncio.Future[None]] = {}
        """Customers whose rows are being read, each with what is done once they are there."""

    @contextmanager
    def expecting(self, ids: Sequence[UUID]) -> Iterator[None]:
        """Meanwhile the rows of these customers are read: who needs their keys waits for those, and reads none."""
        read = asyncio.get_running_loop().create_future()
        self._expected |= dict.fromkeys(ids, read)
        try:
            yield
        finally:
            read.set_result(None)
            for customer in ids:
                if self._expected.get(customer) is read:
                    del self._expected[customer]

    def learn(self, customer: UUID, wrapped: bytes | None) -> None:
        """Keep the key that came with a customer's row; None where it was destroyed. It is opened when a text needs it."""
        self._wrapped[customer] = wrapped
        self._wrapped.move_to_end(customer)
        if len(self._wrapped) > KEYS_HELD:
            self._wrapped.popitem(last=False)

    def unwrapped(self, customer: UUID, wrapped: bytes | None) -> CustomerKey | None:
        """The key that came with a customer's row, from any thread, or the program's own; None where it was destroyed."""
        if customer == NO_CUSTOMER:
            return self.own_key(NO_CUSTOMER, PROGRAM)
        return None if wrapped is None else self._opened(customer, wrapped)

    def new_wrapped(self, customer: UUID) -> bytes:
        """A key for a customer who is made just now, wrapped; from any thread."""
        return self._master.new_wrapped(customer)

    async def of(self, wanted: set[UUID]) -> Mapping[UUID, CustomerKey | None]:
        """The keys of all these customers; those not known yet are read in one statement.

        Raises CustomerUnknown where the profiles' database has yet to tell this one of a customer.
        """
        unknown = self._unknown(wanted)
        expected = {self._expected[customer] for customer in unknown if customer in self._expected}
        if expected:
            await asyncio.wait(expected)
            unknown = self._unknown(wanted)
        if unknown:
            dialect = self._database.dialect
            if self._read is None:
                statement = select(customers.c.customer_id, customers.c.wrapped_key).where(
                    dialect.any_of(customers.c.customer_id, "ids")
                )
                self._read = Prepared(statement, lambda *values: values, dialect)
            for (row,) in await self._database.fetch(self._read, {"ids": dialect.bind_list(unknown)}):
                self.learn(*row)
            if self._database.split.profiles is not None and any(customer not in self._wrapped for customer in unknown):
                # Their texts would read as if the key was destroyed.
                raise CustomerUnknown(self._database.name, "opening texts about a customer")
        return {customer: self.unwrapped(customer, self._wrapped.get(customer)) for customer in wanted}

    def _unknown(self, wanted: set[UUID]) -> list[UUID]:
        return [customer for customer in wanted if customer not in self._wrapped and customer != NO_CUSTOMER]

    def fingerprint(self, purpose: str, value: str) -> str:
        """The keyed hash that a value is found again by, from any thread."""
        return self._master.fingerprint(purpose, value)

    def own_key(self, row: UUID, purpose: str) -> CustomerKey:
        """The key of a row that belongs to no customer, from any thread."""
        return self._master.own_key(row, purpose)

    def forget(self, customer: UUID) -> None:
        """Drop a key, as its destruction demands."""
        self._wrapped.pop(customer, None)


class Bell:
    """Rung when something was put into the outbox."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Event] = []

    def listener(self) -> asyncio.Event:
        """Set whenever it rings, from now on; whoever listens clears it."""
        heard = asyncio.Event()
        self._listeners.append(heard)
        return heard

    def ring(self) -> None:
        """Set what listens."""
        for heard in self._listeners:
            heard.set()


class Database:
    """One database: opened and closed with the process, shared by the readers of all domains that are bound to it."""

    def __init__(self, name: str, url: str, master: MasterKey, pool_size: int = 10) -> None:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        if kind not in DIALECTS:
            raise SourceUnavailable(name, f"opening a {kind} database")
        self.name, self.url = name, url
        self.dialect = DIALECTS[kind](parsed, name, pool_size)
        self.keyring = Keyring(self, master)
        self.statements = 0
        """How many statements were sent: tests count them."""
        self.changes: dict[Hashable, Sequence[Prepared[Any]]] = {}
        """The changes that were made together before, compiled."""
        self.bell = Bell()
        self.split: Split = WHOLE
        """Which other databases serve what writes of this one touch: told once, before anything is asked."""
        self.tell: Tell | None = None
        """Who is told what every transaction changed."""
        self._writing: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Be ready to connect when something is read."""
        await self.dialect.open()

    async def close(self) -> None:
        """Disconnect once every write that was begun has ended."""
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self.dialect.close()

    async def fetch(
        self, prepared: Prepared[Row], parameters: Mapping[str, Any], owners: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Leading columns and, last, the struct of every row, in the statement's order; None for the struct of an outer
        join that found nothing. Raises SourceUnavailable, SourceTimedOut, SourceRefused.

        Sealed text is opened; text whose key was destroyed is gone: None, or empty where it must be text.
        """
        return prepared.reader.read(*await self._found(prepared, parameters, owners), owners)

    async def fetch_each(
        self, prepared: Prepared[Row], parameters: Mapping[str, Any], owners: Sequence[Any]
    ) -> list[list[Row]]:
        """The rows of each owner, in their order; the statement's first leading column is the position of the owner. Raises as
        `fetch` does."""
        return prepared.reader.rows_of_each(*await self._found(prepared, parameters, owners), owners)

    async def fetch_alone(
        self, prepared: Prepared[Row], parameters: Mapping[str, Any], owners: Sequence[Any] = ()
    ) -> tuple[list[Row], Any]:
        """The rows of a read of one key, and of the first record the last leading column, if there is one. Raises as `fetch`
        does.

        It may be sent together with other such reads of the request: of many rows, the records cost more so than the round
        trips.
        """
        records, keys = await self._found(prepared, parameters, owners, is_small=True)
        last = records[0][prepared.leading - 1] if records and prepared.leading else None
        return prepared.reader.rows(records, keys, owners), last

    async def _found(
        self, prepared: Prepared[Any], parameters: Mapping[str, Any], owners: Sequence[Any], *, is_small: bool = False
    ) -> tuple[Rows, Keys]:
        """The records, and the keys that open what is sealed in them."""
        records, customers_of = await self._records(prepared, parameters, is_small=is_small), prepared.reader.owners
        return records, NO_KEYS if customers_of is None else await self.keyring.of(customers_of(records, owners))

    def _records(self, prepared: Prepared[Any], parameters: Mapping[str, Any], *, is_small: bool) -> Awaitable[Rows]:
        self.statements += 1
        observed = OBSERVED.get()
        if observed is not None:
            observed.sent(prepared.columns)
        sql, values = prepared.sql, prepared.values(parameters)
        rounds = ROUNDS.get() if is_small and self.dialect.joins_reads else None
        if rounds is None:
            return self.dialect.fetch(sql, values)
        found = rounds.get(self)
        if found is None:
            found = rounds[self] = SqlRound(self.dialect)
        assert isinstance(found, SqlRound)  # noqa: S101  # made above
        return found.rows(sql, values)

    async def transact(self, work: Callable[[], Statements[Made]], *, keep: bool = True) -> Made:
        """What the work made, in one transaction. Raises SourceUnavailable, SourceTimedOut, SourceRefused, OutcomeUnknown,
        and what the work raises, which rolls it back.

        It runs in a task of its own: a caller that is cancelled leaves, and the write ends as it would have.
        """
        task = asyncio.create_task(self._transacted(work, keep=keep))
        self._writing.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def _transacted(self, work: Callable[[], Statements[Made]], *, keep: bool) -> Made:
        changes: list[Changed] = []
        try:
            return await self.dialect.transact(lambda: self._steps(work(), changes), keep=keep)
        finally:
            # Also where it failed: whether it was committed may be what is not known.
            if self.tell is not None and keep and changes:
                await self.tell(Changed.together(changes))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Forget a write; its failure was told to whoever still waited."""
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()

    def _steps(self, work: Statements[Made], changes: list[Changed]) -> Steps[Made]:
        """The work as the driver takes it: text and values out, records in. What it changes is added to the list."""
        try:
            sent = next(work)
            while True:
                if isinstance(sent, Changed):
                    changes.append(sent)
                    sent = work.send([])
                    continue
                self.statements += 1
                prepared = sent.prepared
                records = yield prepared.sql, prepared.values(sent.parameters)
                sent = work.send(prepared.reader.sealed_rows(records))
        except StopIteration as done:
            made: Made = done.value
            return made

    async def ping(self) -> None:
        """Pass once the database has answered. Raises SourceUnavailable, SourceTimedOut."""
        await self.dialect.fetch("SELECT 1", ())
