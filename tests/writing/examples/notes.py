"""Mutations of notes."""

from typing import Any

from tests.harness import Caller, Gateway
from tests.writing.doing import do
from tests.writing.examples.example import Example, Given

NOTE = """note { id text reason { key } createdAt author { kind id } isEdited editedAt editedBy { id } version
    revisions { text at editor { id } } } auditEntry { id }"""


async def written(gateway: Gateway, member: str, caller: Caller | str = "admin", **more: Any) -> str:
    """The id of a note that was written just now."""
    given = {"customerId": gateway.customer_id(member), "text": "Asked for the opening hours", **more}
    payload = await do(gateway, "noteAdd", given, "note { id }", caller)
    assert payload["userErrors"] == []
    note_id: str = payload["note"]["id"]
    return note_id


async def _addition(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "text": "Likes the new store", "reasonKey": "other"}


async def _update(gateway: Gateway, member: str) -> Given:
    return {"noteId": await written(gateway, member), "text": "Likes the old store"}


async def _deletion(gateway: Gateway, member: str) -> Given:
    return {"noteId": await written(gateway, member)}


EXAMPLES = (
    Example("noteAdd", _addition, NOTE),
    Example("noteUpdate", _update, NOTE),
    Example("noteDelete", _deletion, NOTE),
)
