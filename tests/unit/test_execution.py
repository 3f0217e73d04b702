"""Errors stand in the order of the document, whichever source answered first."""

from graphql import GraphQLError

from gateway.execution import in_document_order


def told(*path: str | int) -> GraphQLError:
    return GraphQLError(".".join(map(str, path)), path=list(path))


def test_errors_are_in_the_order_of_the_answer():
    data = {"b": None, "a": [{"x": 1, "y": None}, {"x": None, "y": None}], "c": None}
    first, second, third, fourth, fifth = (
        told("b"), told("a", 0, "y"), told("a", 1, "x"), told("a", 1, "y"), told("c"),
    )  # fmt: skip

    assert in_document_order([fifth, fourth, second, third, first], data) == [first, second, third, fourth, fifth]


def test_errors_below_a_nulled_parent_stay_as_they_came():
    data = {"a": None, "b": None}

    assert in_document_order([one := told("b", "z"), two := told("b", "y"), three := told("a", "q")], data) == [
        three,
        one,
        two,
    ]


def test_an_answer_without_data_keeps_its_errors():
    assert in_document_order([one := told("a"), two := told("b")], None) == [one, two]
