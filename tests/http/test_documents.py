"""The limits of a document, counted before validation, and the documents that are kept."""

import pytest
from graphql import get_introspection_query, parse

from gateway import documents
from gateway.documents import Analysis, Documents, Extent
from gateway.errors import Refused
from gateway.sections import ServerSettings
from tests.http.serving import schema

SCHEMA = schema()


def refusal(text: str, **limits: int) -> tuple[str, str]:
    with pytest.raises(Refused) as raised:
        Documents(SCHEMA, ServerSettings.model_validate(limits)).find(text)
    error = raised.value.errors[0]
    return str(raised.value.code), str(error["message"])


def bomb(levels: int) -> str:
    """Fragments that spread the next twice: 2 ** levels fields from a few hundred bytes."""
    spreads = "".join(f"fragment F{at} on Query {{ ...F{at + 1} ...F{at + 1} }}" for at in range(levels))
    return f"{{ ...F0 }} {spreads} fragment F{levels} on Query {{ hello }}"


def test_each_selection_of_a_bomb_is_visited_once() -> None:
    analysis = Analysis(parse(bomb(40)))
    assert analysis.visited == 1 + 40 * 2 + 1
    assert analysis.operations == [Extent(fields=501, root_fields=21, directives=0, depth=1)]


def test_a_bomb_is_refused_by_its_fields() -> None:
    assert refusal(bomb(28)) == (
        "QUERY_TOO_COMPLEX",
        "The operation has more than 500 fields, fragments expanded.",
    )


def test_extents_are_counted_through_fragments() -> None:
    text = """
      query A { a: self { ...F } ...G @include(if: true) __schema { types { fields { type { name } } } } }
      query B { hello }
      fragment F on Query { self { self { hello } } hello }
      fragment G on Query { ... @skip(if: false) { b: hello c: hello } }
    """
    assert Analysis(parse(text)).operations == [
        Extent(fields=12, root_fields=4, directives=2, depth=4),
        Extent(fields=1, root_fields=1, directives=0, depth=1),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{ " + "self { " * 12 + "hello" + " }" * 13, "12 levels of fields"),
        ("{ ...F } fragment F on Query { " + "self { " * 12 + "hello" + " }" * 13, "12 levels of fields"),
        ("{ " + " ".join(f"a{at}: hello" for at in range(21)) + " }", "20 root fields"),
        ("{ self { " + "hello " * 500 + "} }", "500 fields"),
        ("{ hello " + "@skip(if: false) " * 51 + "}", "50 directives"),
    ],
)
def test_an_operation_beyond_a_limit_is_refused(text: str, what: str) -> None:
    assert refusal(text) == ("QUERY_TOO_COMPLEX", f"The operation has more than {what}, fragments expanded.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ hello }" + " " * 32_768, "The document is longer than 32768 bytes."),
        ("{ hello } #" + "é" * 16_384, "The document is longer than 32768 bytes."),
        ("{ " + "hello " * 2_001 + "}", "Document contains more than 2000 tokens. Parsing aborted."),
        ("#\n" * 101 + "{ hello }", "Document contains more than 100 comments. Parsing aborted."),
        ("{ self " * 900 + "}" * 900, "Document is nested too deeply. Parsing aborted."),
        ("{ hello }" + "\n" * 2_000, "The document has more than 2000 lines."),
        ("{ " + "a" * 201 + ": hello }", "The document has a name of more than 200 characters."),
        ("{ hello }" + "fragment F on Query { hello }" * 30, "The document has more than 30 definitions."),
        (f"{{ echo(times: {'9' * 21}) }}", "The document has a number of more than 20 digits."),
        ("{ echo(times: 1e999) }", "The document has a number that is too large."),
        (f"{{ echo(times: {'9' * 5_000}) }}", "The document has a number of more than 20 digits."),
    ],
)
def test_a_document_beyond_a_limit_is_refused(text: str, message: str) -> None:
    assert refusal(text) == ("QUERY_TOO_COMPLEX", message)


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on Query { self { ...F } }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
    ],
)
def test_fragments_in_a_circle_are_left_to_validation(text: str) -> None:
    assert refusal(text)[0] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("text", ["{ ...Nope }", "type T { a: Int }", "{ hello } { hello }"])
def test_documents_that_are_not_valid_are_refused_by_validation(text: str) -> None:
    assert refusal(text)[0] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("text", [r'{ greet(name: "a\u0000") }', r'{ greet(name: "\u{0}") }'])
def test_a_text_with_a_nul_is_refused(text: str) -> None:
    assert refusal(text) == ("BAD_USER_INPUT", "A text of the document has a NUL character.")


def test_the_standard_introspection_passes() -> None:
    found = Documents(SCHEMA, ServerSettings()).find(get_introspection_query(input_value_deprecation=True))
    assert Analysis(found.operation(None).document).operations == [
        Extent(fields=226, root_fields=1, directives=0, depth=0)
    ]


def test_a_document_is_made_once() -> None:
    held = Documents(SCHEMA, ServerSettings())
    assert held.find("{ hello }") is held.find("{ hello }")
    assert held.find("{ hello }") is not held.find("{ hello  }")


def test_the_documents_used_least_lately_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Documents(SCHEMA, ServerSettings())
    monkeypatch.setattr(documents, "HELD_BYTES", 2 * held.find("{ a: hello }").own_bytes)
    first, second = held.find("{ a: hello }"), held.find("{ b: hello }")
    assert held.find("{ a: hello }") is first
    held.find("{ c: hello }")
    assert held.find("{ a: hello }") is first
    assert held.find("{ b: hello }") is not second


@pytest.mark.parametrize("large", ["{ a: hello b: hello }", "{ hello } # a text that is long"])
def test_what_is_held_is_bounded_by_its_tokens_and_text(large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Documents(SCHEMA, ServerSettings())
    small = held.find("{ hello }")
    monkeypatch.setattr(documents, "HELD_BYTES", 2 * small.own_bytes)
    held.find("{hello  }")
    assert held.find("{ hello }") is small
    held.find(large)
    assert held.find("{ hello }") is not small
