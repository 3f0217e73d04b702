"""Random histories of one account against a model of it: every step answers as the model says, and the laws hold after."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from tests.demo import Demo
from tests.harness import Gateway, opened
from tests.writing.asking import adjust, adjustment, refused, reversal, reverse
from tests.writing.laws import broken

MEMBER = "CJ-000026"
CAP = 1_000_000
SHORT = settings(
    max_examples=6,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
AMOUNTS = st.one_of(st.integers(1, 60), st.sampled_from([CAP, CAP - 1, 2**62]))


class Bench:
    """A gateway that a machine's plain methods can wait for."""

    def __init__(self, demo: Demo) -> None:
        self.runner = asyncio.Runner()
        self._opening = opened(demo.copy())
        self.gateway: Gateway = self.runner.run(self._opening.__aenter__())

    def close(self) -> None:
        self.runner.run(self._opening.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def bench(demo: Demo) -> Iterator[Bench]:
    found = Bench(demo)
    yield found
    found.close()


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history goes on where the last one ended."""

    class Histories(RuleBasedStateMachine):
        entries = Bundle("entries")

        def __init__(self) -> None:
            super().__init__()
            self.held = self.run(adjust(bench.gateway, self.asked(1)))["account"]["balance"]
            self.reversed: set[str] = set()

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def asked(self, points, **more):  # type: ignore[no-untyped-def]
            return adjustment(bench.gateway, MEMBER, points) | more

        @rule(target=entries, points=AMOUNTS)
        def add(self, points):  # type: ignore[no-untyped-def]
            payload = self.run(adjust(bench.gateway, self.asked(points)))
            if self.held + points > CAP:
                assert refused(payload) == [("LIMIT_EXCEEDED", "points")]
                return multiple()
            self.held += points
            assert payload["entry"]["balanceAfter"] == self.held
            return payload["entry"]["id"], points

        @rule(target=entries, points=AMOUNTS)
        def deduct(self, points):  # type: ignore[no-untyped-def]
            payload = self.run(adjust(bench.gateway, self.asked(-points)))
            if points > self.held:
                assert refused(payload) == [("INSUFFICIENT_POINTS", "points")]
                return multiple()
            self.held -= points
            assert payload["entry"]["balanceAfter"] == self.held
            return payload["entry"]["id"], -points

        @rule(entry=entries)
        def undo(self, entry):  # type: ignore[no-untyped-def]
            entry_id, points = entry
            payload = self.run(reverse(bench.gateway, reversal(entry_id)))
            if entry_id in self.reversed:
                assert refused(payload) == [("ALREADY_DONE", "entryId")]
            elif self.held - points > CAP:
                assert refused(payload) == [("LIMIT_EXCEEDED", "entryId")]
            elif payload["userErrors"]:
                # Which lots are spent is told by the laws, not by this model.
                assert (points > 0, refused(payload)) == (True, [("INSUFFICIENT_POINTS", "entryId")])
            else:
                self.reversed.add(entry_id)
                self.held -= points
                assert payload["entry"]["balanceAfter"] == self.held

        @rule(points=st.integers(1, 60))
        def ask_twice(self, points):  # type: ignore[no-untyped-def]
            given = self.asked(points)
            first, again = (self.run(adjust(bench.gateway, given)) for _ in range(2))
            if first["userErrors"]:
                assert refused(again) == refused(first) == [("LIMIT_EXCEEDED", "points")]
                return
            self.held += points
            assert (again["replayed"], again["entry"]) == (True, first["entry"])

        @rule(points=st.integers(1, 60))
        def only_try(self, points):  # type: ignore[no-untyped-def]
            self.run(adjust(bench.gateway, self.asked(points, dryRun=True)))

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.run(broken(bench.gateway, bench.gateway.members[MEMBER])) == []

    return Histories


def test_every_history_of_an_account_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=SHORT)
