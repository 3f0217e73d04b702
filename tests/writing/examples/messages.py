"""Mutations of messages."""

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given

SENT = "message { id direction body sentAt supportRequestId author { kind id } } auditEntry { id }"
READ = "message { id status readAt }"


async def inbox(gateway: Gateway, member: str) -> dict[str, str]:
    """The ids of the customer's campaign messages by their status: the demo has one of each."""
    query = "query ($id: ID!) { customer(by: { id: $id }) { messages { nodes { id status } } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(member)})
    return {node["status"]: node["id"] for node in answer.data["customer"]["messages"]["nodes"]}


async def _sending(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "body": "Your parcel has come"}


async def _reading(gateway: Gateway, member: str) -> Given:
    known = await inbox(gateway, member)
    return {"messageId": known["NEW"] if "NEW" in known else known["READ"]}  # an earlier test may have read it


EXAMPLES = (
    Example("directMessageSend", _sending, SENT, grants=True),
    Example("messageMarkRead", _reading, READ, keyed=False, dry=False, role="member"),
)
