"""The laws of identifiers and of a profile's history, recomputed from the raw tables (inv-I1, E11)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from datasources.sql.sealing import MasterKey
from datasources.sql.tables.profiles import customers, identifiers, profile_versions
from tests.demo import MASTER_KEY
from tests.harness import Gateway
from tests.writing.tables import found

INDEXED = ("EMAIL", "PHONE", "EXTERNAL_ID")
GONE = ("ANONYMIZED", "FORGOTTEN")
FIELDS = {
    "profile.firstName": "first_name",
    "profile.lastName": "last_name",
    "profile.email": "email",
    "profile.phone": "phone",
}


async def index_broken(gateway: Gateway) -> list[str]:
    """Where the index of identifiers is not what the live customers' rows say."""
    people, index = await found(gateway, select(customers), select(identifiers))
    said: list[tuple[str, str, str, UUID]] = []
    for row in people:
        if row["membership"] in GONE:
            continue
        own = [("EMAIL", "", row["email"]), ("PHONE", "", row["phone"])]
        own += [("EXTERNAL_ID", one.system, one.value) for one in row["external_ids"]]
        said += [(kind, system, value, row["customer_id"]) for kind, system, value in own if value is not None]
    held = [tuple(row[name] for name in ("kind", "system", "value", "customer_id")) for row in index]
    wrong = [f"{kind} of nobody, or of another" for kind, *_ in set(held) - set(said) if kind in INDEXED]
    wrong += [f"{kind} is not in the index" for kind, *_ in set(said) - set(held)]
    if len({one[:3] for one in said}) != len(said):
        wrong.append("two customers have the same identifier")
    return wrong


async def history_of(gateway: Gateway, customer: UUID) -> list[list[dict[str, Any]]]:
    """What each version of a profile changed, oldest first."""
    people, versions = await found(
        gateway,
        select(customers).where(customers.c.customer_id == customer),
        select(profile_versions).where(profile_versions.c.customer_id == customer).order_by(profile_versions.c.version),
    )
    key = MasterKey(MASTER_KEY).unwrap(customer, people[0]["wrapped_key"])
    return [msgspec.json.decode(key.open(row["changes"], "profile_versions.changes")) for row in versions]


async def history_broken(gateway: Gateway, customer: UUID) -> list[str]:
    """Where the versions of a profile do not follow from each other, or do not lead to what it holds."""
    (row,), versions = await found(
        gateway,
        select(customers).where(customers.c.customer_id == customer),
        select(profile_versions.c.version)
        .where(profile_versions.c.customer_id == customer)
        .order_by(profile_versions.c.version),
    )
    numbers = [version["version"] for version in versions]
    wrong = [] if numbers == list(range(row["version"] - len(numbers) + 1, row["version"] + 1)) else ["a version lacks"]
    known: dict[str, Any] = {}
    for change in _flat(await history_of(gateway, customer)):
        if change["path"] in known and known[change["path"]] != change["before"]:
            wrong.append(f"{change['path']} was something else before")
        known[change["path"]] = change["after"]
    return wrong + [
        f"{path} is something else now" for path in FIELDS if known.get(path, row[FIELDS[path]]) != row[FIELDS[path]]
    ]


def _flat(history: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [change for changes in history for change in changes]
