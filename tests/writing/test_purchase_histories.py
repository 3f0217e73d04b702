"""Random histories of purchases, returns and adjustments: whatever comes back in whatever parts, all that was earned is
taken back or waived, all that was spent is given back, and the ledger's laws hold after every step."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from tests.trying import tried
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.buying import bring_back, buy, item, money, moved, purchase, returning
from tests.writing.conftest import Bench
from tests.writing.laws import broken
from tests.writing.profile_asking import newcomer
from tests.writing.tables import contents

LINES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3_000)), min_size=1, max_size=3)


class Bought:
    """A purchase as it should be: what is left of its lines, and what of its points did not come back."""

    def __init__(self, payload: dict[str, Any], given: dict[str, Any], lines: list[tuple[int, int]]) -> None:
        self.id, self.given = payload["transaction"]["id"], given
        self.left = [quantity for quantity, _ in lines]
        self.earned = sum(points for account, _, points in moved(payload) if (account, points > 0) == ("points", True))
        self.spent = -sum(points for _, kind, points in moved(payload) if kind == "SPEND")


def waived_in(payload: dict[str, Any]) -> int:
    """The points that a return could not take."""
    changes = payload["auditEntry"]["changes"]
    return sum(change["after"] for change in changes if change["path"].endswith(".waivedPoints"))


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history is a new member's."""
    gateway = bench.gateway

    class Histories(RuleBasedStateMachine):
        purchases = Bundle("purchases")

        def __init__(self) -> None:
            super().__init__()
            self.member = self.run(newcomer(gateway))
            # No purchase brings points by lifting a tier.
            self.run(buy(gateway, purchase(gateway, self.member, item("ring", 1, 900_000))))
            self.held = self.stored()

        def run(self, asking):  # type: ignore[no-untyped-def]
            return bench.runner.run(asking)

        def stored(self) -> int:
            rows = self.run(contents(gateway, gateway.members[self.member]))["point_accounts"]
            return int(next(row["balance"] for row in rows if row["account_key"] == "points"))

        def count(self, payload: dict[str, Any]) -> None:
            self.held += sum(points for account, _, points in moved(payload) if account == "points")

        @rule(target=purchases, lines=LINES, off=st.floats(0, 1), paid=st.sampled_from([0, 0, 7, 90, 10**6 + 1]))
        def shop(self, lines, off, paid):  # type: ignore[no-untyped-def]
            subtotal = sum(quantity * price for quantity, price in lines)
            items = [item(f"s{number}", *line) for number, line in enumerate(lines)]
            given = purchase(
                gateway,
                self.member,
                *items,
                discounts=[{"label": "Off", "amount": money(int(subtotal * off))}],
                pointsSpent=[{"accountKey": "points", "points": paid}] if paid else [],
            )
            payload = self.run(buy(gateway, given))
            if paid > self.held:
                assert refused(payload) == [("INSUFFICIENT_POINTS", "pointsSpent.0.points")]
                return multiple()
            self.count(payload)
            made = Bought(payload, given, lines)
            assert (made.earned, made.spent) == ((subtotal - int(subtotal * off)) // 100, paid)
            return made

        @rule(made=purchases, line=st.integers(0, 2), pieces=st.integers(1, 4))
        def bring_some_back(self, made, line, pieces):  # type: ignore[no-untyped-def]
            payload = self.run(bring_back(gateway, returning(made.id, (f"s{line}", pieces))))
            if not any(made.left):
                assert [code for code, _ in refused(payload)] == ["ALREADY_DONE"]
            elif line >= len(made.left):
                assert refused(payload) == [("NOT_FOUND", "items.0.sku")]
            elif pieces > made.left[line]:
                assert refused(payload) == [("INVALID", "items.0.quantity")]
            else:
                made.left[line] -= pieces
                self.take_back(made, payload)

        @rule(made=purchases)
        def bring_the_rest_back(self, made):  # type: ignore[no-untyped-def]
            payload = self.run(bring_back(gateway, returning(made.id)))
            if not any(made.left):
                assert refused(payload) == [("ALREADY_DONE", "transactionId")]
                return
            made.left = [0] * len(made.left)
            self.take_back(made, payload)

        def take_back(self, made, payload):  # type: ignore[no-untyped-def]
            assert payload["userErrors"] == []
            self.count(payload)
            returns = [points for account, kind, points in moved(payload) if (account, kind) == ("points", "RETURN")]
            made.spent -= sum(points for points in returns if points > 0)
            made.earned += sum(points for points in returns if points < 0) - waived_in(payload)
            assert min(made.spent, made.earned) >= 0
            is_over = not any(made.left)
            assert payload["transaction"]["state"] == ("RETURNED" if is_over else "PARTIALLY_RETURNED")
            if is_over:
                assert (made.spent, made.earned) == (0, 0)

        @rule(made=purchases)
        def send_again(self, made):  # type: ignore[no-untyped-def]
            assert self.run(buy(gateway, made.given))["replayed"] is True

        @rule(points=st.integers(1, 120), adds=st.booleans())
        def correct(self, points, adds):  # type: ignore[no-untyped-def]
            signed = points if adds else -points
            payload = self.run(adjust(gateway, adjustment(gateway, self.member, signed)))
            if adds or points <= self.held:
                self.held += signed
            assert bool(payload["userErrors"]) is (payload["entry"] is None)

        @rule(share=st.floats(0.8, 1))
        def spend_most(self, share):  # type: ignore[no-untyped-def]
            points = int(self.held * share)
            if points:
                self.run(adjust(gateway, adjustment(gateway, self.member, -points)))
                self.held -= points

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert self.stored() == self.held
            assert self.run(broken(gateway, gateway.members[self.member])) == []

    return Histories


def test_every_history_of_purchases_and_returns_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=tried(5, steps=12))
