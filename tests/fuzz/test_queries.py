"""Whatever valid document is sent, the answer has the codes of the contract and tells nothing of the inside."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from gateway.errors import Code
from tests.architecture.test_contract import COMMITTED
from tests.demo import SqliteDemo
from tests.fuzz.scalars import STRATEGIES
from tests.fuzz.serving import serving, token
from tests.trying import tried

ROLES = ("admin", "analyst")
EXAMPLES = 60
INSIDE = ("Traceback", 'File "', "sqlalchemy", "aiosqlite", "sqlite3", "asyncpg", "SELECT ", "msgspec", "object at 0x")
TOLD = {code.value for code in Code} - {Code.INTERNAL_SERVER_ERROR.value, Code.SOURCE_UNAVAILABLE.value}
"""What goes wrong in a reader is told as its source being unavailable, and this source is there."""

for name, strategy in STRATEGIES.items():
    schemathesis.graphql.scalar(name, strategy)

SCHEMA = schemathesis.graphql.from_path(COMMITTED)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def address(sqlite_demo: SqliteDemo) -> Iterator[str]:
    """Where the gateway answers."""
    with serving(sqlite_demo.url) as found:
        yield found


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_any_document_is_answered_by_the_contract(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], address: str
) -> None:
    @settings(tried(EXAMPLES), database=None, phases=[Phase.explicit, Phase.generate])
    @given(case=operation.as_strategy(), role=st.sampled_from(ROLES))
    def answered(case: schemathesis.Case[Any], role: str) -> None:
        response = case.call(f"{address}/graphql", headers={"authorization": f"Bearer {token(role)}"})
        assert response.status_code in {200, 400}, response.text
        assert [word for word in INSIDE if word in response.text] == [], response.text
        codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
        assert codes <= TOLD, (case.body, response.text[:2000])

    answered()
