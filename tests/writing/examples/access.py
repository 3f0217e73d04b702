"""Mutations that let a customer in again, or staff in as a test persona."""

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given

CALLER, PERSONA = "CJ-000043", "CJ-000004"
SHOWN = "customer { id version profile { phoneVerifiedAt } } auditEntry { id }"


async def _about(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member)}


EXAMPLES = (
    Example("customerSmsVerificationReset", _about, SHOWN, member=CALLER),
    Example("customerPasswordResetEmailSend", _about, SHOWN, member=CALLER),
    # The token is told once, so no replay has it.
    Example("personaSessionCreate", _about, "auditEntry { id }", member=PERSONA),
)
