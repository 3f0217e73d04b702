"""`audit verify` follows every chain of the audit log and names the entry at which one was tampered with."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.audit_chain import CHAINED, GENESIS, next_hash
from datasources.sql import audit_walking
from datasources.sql.tables.audit import audit_entries, audit_heads
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import PROGRAM
from tests.cli.conftest import Ended, Run
from tests.demo import MASTER_KEY, Demo

ENTRY, HEAD = audit_entries.c, audit_heads.c
Tamper = Callable[[UUID], Executable]


class Audited:
    """A copy of the demo that the commands read, and its longest chain."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self._url = demo.copy()
        self.config = folder / "gateway.toml"
        key = base64.b64encode(MASTER_KEY).decode()
        self.config.write_text(
            f"""
[sources.loyalty]
kind = "sql"
url = "{self._url}"
[domains]
default = "loyalty"
[auth]
issuer = "https://login.example.com/"
audience = "customer-graph"
jwks_url = "https://login.example.com/keys"
[privacy]
master_key = "{key}"
[cursors]
secret = "{"s" * 40}"
"""
        )
        per_chain = select(ENTRY.customer_id, func.count()).group_by(ENTRY.customer_id)
        counts = {row[0]: row[1] for row in self.sent(per_chain)}
        self.entries, self.chains = sum(counts.values()), len(counts)
        self.longest = max(counts, key=lambda customer: (counts[customer], customer))
        self.length = counts[self.longest]

    def sent(self, *statements: Executable) -> list[Any]:
        """The rows of the last statement; all are kept."""
        return asyncio.run(self._sent(statements))

    async def _sent(self, statements: tuple[Executable, ...]) -> list[Any]:
        engine = create_async_engine(self._url)
        rows: list[Any] = []
        async with engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(statement)
                rows = list(result) if result.returns_rows else []
        await engine.dispose()
        return rows


@pytest.fixture
def audited(demo: Demo, tmp_path: Path) -> Audited:
    return Audited(demo, tmp_path)


def verified(run: Run, audited: Audited, *more: str) -> Ended:
    return run("audit", "verify", "--config", str(audited.config), *more)


def whole(audited: Audited) -> Ended:
    return Ended(0, f"loyalty: {audited.entries} entries of {audited.chains} chains hold, 0 chains do not\n", "")


def broken(audited: Audited, at: int) -> Ended:
    """What is told where nothing but the longest chain is broken."""
    left = audited.entries - audited.length
    return Ended(
        1,
        f"loyalty: the chain of customer {audited.longest} is broken at entry {at}\n"
        f"loyalty: {left} entries of {audited.chains - 1} chains hold, 1 chains do not\n",
        "",
    )


@pytest.mark.parametrize("page", [1, 2, 7, 500])
def test_a_log_that_nobody_touched_holds_whatever_the_pages(
    run: Run, audited: Audited, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_walking, "PAGE", page)
    assert audited.length >= 5
    assert verified(run, audited) == whole(audited)


def at(customer: UUID, sequence: int) -> tuple[Any, Any]:
    return ENTRY.customer_id == customer, ENTRY.sequence == sequence


TAMPERED: dict[str, tuple[Tamper, int]] = {
    "another actor": (lambda whose: update(audit_entries).where(*at(whose, 3)).values(actor_id="nobody"), 3),
    "another outcome": (lambda whose: update(audit_entries).where(*at(whose, 1)).values(outcome="FAILED"), 1),
    "another text": (lambda whose: update(audit_entries).where(*at(whose, 2)).values(summary=b"\0" * 40), 2),
    "another hash": (lambda whose: update(audit_entries).where(*at(whose, 4)).values(hash=b"\0" * 32), 4),
    "another number": (lambda whose: update(audit_entries).where(*at(whose, 2)).values(sequence=1_000), 2),
    "no first entry": (lambda whose: delete(audit_entries).where(*at(whose, 1)), 1),
    "no middle entry": (lambda whose: delete(audit_entries).where(*at(whose, 3)), 3),
    "no entry at all": (lambda whose: delete(audit_entries).where(ENTRY.customer_id == whose), 1),
    "a head set back": (lambda whose: update(audit_heads).where(HEAD.customer_id == whose).values(sequence=2), 3),
}


@pytest.mark.parametrize(("tamper", "sequence"), TAMPERED.values(), ids=TAMPERED)
def test_whatever_is_tampered_with_is_named(
    run: Run, audited: Audited, tamper: Tamper, sequence: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_walking, "PAGE", 2)
    audited.sent(tamper(audited.longest))
    assert verified(run, audited) == broken(audited, sequence)


def test_the_head_tells_of_an_entry_that_was_cut_off_at_the_end(run: Run, audited: Audited) -> None:
    audited.sent(delete(audit_entries).where(*at(audited.longest, audited.length)))
    assert verified(run, audited) == broken(audited, audited.length)


def test_a_chain_without_its_head_is_broken_at_its_last_entry(run: Run, audited: Audited) -> None:
    audited.sent(delete(audit_heads).where(HEAD.customer_id == audited.longest))
    assert verified(run, audited) == broken(audited, audited.length)


def test_an_entry_put_behind_the_head_is_named(run: Run, audited: Audited) -> None:
    last = select(audit_entries).where(*at(audited.longest, audited.length))
    (row,) = audited.sent(last)
    more = row._asdict() | {"id": UUID(int=7), "sequence": audited.length + 1}
    digest = next_hash(row.hash, [more[name] for name in CHAINED])
    audited.sent(insert(audit_entries).values(**more | {"hash": digest}))
    assert verified(run, audited) == broken(audited, audited.length + 1)


def test_the_chain_of_what_is_about_no_customer_is_followed_too(run: Run, audited: Audited) -> None:
    (row,) = audited.sent(select(audit_entries).where(*at(audited.longest, 1)))
    own = row._asdict() | {"customer_id": PROGRAM, "id": UUID(int=8), "sequence": 1}
    digest = next_hash(GENESIS, [own[name] for name in CHAINED])
    audited.sent(
        insert(audit_entries).values(**own | {"hash": digest}),
        insert(audit_heads).values(customer_id=PROGRAM, sequence=1, hash=digest),
    )
    out = f"loyalty: {audited.entries + 1} entries of {audited.chains + 1} chains hold, 0 chains do not\n"
    assert verified(run, audited) == Ended(0, out, "")
    audited.sent(update(audit_entries).where(ENTRY.customer_id == PROGRAM).values(type="customerBlock"))
    assert verified(run, audited) == Ended(
        1,
        "loyalty: the chain of the program is broken at entry 1\n"
        f"loyalty: {audited.entries} entries of {audited.chains} chains hold, 1 chains do not\n",
        "",
    )


def test_one_customer_is_followed_alone(run: Run, audited: Audited) -> None:
    (row,) = audited.sent(select(customers.c.support_id).where(customers.c.customer_id == audited.longest))
    about = ("--customer", row.support_id)
    told = f"loyalty: {audited.length} entries of 1 chains hold, 0 chains do not\n"
    assert verified(run, audited, *about) == Ended(0, told, "")
    audited.sent(delete(audit_entries).where(ENTRY.customer_id != audited.longest))
    assert verified(run, audited, *about) == Ended(0, told, "")
    audited.sent(delete(audit_entries).where(*at(audited.longest, 2)))
    assert verified(run, audited, *about) == Ended(
        1,
        f"loyalty: the chain of customer {audited.longest} is broken at entry 2\n"
        "loyalty: 0 entries of 0 chains hold, 1 chains do not\n",
        "",
    )
