"""Who the households are: made-up persons with contact data, consents, demographics and identifiers, and made-up staff."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from faker import Faker

from datasources.folding import email_key, phone_key, sort_key
from datasources.sql.tables.profiles import consents, customers, identifiers

from .dataset import Dataset
from .household import AMBIGUOUS, BLOCKED, RESTRICTED, SOURCE, TEST_PERSONAS, Household
from .purchases import Purchase
from .timeline import local_day

AGENTS = 8
WEEKS = 53
"""How many weeks the data set tells of."""
FAKER = Faker("en_US", use_weighting=False)
AREA_CODES = range(212, 238)
LOCALES = (("en-US", ("en-US",)), ("en-US", ("en-US",)), ("es-US", ("es-US", "en-US")), ("zh-CN", ("zh-CN", "en-US")))
CHANNELS = ("EMAIL", "SMS", "PUSH", "DIRECT_MAIL", "IN_APP", "PHONE")
DEMOGRAPHICS = {
    "age": "age_band",
    "income": "income_band",
    "home_ownership": "home_ownership",
    "marital_status": "marital_status",
    "household_size": "household_size",
    "household_comp": "household_composition",
    "kids_count": "kids_count",
}
AGES = {"19-24": (19, 24), "25-34": (25, 34), "35-44": (35, 44), "45-54": (45, 54), "55-64": (55, 64), "65+": (65, 84)}


class Person(msgspec.Struct, frozen=True):
    """A made-up person: addresses of example.com and numbers 555-01xx reach nobody (RFC 2606, NANPA)."""

    first_name: str
    last_name: str
    email: str
    phone: str
    address: dict[str, str | None]
    born_on: dt.date
    gender: str
    verified_at: dt.datetime | None


def agent(number: int) -> str:
    """The id of the member of staff who takes care of a household."""
    return f"agent-{number % AGENTS + 1}"


def staff() -> list[tuple[str, str, str]]:
    """Everyone who acts in the program besides members: kind, id and name."""
    FAKER.seed_instance("staff")
    agents = [("STAFF", f"agent-{number + 1}", FAKER.name()) for number in range(AGENTS)]
    named = [("STAFF", "supervisor-1", FAKER.name()), ("STAFF", "privacy-1", FAKER.name())]
    services = [("SERVICE", "pos", "Point of sale"), ("SERVICE", "campaigns", "Campaign engine")]
    system = [
        ("SYSTEM", "expiry", "Points expiry"),
        ("SYSTEM", "tiers", "Tier review"),
        ("SYSTEM", "segments", "Segments"),
    ]
    return [*agents, *named, *services, *system]


def loyalty_number(household: int, *, replaced: bool = False) -> str:
    """The number of a household's loyalty card, or of the one it replaced."""
    return f"{59 if replaced else 60}{household:010d}"


def has_replaced_card(household: int) -> bool:
    """True for every tenth household: its first loyalty card was replaced."""
    return household % 10 == 8


def person(household: Household) -> Person:
    """The person of a household, the same at every import."""
    FAKER.seed_instance(f"{SOURCE}:{household.number}")
    chance = household.seeded("person")
    gender = chance.choice(("female", "male"))
    first = FAKER.first_name_female() if gender == "female" else FAKER.first_name_male()
    last = FAKER.last_name()
    area = AREA_CODES[household.number // 100 % len(AREA_CODES)]
    low, high = AGES.get((household.dataset.demographics.get(household.number) or {}).get("age") or "", (20, 80))
    today = local_day(household.timeline.end)
    pending = household.number % 40 == 21
    return Person(
        first_name=first,
        last_name=last,
        email=f"{first}.{last}.{household.number}@example.com".lower().replace(" ", "").replace("'", ""),
        phone=f"+1{area}55501{household.number % 100:02d}",
        address={
            "label": "home",
            "line1": FAKER.street_address(),
            "line2": None,
            "city": FAKER.city(),
            "region": FAKER.state_abbr(include_territories=False),
            "postal_code": FAKER.zipcode(),
            "country_code": "US",
        },
        born_on=today - dt.timedelta(days=round(chance.randint(low, high) * 365.25) + chance.randint(1, 360)),
        gender=gender,
        verified_at=None if pending else household.enrolled_at + dt.timedelta(hours=chance.randint(1, 48)),
    )


def write(household: Household, who: Person, wrapped_key: bytes, story: dict[str, Any]) -> None:
    """The customer with identifiers and consents; `story` has what the other domains worked out for the profile."""
    number = household.number
    household.own(
        customers,
        support_id=f"CJ-{number:06d}",
        version=1,
        external_ids=[{"system": system, "value": value} for system, value in external_ids(number)],
        loyalty_number=loyalty_number(number),
        processing="RESTRICTED" if number == RESTRICTED else "ACTIVE",
        is_test_persona=number in TEST_PERSONAS,
        created_at=household.enrolled_at,
        enrolled_at=household.enrolled_at,
        wrapped_key=wrapped_key,
        **_personal(number, who),
        **_membership(household, who),
        **story,
    )
    _write_identifiers(household, who)
    _write_consents(household)


def _personal(number: int, who: Person) -> dict[str, object]:
    locale, spoken = LOCALES[number % len(LOCALES)]
    return {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "email": who.email,
        "phone": who.phone,
        "verified_at": who.verified_at,
        "email_verified_at": who.verified_at,
        "phone_verified_at": who.verified_at if number % 3 else None,
        "date_of_birth": who.born_on,
        "gender": who.gender,
        "locale": locale,
        "spoken_languages": spoken,
        "addresses": [who.address],
        "first_name_key": sort_key(who.first_name),
        "last_name_key": sort_key(who.last_name),
        "email_key": email_key(who.email),
        "phone_key": phone_key(who.phone),
    }


def external_ids(number: int) -> list[tuple[str, str]]:
    """The household's number, and for one of an AMBIGUOUS pair a CRM id that is the other's loyalty number."""
    own = [(SOURCE, str(number))]
    return [*own, ("crm", loyalty_number(AMBIGUOUS[1]))] if number == AMBIGUOUS[0] else own


def attributes(household: Household, who: Person, purchases: list[Purchase]) -> dict[str, dict[str, object]]:
    """Custom attributes by key: demographics, habits derived from the purchases, and made-up preferences."""
    joined, surveyed = household.enrolled_at, household.seeded("survey").randint(30, 200)
    recorded = household.dataset.demographics.get(household.number) or {}
    demographics = {key: recorded[column] for column, key in DEMOGRAPHICS.items() if recorded.get(column)}
    asked_at = household.timeline.before_end(days=surveyed)
    return {
        **_told_by(SOURCE, demographics, joined),
        **_told_by("purchases", _habits(household, purchases), household.timeline.end),
        **_told_by("synthetic", _preferences(household, who), joined),
        **_told_by("synthetic", {"last_survey_at": f"{asked_at:%Y-%m-%dT%H:%M:%SZ}"}, asked_at),
    }


def _told_by(source: str, values: Mapping[str, object], at: dt.datetime) -> dict[str, dict[str, object]]:
    """Attributes that one source told at one moment."""
    return {key: {"value": value, "updated_at": at.isoformat(), "source": source} for key, value in values.items()}


def _habits(household: Household, purchases: list[Purchase]) -> dict[str, object]:
    favorites = departments(household.dataset, purchases)
    return {
        "favorite_department": favorites[0],
        "stores_visited": len({bought.store for bought in purchases}),
        "weekly_spend": f"{sum(bought.total for bought in purchases) / (100 * WEEKS):.2f}",
        "interests": favorites[:3],
    }


def _preferences(household: Household, who: Person) -> dict[str, object]:
    chance = household.seeded("attributes")
    paperless, days = chance.random() < 0.6, chance.randint(200, 6_000)
    return {
        "paperless": paperless,
        "anniversary": (household.enrolled_at.date() - dt.timedelta(days=days)).isoformat(),
        "alternate_phone": f"{who.phone[:5]}55501{chance.randint(0, 99):02d}",
        "alternate_email": f"alt.{who.email}",
        # Spelled as clients spell an Address: to the gateway an attribute's value is JSON like any other.
        "delivery_address": {
            "label": "delivery",
            **{name: who.address[name] for name in ("line1", "line2", "city", "region")},
            "postalCode": who.address["postal_code"],
            "countryCode": who.address["country_code"],
        },
        "synthetic": True,
    }


def departments(dataset: Dataset, purchases: list[Purchase]) -> list[str]:
    """Departments by spend, highest first."""
    spent: Counter[str] = Counter()
    for bought in purchases:
        for line in bought.lines:
            spent[dataset.product(line.product).department] += line.sales
    return sorted(spent, key=lambda department: (-spent[department], department))


def _membership(household: Household, who: Person) -> dict[str, object]:
    if household.number == BLOCKED:
        return {"membership": "BLOCKED", "blocked_at": household.barred_at, "block_reason": "suspected_fraud"}
    return {"membership": "PENDING_VERIFICATION" if who.verified_at is None else "ACTIVE"}


def _write_identifiers(household: Household, who: Person) -> None:
    number = household.number
    found = [
        ("EMAIL", "", email_key(who.email), False),
        ("PHONE", "", str(phone_key(who.phone)), False),
        ("LOYALTY_NUMBER", "", loyalty_number(number), False),
        *(("EXTERNAL_ID", system, value, False) for system, value in external_ids(number)),
    ]
    if has_replaced_card(number):
        found.append(("LOYALTY_NUMBER", "", loyalty_number(number, replaced=True), True))
    for kind, system, value, is_replaced in found:
        household.own(identifiers, kind=kind, system=system, value=value, is_replaced=is_replaced)


def _write_consents(household: Household) -> None:
    chance = household.seeded("consents")
    for channel in CHANNELS:
        state = chance.choice(("OPTED_IN", "OPTED_IN", "OPTED_OUT", "NOT_SET"))
        household.own(
            consents,
            channel=channel,
            purpose="marketing",
            state=state,
            updated_at=None if state == "NOT_SET" else household.enrolled_at,
            evidence=None if state == "NOT_SET" else "Enrolment form",
        )
    household.own(
        consents,
        channel="EMAIL",
        purpose="service",
        state="OPTED_IN",
        updated_at=household.enrolled_at,
        evidence="Terms of the program",
    )


def favorite_store(purchases: list[Purchase], stores: dict[int, UUID]) -> tuple[int, UUID]:
    """The store visited most often, the lowest number of those visited alike."""
    visits = Counter(bought.store for bought in purchases)
    store = min(visits, key=lambda number: (-visits[number], number))
    return store, stores[store]
