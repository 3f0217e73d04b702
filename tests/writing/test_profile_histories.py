"""Random histories of a few customers' identifiers against a model of them: each has one owner, and is free once given up."""

from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.trying import tried
from tests.writing.asking import refused
from tests.writing.conftest import Bench
from tests.writing.profile_asking import create, sync, update
from tests.writing.profile_laws import history_broken, index_broken

MEMBERS = ("CJ-000041", "CJ-000042", "CJ-000043")
WHO = st.sampled_from(MEMBERS)
EMAILS = st.sampled_from(["ada", "bob", "cyd", "dee"])
PHONES = st.sampled_from([f"+1212555930{number}" for number in range(4)])
NAMES = st.sampled_from(["Ada", "Zoë", "Ñandú", None])


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history goes on where the last one ended, with e-mail addresses that nobody has."""
    numbers = count()
    owners: dict[str, str] = {}
    """Whose each identifier is that was given out here."""
    linked: set[str] = set()

    class Histories(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.number = next(numbers)

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def address(self, name):  # type: ignore[no-untyped-def]
            return f"{name}{self.number}@example.org"

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
            self.take(who, "email", self.address(email))

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
            address = self.address(email)
            payload = self.run(create(bench.gateway, {"email": address}))
            if address in owners:
                assert refused(payload) == [("IDENTIFIER_TAKEN", "profile.email")]
            else:
                owners[address] = payload["customer"]["supportId"]

        @rule(who=WHO, value=st.sampled_from(["1", "2"]))
        def link(self, who, value):  # type: ignore[no-untyped-def]
            value = f"{self.number}-{value}"
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
    run_state_machine_as_test(machine_of(bench), settings=tried(5, steps=12))
