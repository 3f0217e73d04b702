"""For every field and every default role: what the schema's directives promise is what happens."""

import pytest
from graphql import is_non_null_type

from permissions.roles import DEFAULT_ROLES
from tests.architecture.promises import HIDDEN, KEPT, Promises, masked
from tests.architecture.routes import Asking, Path, Route, positions
from tests.architecture.test_contract import COMMITTED
from tests.harness import Caller, Gateway

NEVER_MET = {"CustomerLookupResult"}
"""Types that nothing leads to while the advanced search is open."""
ALSO_MASKED = {"Attribute.value", "Event.summary"}
"""Fields that a resolver masks besides: attributes by their definition, events of a domain the caller may not read."""
MEMBER = "CJ-000015"


@pytest.fixture(scope="session")
def promises() -> Promises:
    return Promises(COMMITTED.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
async def asking(promises: Promises, gateway: Gateway) -> Asking:
    return Asking(promises, gateway)


@pytest.fixture(scope="session")
async def routes(asking: Asking) -> dict[str, Route]:
    return await asking.routes()


def caller_of(role: str) -> Caller:
    return Caller(role, customer=MEMBER if role == "member" else None)


def names_of(path: Path) -> list[str]:
    """The fields of a path."""
    return [part for part in path if isinstance(part, str)]


async def test_every_type_that_is_read_is_met(promises: Promises, routes: dict[str, Route]) -> None:
    assert sorted(promises.readable - set(routes)) == sorted(NEVER_MET)


def may_be_masked(promises: Promises, type_name: str, name: str) -> bool:
    """True for personal data, its parts, and what a resolver masks."""
    return promises.kind(type_name, name) is not None or type_name in KEPT or f"{type_name}.{name}" in ALSO_MASKED


@pytest.mark.parametrize("role", DEFAULT_ROLES)
async def test_exactly_the_promised_fields_are_denied(
    role: str, promises: Promises, asking: Asking, routes: dict[str, Route]
) -> None:
    scopes = frozenset(map(str, DEFAULT_ROLES[role].scopes))
    wrong = []
    for type_name, route in routes.items():
        denied = {name for name, _ in asking.fields(type_name) if promises.denied(type_name, name, scopes)}
        fatal = {name for name, field in asking.fields(type_name) if name in denied and is_non_null_type(field.type)}
        names = [name for name, _ in asking.fields(type_name) if name not in fatal]
        answer = await asking.ask(route, names, caller_of(role))
        parents = [parent for _, parent in positions(answer.data, route)]
        told = [names_of(error["path"]) for error in answer.errors if error["extensions"]["code"] == "FORBIDDEN"]
        for name in names:
            count = sum(path == [*(step.field for step in route), name] for path in told)
            if count != (len(parents) if name in denied else 0):
                wrong.append(f"{type_name}.{name}: denied at {count} of {len(parents)}")
            wrong += [f"{type_name}.{name} shown" for parent in parents if name in denied and parent[name] is not None]
            if HIDDEN in [parent[name] for parent in parents] and not may_be_masked(promises, type_name, name):
                wrong.append(f"{type_name}.{name} masked")
        if parents and promises.hidden(type_name, scopes):
            wrong.append(f"{type_name} shown")
        for name in fatal if parents else ():
            alone = await asking.ask(route, [name], caller_of(role))
            if "FORBIDDEN" not in {error["extensions"]["code"] for error in alone.errors}:
                wrong.append(f"{type_name}.{name} not denied")
    assert wrong == []


@pytest.mark.parametrize("role", DEFAULT_ROLES)
async def test_exactly_the_promised_fields_are_masked(
    role: str, promises: Promises, asking: Asking, routes: dict[str, Route]
) -> None:
    scopes = frozenset(map(str, DEFAULT_ROLES[role].scopes))
    wrong = []
    for type_name, route in routes.items():
        kinds = {name: kind for name, _ in asking.fields(type_name) if (kind := promises.kind(type_name, name))}
        if not kinds or promises.hidden(type_name, scopes):
            continue
        names = [*kinds, *(["id"] if "id" in promises.types[type_name].fields else [])]
        answers = [await asking.ask(route, names, caller) for caller in ("admin", caller_of(role))]
        clear, shown = (
            {parent.get("id", path): parent for path, parent in positions(answer.data, route)} for answer in answers
        )
        for key in clear.keys() & shown.keys():
            for name, kind in kinds.items():
                if promises.denied(type_name, name, scopes):
                    continue
                held, seen = clear[key][name], shown[key][name]
                expected = masked(kind, held) if promises.is_masked(type_name, name, scopes) else held
                if seen != expected and not (seen == HIDDEN and f"{type_name}.{name}" in ALSO_MASKED):
                    wrong.append(f"{type_name}.{name}: {seen!r} is not {expected!r}")
    assert wrong == []
