"""Any mutation as the tests ask for it, by its name."""

from typing import Any
from uuid import uuid4

from tests.harness import Caller, Gateway

UNKEYED = ("messageMarkRead",)
AUDITED = "auditEntry { type outcome summary reasonCode changes { path before after } }"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
"""What a refusal stores: its audit entry, and the head of the chain anew."""


async def do(
    gateway: Gateway, mutation: str, given: dict[str, Any], shown: str, caller: Caller | str = "admin"
) -> dict[str, Any]:
    """The payload of a mutation that had no error, under a key of its own unless one is given."""
    key = {} if mutation in UNKEYED else {"idempotencyKey": uuid4().hex}
    answer = await gateway.run(document(mutation, shown), {"input": key | given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[mutation]
    return payload


def document(mutation: str, selection: str) -> str:
    """The operation that carries out a mutation and shows so much of its payload."""
    input_type = INPUTS.get(mutation) or mutation[0].upper() + mutation[1:] + "Input"
    shared = "userErrors { code message path } replayed dryRun"
    return f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ {shared} {selection} }} }}"


INPUTS: dict[str, str] = {
    name: input_type
    for input_type, names in {
        "CustomerActionInput": (
            "customerVerify",
            "customerBlock",
            "customerUnblock",
            "customerDelete",
            "customerRestore",
            "customerSmsVerificationReset",
            "customerPasswordResetEmailSend",
            "personaSessionCreate",
            "promoCodeLockoutReset",
        ),
        "CardActionInput": (
            "cardExpire",
            "cardReportLost",
            "cardReportStolen",
            "cardReportFound",
            "cardConfirmStolen",
        ),
        "CustomerOfferActionInput": ("offerActivate", "offerRedeem", "offerRemove"),
        "TagInput": ("tagAdd", "tagCountReset", "tagRemove"),
        "SegmentMemberInput": ("segmentMemberAdd", "segmentMemberRemove"),
        "PrivacyActionInput": (
            "customerAnonymize",
            "privacyExport",
            "privacyRestrict",
            "privacyReinstate",
            "privacyForget",
        ),
        "ApprovalDecisionInput": ("approvalApprove", "approvalReject"),
        "ExternalAccountSyncInput": ("customerExternalAccountSync",),
        "CardNicknameInput": ("cardNicknameSet",),
        "OfferRedemptionDatesInput": ("offerRedemptionDatesChange",),
        "OfferFlexFieldsInput": ("offerFlexFieldsUpdate",),
    }.items()
    for name in names
}
"""The input types that are not named after their mutation."""
