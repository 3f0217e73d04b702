"""What every document needs of the gateway's own code is there when it has started."""

import inspect

import pytest

from benchmarks.compiling import principal
from benchmarks.operations import QUERIES
from benchmarks.servers import gateway_settings
from gateway.app import create_app
from gateway.documents import Documents
from gateway.plan import reads
from gateway.plan.arguments import NO_VARIABLES
from gateway.sections import ServerSettings
from tests.harness import schema

URL = "sqlite+aiosqlite:///nowhere.db"


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The functions whose source is read, of which nothing is known at first."""
    found: list[object] = []
    getsource = inspect.getsource

    def noted(function: object) -> str:
        found.append(function)
        return getsource(function)  # type: ignore[arg-type]  # functions of resolvers

    monkeypatch.setattr(inspect, "getsource", noted)
    reads._of_attribute.cache_clear()
    reads._of_function.cache_clear()
    return found


def test_no_document_waits_for_the_source_of_resolvers_to_be_read(looked_up: list[object]) -> None:
    create_app(gateway_settings(URL))
    assert len(looked_up) > 100
    looked_up.clear()
    for text in QUERIES.values():
        Documents(schema(), ServerSettings()).find(text).operation(None).plan(principal(0), NO_VARIABLES)
    assert looked_up == []
