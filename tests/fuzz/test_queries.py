"""Whatever valid document is sent, the answer has the codes of the contract and tells nothing of the inside."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from schemathesis.core.result import Ok

from gateway.errors import Code
from tests.architecture.test_contract import COMMITTED
from tests.demo import SqliteDemo
from tests.fuzz.serving import serving, token
from tests.trying import tried

ROLES = ("admin", "analyst")
EXAMPLES = 60
INSIDE = ("Traceback", 'File "', "sqlalchemy", "aiosqlite", "sqlite3", "asyncpg", "SELECT ", "msgspec", "object at 0x")
TOLD = {code.value for code in Code} - {Code.INTERNAL_SERVER_ERROR.value}

TEXTS = {
    "DateTime": ("2025-12-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2025-02-30T00:00:00Z"),
    "Date": ("1980-05-17", "0001-01-01", "9999-12-31", "2025-13-01"),
    "EmailAddress": ("jane@example.com", "@", "ß@straße.de"),
    "PhoneNumber": ("+12025550123", "+", "911"),
    "URL": ("https://example.com/", "javascript:alert(1)"),
    "Decimal": ("0.00", "-1.5", "1e400", "NaN"),
    "federation__Scope": ("points:read",),
    "CurrencyCode": ("USD", "JPY", "XXX", "usd"),
    "LocalTime": ("08:00", "24:00"),
    "JSON": ("{}", "[[[]]]"),
}
for name, texts in TEXTS.items():
    schemathesis.graphql.scalar(name, st.sampled_from(texts).map(nodes.String))
schemathesis.graphql.scalar("Long", st.sampled_from((0, -1, 2**31, 2**53 - 1, 2**63)).map(nodes.Int))

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
