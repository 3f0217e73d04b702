"""Random histories of one customer's offers against a model: every step answers as it says, and the laws hold after."""

from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from tests.trying import tried
from tests.writing.asking import refused
from tests.writing.conftest import Bench
from tests.writing.offer_laws import broken
from tests.writing.offering import (
    ACTIONS,
    ISSUE,
    MOVES,
    PLAIN,
    REDEEM,
    REVOKE,
    THERE,
    change_offer,
    done,
    expire,
    issue_of,
)
from tests.writing.profile_asking import newcomer

STOCK = 2
LIMITS = {"cheese-tasting": 3, "flowers": 2}


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway: each history is a new member's, with `STOCK` more of each offer than the one before."""
    left = dict.fromkeys(LIMITS, 0)
    initial = dict.fromkeys(LIMITS, 0)

    class Histories(RuleBasedStateMachine):
        held = Bundle("held")

        def __init__(self) -> None:
            super().__init__()
            self.member = self.run(newcomer(bench.gateway))
            self.states: dict[str, str] = {}
            self.key_of: dict[str, str] = {}
            self.barred: set[str] = set()
            for key, limit in LIMITS.items():
                initial[key] += STOCK
                left[key] += STOCK
                stock = {"inventory_initial": initial[key], "inventory_remaining": left[key]}
                self.run(change_offer(bench.gateway, key, per_customer_limit=limit, **stock))

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def ask(self, mutation, given):  # type: ignore[no-untyped-def]
            return self.run(done(bench.gateway, mutation, given, shown=PLAIN))

        def issue_of(self, key):  # type: ignore[no-untyped-def]
            return self.run(issue_of(bench.gateway, self.member, key))

        def is_blocked(self, key):  # type: ignore[no-untyped-def]
            had = sum(1 for made, state in self.states.items() if self.key_of[made] == key and state != "REVOKED")
            return left[key] == 0 or key in self.barred or had >= LIMITS[key]

        @rule(target=held, key=st.sampled_from(sorted(LIMITS)))
        def issue(self, key):  # type: ignore[no-untyped-def]
            payload = self.ask(ISSUE, self.issue_of(key))
            if self.is_blocked(key):
                assert refused(payload) == [("OFFER_NOT_ISSUABLE", "offerId")]
                return multiple()
            made = payload["customerOffer"]["id"]
            left[key] -= 1
            self.states[made], self.key_of[made] = "ISSUED", key
            return made

        @rule(made=held, mutation=st.sampled_from(sorted(ACTIONS)), excludes=st.sampled_from([False] * 3 + [True]))
        def act(self, made, mutation, excludes):  # type: ignore[no-untyped-def]
            given = {"customerOfferId": made, **ACTIONS[mutation]}
            payload = self.ask(mutation, given | ({"exclude": excludes} if mutation == REVOKE else {}))
            step = self.states[made], mutation
            if step not in MOVES:
                code = "ALREADY_DONE" if step in THERE else "INVALID_TRANSITION"
                assert refused(payload) == [(code, "customerOfferId")]
                return
            self.states[made] = MOVES[step]
            assert payload["customerOffer"] == {"id": made, "state": self.states[made]}
            if mutation == REVOKE:
                left[self.key_of[made]] += 1
                self.barred.update([self.key_of[made]] if excludes else [])

        @rule(made=held)
        def redeem_twice_under_one_key(self, made):  # type: ignore[no-untyped-def]
            given = {"customerOfferId": made, "idempotencyKey": uuid4().hex}
            first, again = self.ask(REDEEM, given), self.ask(REDEEM, given)
            if (self.states[made], REDEEM) not in MOVES:
                assert refused(first) == refused(again)
                return
            self.states[made] = "REDEEMED"
            assert (again["replayed"], again["customerOffer"]) == (True, first["customerOffer"])

        @rule(key=st.sampled_from(sorted(LIMITS)))
        def only_try(self, key):  # type: ignore[no-untyped-def]
            payload = self.ask(ISSUE, self.issue_of(key) | {"dryRun": True})
            assert bool(payload["userErrors"]) == self.is_blocked(key)

        @rule(made=held)
        def let_its_window_pass(self, made):  # type: ignore[no-untyped-def]
            if self.states[made] in ("ISSUED", "ACTIVATED"):
                self.run(expire(bench.gateway, made))
                self.states[made] = "EXPIRED"

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.run(broken(bench.gateway, bench.gateway.members[self.member])) == []

    return Histories


def test_every_history_of_a_wallet_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=tried(6, steps=14))
