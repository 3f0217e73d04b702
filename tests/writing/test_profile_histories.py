"""Random histories of a few customers' identifiers against a model of them: each has one owner, and is free once given up."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.demo import Demo
from tests.writing.asking import refused
from tests.writing.profile_asking import create, sync, update
from tests.writing.profile_laws import history_broken, index_broken
from tests.writing.test_histories import Bench

MEMBERS = ("CJ-000041", "CJ-000042", "CJ-000043")
SHORT = settings(
    max_examples=5,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
WHO = st.sampled_from(MEMBERS)
EMAILS = st.sampled_from([f"history{number}@example.org" for number in range(4)])
PHONES = st.sampled_from([f"+1212555930{number}" for number in range(4)])
NAMES = st.sampled_from(["Ada", "Zoë", "Ñandú", None])


@pytest.fixture(scope="module")
def bench(demo: Demo) -> Iterator[Bench]:
    found = Bench(demo)
    yield found
    found.close()


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history goes on where the last one ended."""
    owners: dict[str, str] = {}
    """Whose each identifier is that was given out here."""
    linked: set[str] = set()

    class Histories(RuleBasedStateMachine):
        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def take(self, who, kind, value):  # type: ignore[no-untyped-def]
            payload = self.run(update(bench.gateway, {kind: value}, who))
            if owners.get(value) == who:
                assert refused(payload) == [("ALREADY_DONE", "customerId")]
            elif value in owners:
                assert refused(payload) == [("IDENTIFIER_TAKEN", f"profile.{kind}")]
            else:
                assert payload["userErrors"] == []
                self.give_up(who, kind)
                owners[value] = who

        def give_up(self, who, kind):  # type: ignore[no-untyped-def]
            held = [value for value, owner in owners.items() if owner == who and ("@" in value) == (kind == "email")]
            for value in held:
                del owners[value]

        @rule(who=WHO, email=EMAILS)
        def write_to(self, who, email):  # type: ignore[no-untyped-def]
            self.take(who, "email", email)

        @rule(who=WHO, phone=PHONES)
        def call(self, who, phone):  # type: ignore[no-untyped-def]
            self.take(who, "phone", phone)

        @rule(who=WHO, kind=st.sampled_from(["email", "phone"]))
        def clear(self, who, kind):  # type: ignore[no-untyped-def]
            payload = self.run(update(bench.gateway, {kind: None}, who))
            assert refused(payload) in ([], [("ALREADY_DONE", "customerId")])
            self.give_up(who, kind)

        @rule(who=WHO, name=NAMES)
        def rename(self, who, name):  # type: ignore[no-untyped-def]
            self.run(update(bench.gateway, {"firstName": name}, who))

        @rule(email=EMAILS)
        def enroll(self, email):  # type: ignore[no-untyped-def]
            payload = self.run(create(bench.gateway, {"email": email}))
            if email in owners:
                assert refused(payload) == [("IDENTIFIER_TAKEN", "profile.email")]
            else:
                owners[email] = payload["customer"]["supportId"]

        @rule(who=WHO, value=st.sampled_from(["1", "2"]))
        def link(self, who, value):  # type: ignore[no-untyped-def]
            account = {"system": "history", "value": value}
            payload = self.run(sync(bench.gateway, who, account=account))
            assert [code for code, _ in refused(payload)] in ([], ["ALREADY_DONE"], ["IDENTIFIER_TAKEN"])
            assert bool(payload["userErrors"]) == (value in linked)
            linked.add(value)

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.run(index_broken(bench.gateway)) == []
            for member in MEMBERS:
                assert self.run(history_broken(bench.gateway, bench.gateway.members[member])) == []

    return Histories


def test_every_history_of_identifiers_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=SHORT)
