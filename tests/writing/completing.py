"""Campaigns as the tests complete them, and what is stored of them."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.campaigns import campaigns, customer_campaigns
from schema.ids import global_id
from tests.harness import Caller, Gateway
from tests.writing.tables import found

COMPLETE = """
mutation ($input: CampaignCompleteInput!) {
  campaignComplete(input: $input) {
    replayed dryRun userErrors { code message path }
    campaign { id campaignId name type status startsAt endsAt completedAt completedBy { kind id } progress { current } }
    auditEntry { type outcome summary reasonCode changes { path before after } }
  }
}
"""
RULE, MESSAGING = "synthetic-rule", "synthetic-messaging"


async def targeted(gateway: Gateway, support_id: str, key: str) -> RowMapping:
    """The customer's campaign, as it is stored."""
    statement = (
        select(customer_campaigns)
        .join(campaigns, campaigns.c.id == customer_campaigns.c.campaign_id)
        .where(customer_campaigns.c.customer_id == gateway.members[support_id], campaigns.c.key == key)
    )
    ((row,),) = await found(gateway, statement)
    return row


async def put(gateway: Gateway, support_id: str, key: str, **columns: Any) -> None:
    """Set the customer's campaign, whatever led to it: no mutation leads out of COMPLETED."""
    row = await targeted(gateway, support_id, key)
    status = columns.get("status")
    ended = {} if status == "COMPLETED" else dict.fromkeys(("completed_at", "completed_by_kind", "completed_by_id"))
    whose = (customer_campaigns.c.customer_id == row["customer_id"], customer_campaigns.c.id == row["id"])
    await change(gateway, customer_campaigns.update().where(*whose).values(**columns, **ended))


async def change(gateway: Gateway, statement: Any) -> None:
    """Have the statement done."""
    engine = create_async_engine(gateway.url_of(customer_campaigns))
    async with engine.begin() as connection:
        await connection.execute(statement)
    await engine.dispose()


async def completion(gateway: Gateway, support_id: str, key: str, **more: Any) -> dict[str, Any]:
    """The input of a completion."""
    row = await targeted(gateway, support_id, key)
    id_ = global_id("CustomerCampaign", gateway.members[support_id], UUID(str(row["id"])))
    return {"customerCampaignId": id_, "idempotencyKey": uuid4().hex, **more}


async def complete(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a completion that had no error."""
    answer = await gateway.run(COMPLETE, {"input": given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["campaignComplete"]
    return payload
