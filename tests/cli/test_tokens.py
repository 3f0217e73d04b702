"""`token` prints a token of the development key, bound as asked, on its last line."""

from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest

from gateway.development import DevelopmentKey
from schema.ids import global_id
from tests.cli.conftest import Ended, Run

CUSTOMER = UUID("0193a1f0-0000-7000-8000-000000000001")
SECOND = "0192aa15-bba0-7e36-917d-2d3386513257"


def claims(ended: Ended, state: Path, audience: str = "customer-graph") -> dict[str, Any]:
    assert ended.code == 0, ended.err
    section = DevelopmentKey(state).sections["auth"]
    decoded: dict[str, Any] = jwt.decode(
        ended.out.splitlines()[-1],
        section["key"],
        algorithms=section["algorithms"],
        audience=audience,
        options={"verify_exp": False},
    )
    return decoded


def test_a_token_has_the_role_and_lasts_eight_hours(run: Run, state: Path) -> None:
    found = claims(run("token", "--role", "care_agent"), state)
    assert found["exp"] - found.pop("iat") == 8 * 3_600
    del found["exp"]
    assert found == {
        "iss": "customer-graph-development",
        "aud": "customer-graph",
        "sub": "care_agent",
        "roles": ["care_agent"],
    }


def test_every_option_is_in_the_token(run: Run, state: Path) -> None:
    found = claims(
        run(
            "token", "--role", "store_associate", "--subject", "ann", "--location", "401", "--location", "402",
            "--ttl", "60", "--audience", "other", "--scope", "points:read", "--scope", "tiers:read cards:read",
        ),
        state,
        audience="other",
    )  # fmt: skip
    assert found["exp"] - found["iat"] == 60
    assert (found["sub"], found["stores"], found["scope"]) == (
        "ann",
        ["401", "402"],
        "points:read tiers:read cards:read",
    )


def test_a_negative_lifetime_has_expired(run: Run, state: Path) -> None:
    ended = run("token", "--role", "admin", "--ttl", "-60")
    found = claims(ended, state)
    assert found["exp"] == found["iat"]
    with pytest.raises(jwt.ExpiredSignatureError):
        key = DevelopmentKey(state).sections["auth"]["key"]
        jwt.decode(ended.out.strip(), key, algorithms=["HS256"], audience="customer-graph")


@pytest.mark.parametrize("text", [str(CUSTOMER), str(CUSTOMER).upper(), global_id("Customer", CUSTOMER)])
def test_an_id_that_holds_the_uuid_needs_no_database(run: Run, state: Path, text: str) -> None:
    assert claims(run("token", "--role", "member", "--customer", text), state)["customer"] == str(CUSTOMER)


@pytest.mark.parametrize("text", ["CJ-000002", "cj-000002", "2"])
def test_support_ids_and_external_ids_are_looked_up(run: Run, demo_state: Path, text: str) -> None:
    assert claims(run("token", "--role", "member", "--customer", text), demo_state)["customer"] == SECOND


def test_a_customer_that_is_not_there_is_told(run: Run, demo_state: Path) -> None:
    ended = run("token", "--role", "member", "--customer", "999999")
    assert ended == (1, "", "error: no customer has the support id or external id 999999\n")
    assert demo_state.is_dir()


def test_a_lookup_without_a_demo_database_is_told(run: Run) -> None:
    ended = run("token", "--role", "member", "--customer", "2")
    assert (ended.code, ended.err) == (
        1,
        "error: the database of the source demo has no schema yet: run `customer-graph db upgrade` first, "
        "or serve with --migrate\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--role", "boss"],
            "Invalid value for --role: unknown role 'boss': there are admin, care_agent, store_associate, analyst, "
            "privacy_officer, service, member",
        ),
        (["--role", "admin", "--scope", "points:steal"], "Invalid value for --scope: unknown scope 'points:steal'"),
        (
            ["--role", "admin", "--customer", "Customer:abc"],
            "Invalid value for --customer: This is not an id of a Customer.",
        ),
        (
            ["--role", "admin", "--ttl", "soon"],
            "Invalid value for '--ttl': Input should be a valid integer, unable to parse string as an integer",
        ),
        ([], "Missing option '--role'."),
    ],
)
def test_a_wrong_option_is_refused(run: Run, arguments: list[str], message: str) -> None:
    ended = run("token", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == f"Error: {message}"


def test_a_member_without_a_customer_is_warned_of(run: Run) -> None:
    assert run("token", "--role", "member").err == "A member's token reaches nobody without --customer.\n"


def test_roles_of_a_config_can_be_named(run: Run, state: Path, config: Path) -> None:
    config.write_text(config.read_text() + '[roles.supervisor]\nextends = "care_agent"\n')
    found = claims(run("token", "--role", "supervisor", "--config", str(config)), state)
    assert found["roles"] == ["supervisor"]
