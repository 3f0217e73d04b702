"""Stored value cards as clients change them: what is answered, what is stored, what is refused and leaves all alone."""

from typing import Any

import pytest

from datasources.fingerprints import fingerprint
from tests.demo import MASTER_KEY
from tests.harness import Caller, Gateway
from tests.writing import laws
from tests.writing.asking import refused
from tests.writing.card_asking import KEPT, adjustment, ask, card_in, key_of, new_number, transfer
from tests.writing.card_laws import broken
from tests.writing.doing import REFUSED
from tests.writing.tables import Contents, contents, grown

MEMBER, OTHER = "CJ-000022", "CJ-000023"
TEXT = """
                 adjust      expire    from             to          lost      stolen           found       confirm  remove
REGISTERED       REGISTERED  EXPIRED   REGISTERED       REGISTERED  LOST      REPORTED_STOLEN  already     no       REGISTERED
LOST             no          EXPIRED   LOST             no          already   REPORTED_STOLEN  REGISTERED  no       LOST
REPORTED_STOLEN  no          EXPIRED   REPORTED_STOLEN  no          no        already          REGISTERED  STOLEN   no
STOLEN           no          no        STOLEN           no          no        no               no          already  STOLEN
EXPIRED          no          already   no               no          no        no               no          no       EXPIRED
OVER             no          already   no               no          no        no               no          no       EXPIRED
STOLEN_OVER      no          no        STOLEN           no          no        no               no          already  STOLEN
REMOVED          no          no        no               no          no        no               no          no       already
"""  # fmt: skip
"""The last table of requirements section 2: the status that each action leads to, or how it is refused."""
HEAD, *ROWS = [line.split() for line in TEXT.strip().splitlines()]
STATES = [row[0] for row in ROWS]
TABLE = {(row[0], action): wanted for row in ROWS for action, wanted in zip(HEAD, row[1:], strict=True)}
CODES = {"no": "INVALID_TRANSITION", "already": "ALREADY_DONE"}
MUTATIONS = {
    "adjust": "cardBalanceAdjust",
    "expire": "cardExpire",
    "from": "cardBalanceTransfer",
    "to": "cardBalanceTransfer",
    "lost": "cardReportLost",
    "stolen": "cardReportStolen",
    "found": "cardReportFound",
    "confirm": "cardConfirmStolen",
    "remove": "cardRemove",
}


async def held(gateway: Gateway, support_id: str = MEMBER) -> Contents:
    return await contents(gateway, gateway.members[support_id])


def given(action: str, card: str, other: str) -> dict[str, Any]:
    """The input of an action on a card."""
    if action == "adjust":
        return adjustment(card, 5)
    if action in ("from", "to"):
        return transfer(card, other, 5) if action == "from" else transfer(other, card, 5)
    return {"cardId": card} | ({"acknowledgeBalance": True} if action == "remove" else {})


@pytest.mark.parametrize(("state", "action"), [pair for pair in TABLE if TABLE[pair] not in CODES])
async def test_a_card_goes_where_the_table_says(gateway: Gateway, state: str, action: str) -> None:
    card, other = await card_in(gateway, MEMBER, state), await card_in(gateway, MEMBER)
    payload = await ask(gateway, MUTATIONS[action], given(action, card, other))
    shown = payload["counterpart" if action == "to" else "card"]
    assert (payload["userErrors"], shown["id"], shown["status"]) == ([], card, TABLE[state, action])
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize("state", STATES)
async def test_a_card_goes_nowhere_else(gateway: Gateway, state: str) -> None:
    card, other = await card_in(gateway, MEMBER, state), await card_in(gateway, MEMBER)
    before = await held(gateway)
    told: dict[str, list[tuple[str, str]]] = {}
    refusals = {action: TABLE[state, action] for action in HEAD if TABLE[state, action] in CODES}
    for action in refusals:
        payload = await ask(gateway, MUTATIONS[action], given(action, card, other))
        assert (payload["card"], payload["counterpart"]) == (None, None)
        told[action] = refused(payload)
    paths = {"from": "fromCardId", "to": "toCardId"}
    assert told == {action: [(CODES[how], paths.get(action, "cardId"))] for action, how in refusals.items()}
    assert grown(before, await held(gateway)) == {"audit_entries": len(refusals), "audit_heads": 0}


@pytest.mark.parametrize("state", STATES)
async def test_quick_actions_are_those_of_the_table(gateway: Gateway, state: str) -> None:
    card = await card_in(gateway, MEMBER, state)
    query = "query ($id: ID!) { node(id: $id) { ... on Card { status availableActions { action enabled } } } }"
    shown = (await gateway.run(query, {"id": card})).data["node"]
    enabled = {action["action"] for action in shown["availableActions"] if action["enabled"]}
    own = [action for action in HEAD if action != "to"]
    wanted = {MUTATIONS[action] for action in own if TABLE[state, action] not in CODES}
    named = set() if state == "REMOVED" else {"cardNicknameSet"}
    status = {"OVER": "EXPIRED", "STOLEN_OVER": "STOLEN", "REMOVED": "REGISTERED"}.get(state, state)
    assert (shown["status"], enabled) == (status, wanted | named)


async def test_a_card_with_money_is_removed_where_that_is_acknowledged(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    assert refused(await ask(gateway, "cardRemove", {"cardId": card})) == [("BALANCE_REMAINS", "acknowledgeBalance")]
    assert grown(before, await held(gateway)) == REFUSED
    payload = await ask(gateway, "cardRemove", {"cardId": card, "acknowledgeBalance": True})
    assert (payload["card"]["removedAt"], payload["card"]["balance"]["amountMinor"]) == ("2026-01-26T05:00:00Z", 500)
    query = """query ($id: ID!) { customer(by: {id: $id}) {
        kept: cards(first: 200) { nodes { id } } all: cards(first: 200, includeRemoved: true) { nodes { id } } } }"""
    shown = (await gateway.run(query, {"id": gateway.customer_id(MEMBER)})).data["customer"]
    assert [card in [node["id"] for node in shown[name]["nodes"]] for name in ("kept", "all")] == [False, True]


async def test_a_card_is_of_the_product_with_the_longest_prefix_of_its_number(gateway: Gateway) -> None:
    before = await held(gateway)
    number = new_number("63")
    spaced = f"{number[:4]}-{number[4:8]} {number[8:]}"
    asked = {"customerId": gateway.customer_id(MEMBER), "cardNumber": spaced}
    payload = await ask(gateway, "cardRegister", asked)
    card = payload["card"]
    assert {name: card[name] for name in card if name not in ("id", "availableActions")} == {
        "cardNumber": number,
        "lastFour": number[-4:],
        "kind": "PROMOTIONAL",
        "status": "REGISTERED",
        "type": "campaign",
        "design": "Journey Anniversary",
        "nickname": None,
        "expiresAt": "2027-01-26T05:00:00Z",
        "registeredAt": "2026-01-26T05:00:00Z",
        "removedAt": None,
        "balance": {"amountMinor": 0, "currency": "USD"},
    }
    after = await held(gateway)
    assert grown(before, after) == {"cards": 1, "card_numbers": 1, **KEPT}
    assert fingerprint(MASTER_KEY, "card_numbers", number) in {row["number_hash"] for row in after["card_numbers"]}
    (row,) = [row for row in after["cards"] if row["id"] == key_of(card["id"])[1]]
    assert (number.encode() in row["number"], row["version"]) == (False, 1)
    assert number not in str([row for name in ("audit_entries", "idempotency_keys") for row in after[name]])
    other = await ask(gateway, "cardRegister", asked | {"cardNumber": new_number("69")})
    assert (other["card"]["type"], other["card"]["design"]) == ("gift", "Picnic")
    assert other["card"]["expiresAt"] == "2029-01-26T05:00:00Z"


@pytest.mark.parametrize("number", ["", "1234567", "1" * 33, "12345678a", "１２３４５６７８", "1234.5678", "----"])
async def test_a_card_number_has_8_to_32_digits(gateway: Gateway, number: str) -> None:
    before = await held(gateway)
    payload = await ask(gateway, "cardRegister", {"customerId": gateway.customer_id(MEMBER), "cardNumber": number})
    assert refused(payload) == [("INVALID", "cardNumber")]
    assert grown(before, await held(gateway)) == REFUSED


async def test_a_number_is_registered_once_for_ever(gateway: Gateway) -> None:
    asked = {"customerId": gateway.customer_id(MEMBER), "cardNumber": new_number()}
    card = (await ask(gateway, "cardRegister", asked))["card"]["id"]
    assert refused(await ask(gateway, "cardRegister", asked)) == [("ALREADY_DONE", "cardNumber")]
    elsewhere = asked | {"customerId": gateway.customer_id(OTHER)}
    assert refused(await ask(gateway, "cardRegister", elsewhere)) == [("IDENTIFIER_TAKEN", "cardNumber")]
    assert (await ask(gateway, "cardRemove", {"cardId": card}))["userErrors"] == []
    before = [await held(gateway, member) for member in (MEMBER, OTHER)]
    for again in (asked, elsewhere):
        assert refused(await ask(gateway, "cardRegister", again)) == [("IDENTIFIER_TAKEN", "cardNumber")]
    after = [await held(gateway, member) for member in (MEMBER, OTHER)]
    assert [grown(*pair) for pair in zip(before, after, strict=True)] == [REFUSED, REFUSED]


async def test_a_nickname_is_set_and_cleared(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    named = await ask(gateway, "cardNicknameSet", {"cardId": card, "nickname": "Vacation"})
    assert named["card"]["nickname"] == "Vacation"
    assert grown(before, await held(gateway)) == {"cards": 0, **KEPT}
    again = await ask(gateway, "cardNicknameSet", {"cardId": card, "nickname": "Vacation"})
    assert refused(again) == [("ALREADY_DONE", "nickname")]
    for wrong in ("", "x" * 201):
        payload = await ask(gateway, "cardNicknameSet", {"cardId": card, "nickname": wrong})
        assert refused(payload) == [("INVALID", "nickname")]
    assert (await ask(gateway, "cardNicknameSet", {"cardId": card, "nickname": None}))["card"]["nickname"] is None


async def test_a_dry_run_shows_the_card_as_it_would_be_and_leaves_all_as_it_was(gateway: Gateway) -> None:
    card, other = await card_in(gateway, MEMBER), await card_in(gateway, MEMBER)
    before = await held(gateway)
    asked = {"dryRun": True}
    adjusted = await ask(gateway, "cardBalanceAdjust", adjustment(card, 5) | asked)
    assert (adjusted["dryRun"], adjusted["card"]["balance"]["amountMinor"], adjusted["auditEntry"]) == (True, 505, None)
    moved = await ask(gateway, "cardBalanceTransfer", transfer(card, other) | asked)
    assert [moved[name]["balance"]["amountMinor"] for name in ("card", "counterpart")] == [0, 1_000]
    expired = await ask(gateway, "cardExpire", {"cardId": card} | asked)
    assert (expired["card"]["status"], expired["card"]["balance"]["amountMinor"]) == ("EXPIRED", 0)
    wrong = await ask(gateway, "cardConfirmStolen", {"cardId": card} | asked)
    assert refused(wrong) == [("INVALID_TRANSITION", "cardId")]
    assert await held(gateway) == before


async def test_a_repeated_answer_shows_the_card_as_it_is_now(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    asked = adjustment(card, 5, idempotencyKey="shown-as-it-is-now")
    first = await ask(gateway, "cardBalanceAdjust", asked)
    await ask(gateway, "cardReportLost", {"cardId": card})
    again = await ask(gateway, "cardBalanceAdjust", asked)
    assert (again["replayed"], again["auditEntry"]) == (True, first["auditEntry"])
    assert (again["card"]["status"], again["card"]["balance"]) == ("LOST", first["card"]["balance"])
    other = await ask(gateway, "cardBalanceAdjust", adjustment(card, 6, idempotencyKey="shown-as-it-is-now"))
    assert refused(other) == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]


@pytest.mark.parametrize(("role", "mutation"), [("analyst", "cardReportLost"), ("member", "cardNicknameSet")])
async def test_without_the_scope_nothing_is_done(gateway: Gateway, role: str, mutation: str) -> None:
    card = await card_in(gateway, MEMBER)
    before = await held(gateway)
    input_type = "CardNicknameInput" if mutation == "cardNicknameSet" else "CardActionInput"
    document = f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ replayed }} }}"
    caller = Caller(role, customer=MEMBER if role == "member" else None)
    answer = await gateway.run(document, {"input": {"cardId": card}}, caller)
    assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
    assert grown(before, await held(gateway)) == REFUSED


async def test_a_store_associate_manages_cards_and_sees_no_number(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    document = """mutation ($input: CardActionInput!) { cardReportLost(input: $input) {
        userErrors { code } card { status cardNumber lastFour } } }"""
    payload = (await gateway.run(document, {"input": {"cardId": card}}, "store_associate")).data["cardReportLost"]
    last_four = payload["card"]["lastFour"]
    assert payload["card"] == {"status": "LOST", "cardNumber": f"•••• {last_four}", "lastFour": last_four}


async def test_an_unknown_card_is_not_found(gateway: Gateway) -> None:
    card = await card_in(gateway, MEMBER)
    query = "query ($id: ID!) { customer(by: {id: $id}) { loyaltyCards { nodes { id } } } }"
    loyalty = (await gateway.run(query, {"id": gateway.customer_id(MEMBER)})).data["customer"]["loyaltyCards"]["nodes"]
    unknown = "Card:" + loyalty[0]["id"].removeprefix("LoyaltyCard:")
    before = await held(gateway)
    assert refused(await ask(gateway, "cardExpire", {"cardId": unknown})) == [("NOT_FOUND", "cardId")]
    payload = await ask(gateway, "cardBalanceTransfer", transfer(card, unknown))
    assert refused(payload) == [("NOT_FOUND", "toCardId")]
    assert grown(before, await held(gateway)) == {"audit_entries": 2, "audit_heads": 0}


async def test_the_demo_keeps_the_laws(gateway: Gateway) -> None:
    assert [told for customer in gateway.members.values() for told in await broken(gateway, customer)] == []
    assert await laws.broken(gateway, gateway.members[MEMBER]) == []
