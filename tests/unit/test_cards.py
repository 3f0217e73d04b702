"""The state table of stored value cards, mutation by mutation (requirements section 2)."""

import pytest

from datasources.cards import TRANSITIONS, CardFilter, CardStatus

TABLE = """
                     REGISTERED       LOST             REPORTED_STOLEN  STOLEN   EXPIRED
cardBalanceAdjust    REGISTERED       -                -                -        -
cardBalanceTransfer  REGISTERED       LOST             REPORTED_STOLEN  STOLEN   -
cardExpire           EXPIRED          EXPIRED          EXPIRED          -        -
cardReportLost       LOST             -                -                -        -
cardReportStolen     REPORTED_STOLEN  REPORTED_STOLEN  -                -        -
cardReportFound      -                REGISTERED       REGISTERED       -        -
cardConfirmStolen    -                -                STOLEN           -        -
cardRemove           REGISTERED       LOST             -                STOLEN   EXPIRED
cardNicknameSet      REGISTERED       LOST             REPORTED_STOLEN  STOLEN   EXPIRED
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_mutation_takes_a_card_from_the_statuses_of_the_table_and_no_other(row: list[str]) -> None:
    action, *targets = row
    wanted = {
        CardStatus[source]: CardStatus[target] for source, target in zip(HEAD, targets, strict=True) if target != "-"
    }
    assert TRANSITIONS[action] == wanted


def test_the_table_has_every_mutation() -> None:
    assert list(TRANSITIONS) == [row[0] for row in ROWS]


@pytest.mark.parametrize(("asked", "is_kept"), [(None, True), (False, True), (True, None)])
def test_removed_cards_are_left_out_unless_asked_for(asked: bool | None, is_kept: bool | None) -> None:
    assert CardFilter(include_removed=asked).is_kept is is_kept
