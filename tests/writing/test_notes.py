"""Notes that are written, edited and deleted, and all that tells of it."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from schema.ids import global_id, parse_id
from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do, document
from tests.writing.examples.notes import written
from tests.writing.tables import contents, grown

MEMBER, RESTRICTED, BLOCKED = "CJ-000022", "CJ-000007", "CJ-000009"
ADD, UPDATE, DELETE = "noteAdd", "noteUpdate", "noteDelete"
NOTE = """note { id text reason { key label } createdAt author { kind id } isEdited editedAt editedBy { kind id }
    version revisions { text at editor { kind id } } }"""
SHOWN = f"{NOTE} {AUDITED}"
STORED = {"notes": 1, "note_revisions": 1, "events": 1, "event_keys": 1, "idempotency_keys": 1, **REFUSED}
EDITED = {"notes": 0, "note_revisions": 1, "idempotency_keys": 1, **REFUSED}
DELETED = {"notes": 0, "idempotency_keys": 1, **REFUSED}
ADMIN = {"kind": "STAFF", "id": "admin"}
AGENT = {"kind": "STAFF", "id": "care_agent"}
OPENING = "Asked for the opening hours"
WORKERS = 16


async def read(gateway: Gateway, note_id: str, caller: str = "admin") -> Any:
    """The note as readers see it."""
    query = "query ($id: ID!) { node(id: $id) { ... on Note { text version isEdited revisions { text } } } }"
    answer = await gateway.run(query, {"id": note_id}, caller)
    assert answer.errors == []
    return answer.data["node"]


def own_id(note_id: str) -> UUID:
    """The note's own part of its global id."""
    _, (_, found) = parse_id(note_id, "id", "Note")
    return found


async def test_a_note_is_sealed_and_told_of_without_its_text(gateway: Gateway) -> None:
    customer = gateway.members[MEMBER]
    before = await contents(gateway, customer)
    given = {"customerId": gateway.customer_id(MEMBER), "text": "  Prefers to be called Max \n", "reasonKey": "call"}
    payload = await do(gateway, ADD, given, SHOWN)
    note = payload["note"]
    assert note == {
        "id": note["id"],
        "text": "Prefers to be called Max",
        "reason": {"key": "call", "label": "Phone call"},
        "createdAt": note["createdAt"],
        "author": ADMIN,
        "isEdited": False,
        "editedAt": None,
        "editedBy": None,
        "version": 1,
        "revisions": [{"text": "Prefers to be called Max", "at": note["createdAt"], "editor": ADMIN}],
    }
    own = own_id(note["id"])
    assert payload["auditEntry"] == {
        "type": ADD,
        "outcome": "SUCCEEDED",
        "summary": "Note added",
        "reasonCode": None,
        "changes": [
            {"path": f"notes.{own}.version", "before": None, "after": 1},
            {"path": f"notes.{own}.reasonKey", "before": None, "after": "call"},
        ],
    }
    after = await contents(gateway, customer)
    assert grown(before, after) == STORED
    assert "called Max" not in str(after)
    (event,) = [row for row in after["events"] if row["reference_id"] == own]
    assert (event["type"], event["facts"]) == (
        "note_added",
        {"note_id": str(own), "reason_key": "call", "reason_label": "Phone call"},
    )
    assert (await read(gateway, note["id"]))["text"] == "Prefers to be called Max"


async def test_an_edit_keeps_what_the_note_said_and_who_wrote_it(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER, "care_agent", text="First", reasonKey="call")
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"noteId": note_id, "text": " Second ", "expectedVersion": 1}
    payload = await do(gateway, UPDATE, given, SHOWN)
    note, at = payload["note"], payload["note"]["createdAt"]
    assert (note["text"], note["reason"]["key"], note["version"], note["isEdited"]) == ("Second", "call", 2, True)
    assert (note["author"], note["editedBy"]) == (AGENT, ADMIN)
    assert note["revisions"] == [
        {"text": "First", "at": at, "editor": AGENT},
        {"text": "Second", "at": note["editedAt"], "editor": ADMIN},
    ]
    own = own_id(note_id)
    assert payload["auditEntry"]["changes"] == [{"path": f"notes.{own}.version", "before": 1, "after": 2}]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == EDITED
    assert [row["version"] for row in after["note_revisions"] if row["note_id"] == own] == [1, 2]


async def test_what_is_left_out_of_an_edit_stays_and_null_takes_the_reason_away(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER, text="Same", reasonKey="call")
    moved = await do(gateway, UPDATE, {"noteId": note_id, "reasonKey": "complaint"}, SHOWN)
    assert (moved["note"]["text"], moved["note"]["reason"]["key"]) == ("Same", "complaint")
    cleared = await do(gateway, UPDATE, {"noteId": note_id, "reasonKey": None}, SHOWN)
    assert (cleared["note"]["text"], cleared["note"]["reason"], cleared["note"]["version"]) == ("Same", None, 3)
    assert [revision["text"] for revision in cleared["note"]["revisions"]] == ["Same"] * 3
    assert cleared["auditEntry"]["changes"][1]["before"] == "complaint"


async def test_a_deleted_note_is_gone_for_readers_and_kept_in_the_audit_log(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER, text="To be forgotten")
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"noteId": note_id, "expectedVersion": 1, "reason": {"code": "other"}}
    payload = await do(gateway, DELETE, given, SHOWN)
    assert payload["note"] is None
    assert payload["auditEntry"] == {
        "type": DELETE,
        "outcome": "SUCCEEDED",
        "summary": "Note deleted",
        "reasonCode": "other",
        "changes": [{"path": f"notes.{own_id(note_id)}.text", "before": "To be forgotten", "after": None}],
    }
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == DELETED
    assert after["note_revisions"] == before["note_revisions"]
    assert "To be forgotten" not in str(after)
    assert await read(gateway, note_id) is None


@pytest.mark.parametrize(
    ("mutation", "state", "told"),
    [
        (UPDATE, "kept", None),
        (DELETE, "kept", None),
        (UPDATE, "deleted", ("NOT_FOUND", "noteId")),
        (DELETE, "deleted", ("ALREADY_DONE", "noteId")),
        (UPDATE, "never", ("NOT_FOUND", "noteId")),
        (DELETE, "never", ("NOT_FOUND", "noteId")),
    ],
)
async def test_what_can_be_done_to_a_note_depends_on_its_state(
    gateway: Gateway, mutation: str, state: str, told: tuple[str, str] | None
) -> None:
    note_id = await written(gateway, MEMBER)
    if state == "deleted":
        await do(gateway, DELETE, {"noteId": note_id}, SHOWN)
    if state == "never":
        note_id = global_id("Note", gateway.members[MEMBER], UUID(int=7))
    before = await contents(gateway, gateway.members[MEMBER])
    given = {"noteId": note_id} | ({"text": "Another"} if mutation == UPDATE else {})
    payload = await do(gateway, mutation, given, SHOWN)
    after = await contents(gateway, gateway.members[MEMBER])
    assert refused(payload) == ([told] if told else [])
    if told is not None:
        assert grown(before, after) == REFUSED
    else:
        assert await read(gateway, note_id) == (
            {"text": "Another", "version": 2, "isEdited": True, "revisions": [{"text": OPENING}, {"text": "Another"}]}
            if mutation == UPDATE
            else None
        )


@pytest.mark.parametrize(
    ("mutation", "changed", "told"),
    [
        (ADD, {"text": ""}, ("INVALID", "text")),
        (ADD, {"text": " \n\t "}, ("INVALID", "text")),
        (ADD, {"text": "x" * 5_001}, ("INVALID", "text")),
        (ADD, {"reasonKey": "whim"}, ("INVALID", "reasonKey")),
        (UPDATE, {"text": "   "}, ("INVALID", "text")),
        (UPDATE, {"text": "x" * 5_001}, ("INVALID", "text")),
        (UPDATE, {"text": None}, ("REQUIRED", "text")),
        (UPDATE, {"text": "New", "reasonKey": "whim"}, ("INVALID", "reasonKey")),
        (UPDATE, {"text": "New", "expectedVersion": 2}, ("CONFLICT", "expectedVersion")),
        (UPDATE, {"text": f" {OPENING} "}, ("ALREADY_DONE", "noteId")),
        (UPDATE, {}, ("ALREADY_DONE", "noteId")),
        (DELETE, {"expectedVersion": 0}, ("CONFLICT", "expectedVersion")),
        (DELETE, {"reason": {"code": "because"}}, ("INVALID", "reason.code")),
    ],
)
async def test_what_cant_be_done_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, mutation: str, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    named = (
        {"customerId": gateway.customer_id(MEMBER), "text": "Fine"}
        if mutation == ADD
        else {"noteId": await written(gateway, MEMBER)}
    )
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, mutation, named | changed, SHOWN)
    assert (refused(payload), payload["note"], payload["auditEntry"]) == ([told], None, None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_the_longest_text_is_kept_once_trimmed(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER, text=f" {'ü' * 5_000} ")
    assert (await read(gateway, note_id))["text"] == "ü" * 5_000


async def test_only_its_author_edits_a_note_unless_they_may_edit_all(gateway: Gateway) -> None:
    own = await written(gateway, MEMBER, "care_agent")
    others = await written(gateway, MEMBER, "admin")
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, UPDATE, {"noteId": others, "text": "Mine now"}, SHOWN, "care_agent")
    assert refused(payload) == [("FORBIDDEN", "noteId")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    for caller in ("care_agent", "admin"):
        payload = await do(gateway, UPDATE, {"noteId": own, "text": f"By {caller}"}, SHOWN, caller)
        assert (payload["userErrors"], payload["note"]["editedBy"]["id"]) == ([], caller)


@pytest.mark.parametrize(
    ("mutation", "roles"),
    [
        (ADD, ["analyst", "store_associate", "privacy_officer", "service", "member"]),
        (UPDATE, ["analyst", "store_associate", "privacy_officer", "service", "member"]),
        (DELETE, ["care_agent", "privacy_officer", "member"]),
    ],
)
async def test_without_the_scope_nothing_is_done_and_the_attempt_is_told(
    gateway: Gateway, mutation: str, roles: list[str]
) -> None:
    note_id = await written(gateway, MEMBER)
    given = {"customerId": gateway.customer_id(MEMBER), "text": "No"} if mutation == ADD else {"noteId": note_id}
    for role in roles:
        before = await contents(gateway, gateway.members[MEMBER])
        caller = Caller(role, customer=MEMBER if role == "member" else None)
        answer = await gateway.run(document(mutation, "replayed"), {"input": given}, caller)
        assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])
        assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize("member", [RESTRICTED, BLOCKED])
async def test_notes_are_written_about_the_restricted_and_the_blocked(gateway: Gateway, member: str) -> None:
    note_id = await written(gateway, member)
    edited = await do(gateway, UPDATE, {"noteId": note_id, "text": "Called back"}, SHOWN)
    deleted = await do(gateway, DELETE, {"noteId": note_id}, SHOWN)
    assert (edited["userErrors"], deleted["userErrors"]) == ([], [])


async def test_of_many_who_edit_one_version_at_once_one_does(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER)
    given = {"noteId": note_id, "expectedVersion": 1}
    payloads = await asyncio.gather(
        *(do(gateway, UPDATE, given | {"text": f"Version {number}"}, SHOWN) for number in range(WORKERS))
    )
    told = Counter(code for payload in payloads for code, _ in refused(payload) or [("done", "")])
    assert told == {"done": 1, "CONFLICT": WORKERS - 1}
    note = await read(gateway, note_id)
    assert (note["version"], len(note["revisions"]), note["revisions"][-1]["text"]) == (2, 2, note["text"])


async def test_a_dry_run_shows_the_note_with_the_revisions_it_would_have(gateway: Gateway) -> None:
    note_id = await written(gateway, MEMBER, text="Before")
    before = await contents(gateway, gateway.members[MEMBER])
    added = await do(gateway, ADD, {"customerId": gateway.customer_id(MEMBER), "text": "Maybe", "dryRun": True}, SHOWN)
    assert [revision["text"] for revision in added["note"]["revisions"]] == ["Maybe"]
    edited = await do(gateway, UPDATE, {"noteId": note_id, "text": "After", "dryRun": True}, SHOWN)
    assert [revision["text"] for revision in edited["note"]["revisions"]] == ["Before", "After"]
    assert (edited["note"]["version"], edited["auditEntry"]) == (2, None)
    assert await contents(gateway, gateway.members[MEMBER]) == before


async def test_the_replay_shows_the_note_as_it_is_now(gateway: Gateway) -> None:
    given = {"customerId": gateway.customer_id(MEMBER), "text": "Then", "idempotencyKey": "notes-replayed"}
    first = await do(gateway, ADD, given, SHOWN)
    assert await do(gateway, ADD, given, SHOWN) == first | {"replayed": True}
    await do(gateway, UPDATE, {"noteId": first["note"]["id"], "text": "Now"}, SHOWN)
    assert (await do(gateway, ADD, given, SHOWN))["note"]["text"] == "Now"
    await do(gateway, DELETE, {"noteId": first["note"]["id"]}, SHOWN)
    again = await do(gateway, ADD, given, SHOWN)
    assert (again["replayed"], again["note"], again["auditEntry"]) == (True, None, first["auditEntry"])
