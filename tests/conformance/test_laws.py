"""Each law is kept by a source that is right, and found broken by it where the source is wrong in just that."""

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from datasources.conformance import Rows, laws, methods_of
from datasources.conformance.factories import Made, subject_of
from datasources.conformance.keys import Keys
from datasources.conformance.writes import EXAMPLES, write_of
from datasources.errors import InvalidRequest
from datasources.registry import Domain
from tests.conformance import breaking
from tests.conformance.breaking import BROKEN, Break, factory_of, right
from tests.conformance.held import READS
from tests.conformance.writing import (
    ErasesEverything,
    ErasesNothing,
    ForgetsKeys,
    IsAlwaysWell,
    MixesReadersUp,
    Noted,
    ReplaysAnything,
    VerifiesNothing,
    WritesAgain,
)

METHODS = {method.title: method for domain in BROKEN for method in methods_of(domain)}
TICKETS, TICKET, REWARDS = "tickets.of_customers", "tickets.tickets", "rewards.rewards"
WRONG: list[tuple[Any, str, Break]] = [
    (laws.test_every_key_has_one_answer_in_the_order_of_the_keys, TICKET, breaking.forgets_a_key),
    (laws.test_every_key_has_one_answer_in_the_order_of_the_keys, TICKET, breaking.sorts_its_keys),
    (laws.test_a_key_that_nothing_has_is_answered_with_nothing, TICKET, breaking.fails_for_the_unknown),
    (laws.test_no_keys_have_no_answers, TICKET, breaking.answers_when_not_asked),
    (laws.test_every_row_is_found_as_it_was_given_and_no_other, TICKETS, breaking.loses_a_row),
    (laws.test_every_row_is_found_as_it_was_given_and_no_other, TICKETS, breaking.mixes_fields_up),
    (laws.test_every_row_is_found_as_it_was_given_and_no_other, REWARDS, breaking.sorts_by_id),
    (laws.test_a_list_has_one_order_without_ties, TICKETS, breaking.tells_a_place_that_is_not_unique),
    (laws.test_paging_forward_meets_every_row_once, TICKETS, breaking.begins_with_the_row_of_the_cursor),
    (laws.test_paging_forward_meets_every_row_once, TICKETS, breaking.promises_another_page),
    (laws.test_paging_backward_is_the_mirror_of_paging_forward, REWARDS, breaking.mirrors_nothing),
    (laws.test_paging_backward_is_the_mirror_of_paging_forward, REWARDS, breaking.can_do_less_than_declared),
    (laws.test_two_cursors_enclose_a_page, REWARDS, breaking.ends_where_it_likes),
    (laws.test_the_total_is_the_number_of_rows_wherever_the_page_stands, REWARDS, breaking.counts_the_page),
    (laws.test_a_filter_finds_all_rows_that_pass_and_no_other, REWARDS, breaking.ignores_filters),
    (laws.test_a_cursor_leads_on_where_there_are_more_rows_or_fewer, TICKETS, breaking.needs_the_row_of_the_cursor),
    (laws.test_what_is_not_declared_is_refused, TICKETS, breaking.does_the_undeclared),
    (laws.test_a_read_that_nobody_waits_for_ends_and_harms_no_other, TICKETS, breaking.goes_on_when_cancelled),
    (laws.test_a_read_that_nobody_waits_for_ends_and_harms_no_other, TICKETS, breaking.is_hurt_by_cancellation),
    (laws.test_no_key_is_worse_than_unknown, TICKET, breaking.leaks_errors),
    (laws.test_a_position_of_another_list_is_refused_in_words, TICKETS, breaking.believes_every_position),
    (laws.test_a_closed_source_is_not_available, TICKETS, breaking.opens_itself),
    (laws.test_a_hint_of_columns_changes_nothing_of_them, TICKETS, breaking.forgets_a_column_that_is_read),
]
WRONG_SOURCES: list[tuple[Any, type[Noted]]] = [
    (laws.test_one_idempotency_key_has_one_effect, ForgetsKeys),
    (laws.test_one_idempotency_key_has_one_effect, WritesAgain),
    (laws.test_one_idempotency_key_has_one_effect, ReplaysAnything),
    (laws.test_one_idempotency_key_sent_twice_at_once_has_one_effect, ForgetsKeys),
    (laws.test_erasing_a_customer_leaves_nothing_of_theirs_and_all_of_the_others, ErasesNothing),
    (laws.test_erasing_a_customer_leaves_nothing_of_theirs_and_all_of_the_others, ErasesEverything),
    (laws.test_erasing_a_customer_leaves_nothing_of_theirs_and_all_of_the_others, VerifiesNothing),
    (laws.test_health_is_told_as_it_is, IsAlwaysWell),
    (laws.test_a_reader_tells_its_domain_and_its_source, MixesReadersUp),
]
SDL = (Path(__file__).parents[2] / "schema" / "schema.graphql").read_text(encoding="utf-8")
BREAKS = (AssertionError, LookupError, ValueError, ZeroDivisionError, InvalidRequest, pytest.fail.Exception)
"""How tests fail."""


async def held_to(law: Any, factory: Any, title: str | None = None, reads: frozenset[Domain] = BROKEN) -> None:
    """Hold sources of the factory to a law, for a method if it is about methods."""
    async with subject_of(Made(factory_of(right), {}, reads=BROKEN)) as known:
        keys = await Keys.of(known, list(METHODS.values()))
    async with subject_of(Made(factory, {}, reads=reads)) as subject, subject.fresh() as closed:
        await closed.close()
        given = {"subject": subject, "keys": keys, "closed": closed, "written": Domain.NOTES}
        names = inspect.signature(law).parameters
        await law(**{name: given[name] if name in given else METHODS[title] for name in names})


@pytest.mark.parametrize(("law", "title", "broken"), WRONG, ids=[broken.__name__ for _, _, broken in WRONG])
async def test_a_reader_that_is_wrong_breaks_the_law(law: Any, title: str, broken: Break) -> None:
    await held_to(law, factory_of(right), title)
    with pytest.raises(BREAKS):
        await held_to(law, factory_of(broken), title)


@pytest.mark.parametrize(("law", "wrong"), WRONG_SOURCES, ids=[wrong.__name__ for _, wrong in WRONG_SOURCES])
async def test_a_source_that_is_wrong_breaks_the_law(law: Any, wrong: type[Noted]) -> None:
    await held_to(law, made_of(Noted), reads=READS)
    with pytest.raises(BREAKS):
        await held_to(law, made_of(wrong), reads=READS)


def test_every_law_that_a_factory_is_held_to_is_tried() -> None:
    tried = {law.law for law, *_ in (*WRONG, *WRONG_SOURCES)}
    assert laws.LAWS - tried == {"statements"}


@pytest.mark.parametrize("domain", EXAMPLES, ids=lambda domain: domain.value.lower())
async def test_what_is_written_for_the_laws_can_be_of_the_kits_rows(domain: Domain) -> None:
    async with subject_of(Made(made_of(Noted), {}, reads=READS)) as subject, subject.fresh() as source:
        attempt = await EXAMPLES[domain](source, subject)
        assert write_of(attempt, subject, "one").key == f"{attempt.operation}-one"
        assert f"  {attempt.operation}(" in SDL
        assert {row.customer_id for row in await attempt.told()} <= set(subject.customers)


def made_of(source: type[Noted]) -> Any:
    """The factory of sources of a class."""

    @asynccontextmanager
    async def factory(rows: Rows) -> AsyncIterator[Noted]:
        yield source(rows)

    return factory
