"""Random histories of an account against a model of it: every step answers as the model says, and the laws hold after."""

import datetime as dt
from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from datasources.expiring import expire_due
from tests.harness import Gateway
from tests.trying import tried
from tests.writing.asking import adjust, adjustment, decide, refused, requested_approval, reversal, reverse
from tests.writing.conftest import Bench
from tests.writing.deficits import OWING, take_back
from tests.writing.laws import broken
from tests.writing.profile_asking import newcomer

CAP = 1_000_000
AMOUNTS = st.one_of(st.integers(1, 60), st.sampled_from([CAP, CAP - 1, 2**62]))
DAYS = st.sampled_from([1, 3, 8])
OPEN_FOR = dt.timedelta(days=7)
Parts = list[tuple[dt.datetime, int]]


class Model:
    """What an account holds, by when it expires: which of several lots that expire together is spent makes no difference."""

    def __init__(self) -> None:
        self.lots: dict[dt.datetime, int] = defaultdict(int)

    @property
    def balance(self) -> int:
        return sum(self.lots.values())

    def available(self, now: dt.datetime) -> int:
        return sum(points for expires_at, points in self.lots.items() if expires_at > now)

    def take(self, points: int, now: dt.datetime) -> Parts:
        """Spends what expires soonest and has not lapsed."""
        parts: Parts = []
        for expires_at in sorted(at for at in self.lots if at > now):
            part = min(points, self.lots[expires_at])
            self.lots[expires_at] -= part
            points -= part
            parts.append((expires_at, part))
        return parts

    def expire(self, now: dt.datetime) -> int:
        lapsed = [at for at in self.lots if at <= now]
        return sum(self.lots.pop(at) for at in lapsed)


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history is a new member's, and begins where the clock was left."""
    gateway = bench.gateway

    class Histories(RuleBasedStateMachine):
        entries, requests = Bundle("entries"), Bundle("requests")

        def __init__(self) -> None:
            super().__init__()
            self.member = self.run(newcomer(gateway))
            self.model, self.decided, self.reversed = Model(), set[str](), set[str]()

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def asked(self, points, **more):  # type: ignore[no-untyped-def]
            return adjustment(gateway, self.member, points) | more

        def added(self, entry):  # type: ignore[no-untyped-def]
            """Have an addition in the model; the entry as later steps name it."""
            expires_at = dt.datetime.fromisoformat(entry["expiresAt"])
            self.model.lots[expires_at] += entry["modification"]
            assert entry["balanceAfter"] == self.model.balance
            return entry["id"], entry["modification"], [(expires_at, entry["modification"])]

        def deducted(self, entry):  # type: ignore[no-untyped-def]
            """Have a deduction in the model; the entry as later steps name it."""
            parts = self.model.take(-entry["modification"], gateway.now)
            assert entry["balanceAfter"] == self.model.balance
            return entry["id"], entry["modification"], parts

        @rule(target=entries, points=AMOUNTS, days=st.none() | DAYS)
        def add(self, points, days):  # type: ignore[no-untyped-def]
            expires = {} if days is None else {"expiresAt": (gateway.now + dt.timedelta(days=days)).isoformat()}
            payload = self.run(adjust(gateway, self.asked(points, **expires)))
            if self.model.balance + points > CAP:
                assert refused(payload) == [("LIMIT_EXCEEDED", "points")]
                return multiple()
            return self.added(payload["entry"])

        @rule(target=entries, points=AMOUNTS)
        def deduct(self, points):  # type: ignore[no-untyped-def]
            payload = self.run(adjust(gateway, self.asked(-points)))
            if points > self.model.available(gateway.now):
                assert refused(payload) == [("INSUFFICIENT_POINTS", "points")]
                return multiple()
            return self.deducted(payload["entry"])

        @rule(entry=entries)
        def undo(self, entry):  # type: ignore[no-untyped-def]
            entry_id, points, parts = entry
            payload = self.run(reverse(gateway, reversal(entry_id)))
            if entry_id in self.reversed:
                assert refused(payload) == [("ALREADY_DONE", "entryId")]
            elif self.model.balance - points > CAP:
                assert refused(payload) == [("LIMIT_EXCEEDED", "entryId")]
            elif payload["userErrors"]:
                # Which lots are spent is told by the laws, not by this model.
                assert (points > 0, refused(payload)) == (True, [("INSUFFICIENT_POINTS", "entryId")])
            else:
                self.reversed.add(entry_id)
                for expires_at, part in parts:
                    self.model.lots[expires_at] -= part if points > 0 else -part
                assert payload["entry"]["balanceAfter"] == self.model.balance

        @rule(points=st.integers(1, 60))
        def ask_twice(self, points):  # type: ignore[no-untyped-def]
            given = self.asked(points)
            first, again = (self.run(adjust(gateway, given)) for _ in range(2))
            if first["userErrors"]:
                assert refused(again) == refused(first) == [("LIMIT_EXCEEDED", "points")]
                return
            self.added(first["entry"])
            assert (again["replayed"], again["entry"]) == (True, first["entry"])

        @rule(points=st.integers(1, 60))
        def only_try(self, points):  # type: ignore[no-untyped-def]
            self.run(adjust(gateway, self.asked(points, dryRun=True)))

        @rule(target=requests, points=st.sampled_from([501, 700, -501]))
        def ask_beyond_the_limit(self, points):  # type: ignore[no-untyped-def]
            given = self.asked(points)
            possible = (
                self.model.balance + points <= CAP if points > 0 else -points <= self.model.available(gateway.now)
            )
            if not possible:
                return multiple()
            return self.run(requested_approval(gateway, given)), given, points, gateway.now

        @rule(target=entries, request=requests, approves=st.booleans())
        def decide(self, request, approves):  # type: ignore[no-untyped-def]
            approval, given, points, asked_at = request
            payload = self.run(decide(gateway, "approvalApprove" if approves else "approvalReject", approval))
            if approval in self.decided or gateway.now >= asked_at + OPEN_FOR:
                assert refused(payload)[0][0] in ("ALREADY_DONE", "INVALID_TRANSITION")
                return multiple()
            self.decided.add(approval)
            if not approves:
                assert payload["approval"]["state"] == "REJECTED"
                return multiple()
            if points > 0 and self.model.balance + points > CAP:
                assert payload["approval"]["failureCode"] == "LIMIT_EXCEEDED"
                return multiple()
            if -points > self.model.available(gateway.now):
                assert payload["approval"]["failureCode"] == "INSUFFICIENT_POINTS"
                return multiple()
            assert payload["approval"]["state"] == "EXECUTED"
            entry = self.run(adjust(gateway, given, "care_agent"))["entry"]
            return self.added(entry) if points > 0 else self.deducted(entry)

        @rule(days=DAYS)
        def wait(self, days):  # type: ignore[no-untyped-def]
            gateway.now += dt.timedelta(days=days)

        @rule()
        def expire(self):  # type: ignore[no-untyped-def]
            self.model.expire(gateway.now)
            self.run(expired(gateway))

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.run(broken(gateway, gateway.members[self.member])) == []

    return Histories


async def expired(gateway: Gateway) -> None:
    """Run the expiry; the balance after the next entry tells what it took."""
    program = (await gateway.runtime.program()).settings
    await expire_due(gateway.runtime.sources.writers.points, program, gateway.now, lambda _so_far: None)


def debts_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine of an account that may fall below zero, as returns have it; each history is a new member's."""
    gateway = bench.gateway

    class Debts(RuleBasedStateMachine):
        entries = Bundle("entries")

        def __init__(self) -> None:
            super().__init__()
            self.member = self.run(newcomer(gateway))
            self.held, self.reversed = 0, set[str]()

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def asked(self, points, **more):  # type: ignore[no-untyped-def]
            return adjustment(gateway, self.member, points, accountKey=OWING) | more

        @rule(target=entries, points=st.integers(1, 90))
        def add(self, points):  # type: ignore[no-untyped-def]
            entry = self.run(adjust(gateway, self.asked(points)))["entry"]
            paid = min(points, max(0, -self.held))
            self.held += points
            assert (entry["balanceAfter"], entry["amountSpent"]) == (self.held, paid)
            return entry["id"], points

        @rule(target=entries, points=st.integers(1, 60))
        def deduct(self, points):  # type: ignore[no-untyped-def]
            payload = self.run(adjust(gateway, self.asked(-points)))
            if points > self.held:
                assert refused(payload) == [("INSUFFICIENT_POINTS", "points")]
                return multiple()
            self.held -= points
            return payload["entry"]["id"], -points

        @rule(points=st.integers(1, 90), more=st.booleans())
        def take_back(self, points, more):  # type: ignore[no-untyped-def]
            points += max(0, self.held) if more else 0
            self.run(take_back(gateway, self.member, points))
            self.held -= points

        @rule(entry=entries)
        def undo(self, entry):  # type: ignore[no-untyped-def]
            entry_id, points = entry
            payload = self.run(reverse(gateway, reversal(entry_id)))
            if entry_id in self.reversed:
                assert refused(payload) == [("ALREADY_DONE", "entryId")]
            elif payload["userErrors"]:
                assert (points > 0, refused(payload)) == (True, [("INSUFFICIENT_POINTS", "entryId")])
            else:
                self.reversed.add(entry_id)
                self.held -= points
                assert payload["entry"]["balanceAfter"] == self.held

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.run(broken(gateway, gateway.members[self.member])) == []

    return Debts


def test_every_history_of_an_account_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=tried(6, steps=14))


def test_every_history_of_an_account_that_owes_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(debts_of(bench), settings=tried(6, steps=14))
