"""What is answered: one answer for each key, in the order of the keys, and just what there is."""

from collections.abc import Sequence
from typing import Any, get_origin

from datasources.conformance.asked import FOR_ANYONE, STATEMENTS
from datasources.conformance.expected import expected, is_sorted, keys_of
from datasources.conformance.keys import Keys, rows_in, unknown, whole
from datasources.conformance.law import law
from datasources.conformance.lists import Lists, capability_of
from datasources.conformance.methods import Method
from datasources.conformance.subjects import Subject
from datasources.paging import Page, PageRequest

MANY = 200
"""As many keys as the largest page of customers has."""


@law("reader")
async def test_a_reader_tells_its_domain_and_its_source(subject: Subject) -> None:
    for domain, reader in subject.readers.items():
        assert (reader.domain, type(reader.source)) == (domain, str)


@law("answers")
async def test_every_key_has_one_answer_in_the_order_of_the_keys(subject: Subject, keys: Keys, keyed: Method) -> None:
    page = _counted(keyed, subject)
    pool, none = keys.known(keyed.key), [unknown(keyed.key, number) for number in (1, 2)]
    (nothing,) = await keyed.ask(subject, none[:1], page)
    together = dict(zip(pool, await keyed.ask(subject, pool, page), strict=True))
    known = [key for key, answer in together.items() if rows_in(answer) or answer != nothing][:4]
    assert bool(known) is (keyed.title not in subject.empty), "what is empty must be told, and be so"
    asked = [*known, none[0], *reversed(known), none[1], none[0]]
    alone = {key: (await keyed.ask(subject, [key], page))[0] for key in set(asked)}
    assert [together[key] for key in known] == [alone[key] for key in known]
    assert await keyed.ask(subject, asked, page) == [alone[key] for key in asked]


@law("missing")
async def test_a_key_that_nothing_has_is_answered_with_nothing(subject: Subject, keyed: Method) -> None:
    asked = [unknown(keyed.key, number) for number in range(1, MANY + 1)]
    page = _counted(keyed, subject)
    answers = await keyed.ask(subject, asked, page)
    assert len(answers) == len(asked)
    if keyed.title in FOR_ANYONE:
        assert answers == [answers[0]] * len(answers)
        return
    for answer in answers:
        match get_origin(keyed.answer):
            case origin if origin is Page:
                assert (answer.rows, answer.has_next, answer.has_previous) == ((), False, False)
                assert answer.total == (0 if page is not None and page.want_total else None)
            case origin if origin is Sequence:
                assert list(answer) == []
            case None:  # a sum over no rows, whatever it is made of
                assert answer == answers[0]
            case _:
                assert answer is None


@law("keys")
async def test_no_keys_have_no_answers(subject: Subject, keyed: Method) -> None:
    assert await keyed.ask(subject, [], whole(keyed, subject) if keyed.is_paged else None) == []


@law("statements", of_rows=False)
async def test_as_many_statements_as_one_key_takes_answer_any_number(
    subject: Subject, keys: Keys, keyed: Method
) -> None:
    if subject.statements is None:
        return
    page = whole(keyed, subject, want_total=True) if keyed.is_paged else None
    asked = [*keys.known(keyed.key), unknown(keyed.key, 1)]
    await keyed.ask(subject, asked, page)  # whatever is read once and kept
    before = subject.statements()
    await keyed.ask(subject, asked, page)
    assert subject.statements() - before == STATEMENTS.get(keyed.title, 1)


@law("rows")
async def test_every_row_is_found_as_it_was_given_and_no_other(subject: Subject, keys: Keys, told: Method) -> None:
    if subject.rows is None:
        return
    rows = subject.rows[told.domain]
    asked = [None] if told.key is None else keys_of(told, rows) or keys.known(told.key)
    orders = Lists(told, subject, keys).orders if told.is_paged else [None]
    for order in orders:
        page = whole(told, subject, order=order) if told.is_paged else None
        for key, answer in zip(asked, await told.ask(subject, asked, page), strict=True):
            _check(told, answer, expected(told, key, rows, subject.now))


def _check(method: Method, answer: Any, wanted: Any) -> None:
    """Lists hold the rows in any order that sorts them as the protocol says; all else is equal."""
    if not isinstance(wanted, list):
        assert answer == wanted
        return
    found = list(answer.rows if isinstance(answer, Page) else answer)
    assert sorted(found, key=repr) == sorted(wanted, key=repr)
    assert is_sorted(method, found)


def _counted(method: Method, subject: Subject) -> PageRequest | None:
    """The request for whole lists and, where the source can count them, their totals."""
    if not method.is_paged:
        return None
    return whole(method, subject, want_total=capability_of(method, subject).total)


__all__ = [name for name in dir() if name.startswith("test_")]
