"""A statement is sent with every parameter that it takes."""

import pytest
from sqlalchemy import bindparam, make_url, select

from datasources.sql.changes import Place
from datasources.sql.dialect import Dialect
from datasources.sql.dialects import DIALECTS
from datasources.sql.engine import Prepared
from datasources.sql.tables.notes import notes


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return DIALECTS[request.param](make_url(f"{request.param}://"), "db", 1)


def test_a_parameter_that_is_left_out_is_an_error_and_no_null(dialect: Dialect) -> None:
    statement = select(notes.c.id).where(
        notes.c.version == bindparam("version"), notes.c.author_id == "an id of its own"
    )
    prepared = Prepared(statement, lambda id_: id_, dialect)
    assert sorted(map(str, prepared.values({"version": 3}))) == ["3", "an id of its own"]
    with pytest.raises(KeyError, match="^'version'$"):
        prepared.values({})


def test_of_a_new_row_what_may_be_null_can_be_left_out(dialect: Dialect) -> None:
    row = Place(dialect, "new").row(notes)
    assert {name for name, parameter in row.items() if not parameter.required} == {
        column.name for column in notes.c if column.nullable
    }
