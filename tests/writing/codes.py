"""Promo codes as the tests ask for them, and what is stored of them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.ids import new_id
from datasources.outcomes import Outcome
from datasources.sql.tables.promo_codes import promo_codes
from tests.harness import Caller, Gateway
from tests.writing.tables import found

PAYLOAD = """
    replayed dryRun userErrors { code message path }
    promoCode { id code state campaignName claimedAt assignedAt }
    failure
    lockout { isLocked lockedAt expiresAt consecutiveFailures totalFailures resetCount }
    auditEntry { type outcome summary changes { path before after } }
"""
CLAIM = f"mutation ($input: PromoCodeClaimInput!) {{ promoCodeClaim(input: $input) {{ {PAYLOAD} }} }}"
RESET = f"mutation ($input: CustomerActionInput!) {{ promoCodeLockoutReset(input: $input) {{ {PAYLOAD} }} }}"


async def offered(gateway: Gateway, points: int = 10, **columns: Any) -> str:
    """A new code of the program that grants points and can be claimed now, but for what `columns` say."""
    code = f"T{uuid4().hex[:12].upper()}"
    plain: dict[str, Any] = {
        "id": new_id(),
        "code": code,
        "campaign_name": "Tried",
        "claims": 0,
        "only_assigned": False,
        "outcomes": (Outcome(points=points, account_key="points", source_key="promotion"),),
    }
    engine = create_async_engine(gateway.url_of(promo_codes))
    async with engine.begin() as connection:
        await connection.execute(promo_codes.insert().values(plain | columns))
    await engine.dispose()
    return code


def claiming(gateway: Gateway, support_id: str, code: str, **more: Any) -> dict[str, Any]:
    """The input of a claim."""
    given = {"customerId": gateway.customer_id(support_id), "idempotencyKey": uuid4().hex, "code": code}
    return given | more


async def claim(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a claim that had no error."""
    answer = await gateway.run(CLAIM, {"input": given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["promoCodeClaim"]
    return payload


async def reset(gateway: Gateway, support_id: str, **more: Any) -> dict[str, Any]:
    """The payload of a reset that had no error."""
    given = {"customerId": gateway.customer_id(support_id), "idempotencyKey": uuid4().hex, **more}
    answer = await gateway.run(RESET, {"input": given})
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["promoCodeLockoutReset"]
    return payload


async def opened_again(gateway: Gateway, support_id: str) -> None:
    """Have no failed claim counted."""
    payload = await reset(gateway, support_id)
    assert {error["code"] for error in payload["userErrors"]} <= {"NOT_LOCKED"}


async def later(gateway: Gateway, support_id: str, table: Table, **moved: dt.timedelta) -> None:
    """As if so much time had passed since: the customer's instants lie that much earlier."""
    engine = create_async_engine(gateway.url_of(table))
    async with engine.begin() as connection:
        whose = table.c.customer_id == gateway.members[support_id]
        for row in (await connection.execute(select(table).where(whose))).mappings().all():
            earlier = {name: row[name] - by for name, by in moved.items() if row[name] is not None}
            same = [column == row[column.name] for column in table.primary_key]
            await connection.execute(table.update().where(*same).values(**earlier))
    await engine.dispose()


async def of_code(gateway: Gateway, support_id: str, table: Table, code: str) -> Sequence[RowMapping]:
    """The customer's rows of one code."""
    statement = select(table).where(table.c.customer_id == gateway.members[support_id], table.c.code == code)
    (rows,) = await found(gateway, statement)
    return rows


async def claims_of(gateway: Gateway, code: str) -> int:
    """How often all customers together claimed the code, as it is counted."""
    ((row,),) = await found(gateway, select(promo_codes.c.claims).where(promo_codes.c.code == code))
    return int(row["claims"])
