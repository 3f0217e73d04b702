"""Random histories of a customer's cards against a model: every step answers as the model says, and the laws hold after."""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from datasources.cards import TRANSITIONS, CardStatus
from tests.trying import tried
from tests.writing.asking import refused
from tests.writing.card_asking import adjustment, ask, card_in, transfer
from tests.writing.card_laws import broken
from tests.writing.conftest import Bench
from tests.writing.profile_asking import newcomer

AMOUNTS = st.integers(1, 400)
MOVES = ("cardExpire", "cardReportLost", "cardReportStolen", "cardReportFound", "cardConfirmStolen")


class Modelled:
    """What a card should be."""

    def __init__(self, card_id: str) -> None:
        self.id, self.status, self.balance, self.removed = card_id, CardStatus.REGISTERED, 0, False

    def takes(self, mutation: str) -> bool:
        return not self.removed and self.status in TRANSITIONS[mutation]


def machine_of(bench: Bench) -> type[RuleBasedStateMachine]:
    """The machine on a gateway; each history is a new member's."""

    class Histories(RuleBasedStateMachine):
        cards = Bundle("cards")

        def __init__(self) -> None:
            super().__init__()
            self.member = bench.runner.run(newcomer(bench.gateway))

        def run(self, mutation, given):  # type: ignore[no-untyped-def]
            return bench.runner.run(ask(bench.gateway, mutation, given))

        @rule(target=cards)
        def register(self):  # type: ignore[no-untyped-def]
            return Modelled(bench.runner.run(card_in(bench.gateway, self.member, balance=0)))

        @rule(card=cards, amount=AMOUNTS)
        def load(self, card, amount):  # type: ignore[no-untyped-def]
            payload = self.run("cardBalanceAdjust", adjustment(card.id, amount))
            if card.takes("cardBalanceAdjust"):
                card.balance += amount
            self.agree(card, payload, done=card.takes("cardBalanceAdjust"))

        @rule(card=cards, amount=AMOUNTS)
        def deduct(self, card, amount):  # type: ignore[no-untyped-def]
            payload = self.run("cardBalanceAdjust", adjustment(card.id, -amount))
            done = card.takes("cardBalanceAdjust") and amount <= card.balance
            if done:
                card.balance -= amount
            elif card.takes("cardBalanceAdjust"):
                assert refused(payload) == [("INSUFFICIENT_BALANCE", "amount.amountMinor")]
            self.agree(card, payload, done=done)

        @rule(giving=cards, receiving=cards, amount=st.none() | AMOUNTS)
        def move_money(self, giving, receiving, amount):  # type: ignore[no-untyped-def]
            payload = self.run("cardBalanceTransfer", transfer(giving.id, receiving.id, amount))
            moved = giving.balance if amount is None else amount
            done = (
                giving is not receiving
                and giving.takes("cardBalanceTransfer")
                and receiving.takes("cardBalanceAdjust")
                and 0 < moved <= giving.balance
            )
            if done:
                giving.balance -= moved
                receiving.balance += moved
                assert payload["counterpart"]["balance"]["amountMinor"] == receiving.balance
            self.agree(giving, payload, done=done)

        @rule(card=cards, mutation=st.sampled_from(MOVES))
        def change_status(self, card, mutation):  # type: ignore[no-untyped-def]
            payload, done = self.run(mutation, {"cardId": card.id}), card.takes(mutation)
            if done:
                card.status = TRANSITIONS[mutation][card.status]
                card.balance = 0 if card.status is CardStatus.EXPIRED else card.balance
            self.agree(card, payload, done=done)

        @rule(card=cards, acknowledged=st.booleans())
        def remove(self, card, acknowledged):  # type: ignore[no-untyped-def]
            payload = self.run("cardRemove", {"cardId": card.id, "acknowledgeBalance": acknowledged})
            done = card.takes("cardRemove") and (acknowledged or not card.balance)
            card.removed = card.removed or done
            self.agree(card, payload, done=done)

        def agree(self, card, payload, *, done):  # type: ignore[no-untyped-def]
            assert (payload["userErrors"] == []) is done
            if done:
                shown = payload["card"]
                assert (shown["status"], shown["balance"]["amountMinor"]) == (card.status.value, card.balance)
                assert (shown["removedAt"] is not None) is card.removed

        @invariant()
        def laws_hold(self):  # type: ignore[no-untyped-def]
            assert bench.runner.run(broken(bench.gateway, bench.gateway.members[self.member])) == []

    return Histories


def test_every_history_of_cards_keeps_the_laws(bench: Bench) -> None:
    run_state_machine_as_test(machine_of(bench), settings=tried(6, steps=15))
