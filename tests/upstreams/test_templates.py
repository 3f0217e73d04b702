"""Templates put values where the config says, and nowhere else."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from datasources.http.templates import BodyTemplate, Template, spelled
from datasources.values import ActorKind

AT = dt.datetime(2026, 1, 31, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/users/{id", "has a brace without its other one"),
        ("/users/id}", "has a brace without its other one"),
        ("/users/{}", "has no name of a value in {}"),
        ("/users/{Id}", "has no name of a value in {Id}"),
        ("/users/{external_id:}", "has no name of a value in {external_id:}"),
    ],
)
def test_a_text_that_is_no_template_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError) as raised:
        Template(text)
    assert str(raised.value) == fault


def test_a_template_names_its_values() -> None:
    template = Template("/{external_id:desk}/{filter.point.latitude}/{id}")
    assert template.names == {"external_id:desk", "filter.point.latitude", "id"}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("42", "/users/42/tickets"),
        (42, "/users/42/tickets"),
        ("a/../b?c#d%", "/users/a%2F..%2Fb%3Fc%23d%25/tickets"),
        ("jane@example.com", "/users/jane%40example.com/tickets"),
        ("é ", "/users/%C3%A9%20/tickets"),
        ("..", None),
        (".", None),
        ("", None),
        (None, None),
    ],
)
def test_a_value_stays_within_its_segment(value: Any, path: str | None) -> None:
    assert Template("/users/{id}/tickets").as_path({"id": value}) == path


@given(some.text())
def test_no_text_adds_a_segment(text: str) -> None:
    path = Template("/users/{id}/tickets").as_path({"id": text})
    assert path is None or path.count("/") == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (AT, "2026-01-31T11:30:00Z"),
        (AT.date(), "2026-01-31"),
        (Decimal("12.50"), "12.50"),
        (ActorKind.STAFF, "STAFF"),
        (("a", ActorKind.MEMBER, 3), "a,MEMBER,3"),
        (None, None),
    ],
)
def test_values_are_spelled_as_urls_have_them(value: Any, text: str | None) -> None:
    assert spelled(value) == text


def test_a_body_keeps_types_and_leaves_out_what_is_missing() -> None:
    body = BodyTemplate(
        {"amount": "{amount_minor}", "ids": "{id}", "note": "{nickname}", "who": {"is": "by {actor}"}, "n": 1}
    )
    assert body.names == {"amount_minor", "id", "nickname", "actor"}
    values = {"amount_minor": 1_250, "id": ["a", "b"], "nickname": None, "actor": "ann"}
    assert body.filled(values) == {"amount": 1_250, "ids": ["a", "b"], "who": {"is": "by ann"}, "n": 1}
