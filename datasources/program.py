"""How a loyalty program is set up: one document of settings, its clock, and the people who act in it."""

import datetime as dt
from collections.abc import Hashable, Mapping
from enum import Enum
from typing import Any, Literal, Protocol

import msgspec

from datasources.outcomes import Outcome
from datasources.values import KeyValue

DEFAULT_STATUS = "active"
"""What customers have in a program without statuses."""


class SearchMode(Enum):
    """Which of the two searches is open (B3)."""

    EXACT = "EXACT"
    ADVANCED = "ADVANCED"


class SearchSettings(msgspec.Struct, frozen=True):
    """How customers are searched."""

    mode: SearchMode = SearchMode.EXACT
    page_sizes: tuple[int, ...] = (25, 50, 100, 200)


SystemState = Literal["PENDING_VERIFICATION", "ACTIVE", "BLOCKED", "DELETED", "ANONYMIZED", "FORGOTTEN"]
"""A state of the membership: `profiles.MembershipState` by its value."""


class CustomerStatus(msgspec.Struct, frozen=True):
    """A status that staff can set, or one tied to a state of the membership, which comes and goes with it (D3, D4)."""

    key: str
    label: str
    color: str | None = None
    is_terminal: bool = False
    allowed_next: tuple[str, ...] = ()
    system_state: SystemState | None = None


class PointAccountType(Enum):
    """What points of an account are for."""

    REDEEMABLE = "REDEEMABLE"
    QUALIFYING = "QUALIFYING"


class PointAccountDefinition(msgspec.Struct, frozen=True):
    """A point account of the program."""

    key: str
    label: str
    type: PointAccountType
    counts_toward_total: bool
    sources: tuple[str, ...]
    expiry_policy: str | None = None
    expires_after_months: int | None = None
    allow_negative: bool = False
    max_balance: int | None = None


class PointSource(msgspec.Struct, frozen=True):
    """Where points come from."""

    key: str
    label: str


class EarnRule(msgspec.Struct, frozen=True):
    """What purchases earn in an account: `points` for every full `per_minor` of the basket value, in minor units of the
    program's currency."""

    account_key: str
    points: int = 1
    per_minor: int = 100

    def points_for(self, basket_minor: int) -> int:
        """What a basket value earns."""
        return basket_minor // self.per_minor * self.points


class Tier(msgspec.Struct, frozen=True):
    """One tier of a system; thresholds are in the system's unit, `outcomes` are granted to who enters it."""

    key: str
    name: str
    rank: int
    entry_threshold_hundredths: int
    benefits: tuple[str, ...] = ()
    requirement_text: str | None = None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def entry_threshold(self) -> str:
        """The threshold as a decimal number."""
        return hundredths(self.entry_threshold_hundredths)


class QualifyingMetric(Enum):
    """What counts toward the tiers of a system (I1)."""

    POINTS = "POINTS"
    SPEND = "SPEND"
    PURCHASES = "PURCHASES"
    CUSTOM = "CUSTOM"


class TierSystem(msgspec.Struct, frozen=True):
    """A ladder of tiers, lowest first, reckoned over a trailing window."""

    key: str
    name: str
    unit: str
    tiers: tuple[Tier, ...]
    provider: str | None = None
    is_proprietary: bool = True
    window_months: int = 12
    external_id: str | None = None
    qualifying_metric: QualifyingMetric = QualifyingMetric.SPEND


class EventCategory(msgspec.Struct, frozen=True):
    """What event types roll up to (F16)."""

    key: str
    label: str


class PlatformView(msgspec.Struct, frozen=True):
    """Templates that an event is shown by (F17): `{name}` stands for an attribute or fact of the event."""

    title: str
    summary: str
    detail_fields: tuple[str, ...] = ()


class EventType(msgspec.Struct, frozen=True):
    """An event type: a default of the module or the program's own (F18, F19)."""

    key: str
    label: str
    category: str
    platform_view: PlatformView
    is_surfaced: bool = True
    is_default: bool = True
    schema: dict[str, Any] = {}  # a JSON Schema is what it is


class AttributeType(Enum):
    """What a custom attribute holds (E14)."""

    STRING = "STRING"
    INT = "INT"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    ENUM = "ENUM"
    LIST = "LIST"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    ADDRESS = "ADDRESS"


class AttributeDefinition(msgspec.Struct, frozen=True):
    """A custom attribute of the program (E4)."""

    key: str
    label: str
    type: AttributeType
    section: str = "profile"
    is_pii: bool = False
    is_writable: bool = True
    member_writable: bool = False
    options: tuple[str, ...] | None = None


class NoteReason(msgspec.Struct, frozen=True):
    """Why a note was written (Q6)."""

    key: str
    label: str


class AdjustmentReason(msgspec.Struct, frozen=True):
    """A reason code of a mutation."""

    key: str
    label: str
    goodwill: bool = False


class TagDefinition(msgspec.Struct, frozen=True):
    """A tag that has a cap or takes several values (J5)."""

    key: str
    cap: int | None = None
    is_multi_value: bool = False


class CardKind(Enum):
    """What a stored value card is (M1)."""

    PROMOTIONAL = "PROMOTIONAL"
    PRIVATE_LABEL_DEBIT = "PRIVATE_LABEL_DEBIT"


class CardProduct(msgspec.Struct, frozen=True):
    """Cards whose number begins with `prefix`; the longest prefix wins."""

    prefix: str
    kind: CardKind
    type: str
    currency: str
    design: str | None = None
    expires_after_months: int | None = None

    @property
    def expiry_policy(self) -> str:
        """When its cards expire, in words (M7)."""
        months = self.expires_after_months
        return "Never expires." if months is None else f"Expires {months} months after it was registered."


class LockoutPolicy(msgspec.Struct, frozen=True):
    """When failed promo-code claims lock a customer out (L4, L9)."""

    failures: int = 5
    locked_for_minutes: int = 60

    @property
    def text(self) -> str:
        """The policy in words."""
        return f"{self.failures} failed claims in a row lock code entry for {self.locked_for_minutes} minutes."


class Clock(msgspec.Struct, frozen=True):
    """The program's own time: real, or that of recorded data which goes on from where the recording ends."""

    anchored_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    shift_weeks: int = 0

    def now(self, real: dt.datetime) -> dt.datetime:
        """The program's time at the real time given."""
        if self.anchored_at is None or self.started_at is None:
            return real
        return self.anchored_at + (real - self.started_at)


class ProgramSettings(msgspec.Struct, frozen=True):
    """Everything that a program sets up; what requirements mark as a setting.

    `switched_off` names mutations that the program does not use (Y8), `required_fields` what a profile can't be without:
    fields of `ProfileInput`, and attributes as `attributes.<key>` (C2). `purchase_source` is the point source of what
    purchases earn and spend, `return_source` of what returns take and give back.
    """

    name: str
    currency: str
    timezone: str = "UTC"
    region: str = "US"
    search: SearchSettings = SearchSettings()
    customer_statuses: tuple[CustomerStatus, ...] = ()
    point_accounts: tuple[PointAccountDefinition, ...] = ()
    point_sources: tuple[PointSource, ...] = ()
    earn_rules: tuple[EarnRule, ...] = ()
    purchase_source: str = "purchase"
    return_source: str = "return"
    tier_systems: tuple[TierSystem, ...] = ()
    event_types: tuple[EventType, ...] = ()
    event_categories: tuple[EventCategory, ...] = ()
    attribute_definitions: tuple[AttributeDefinition, ...] = ()
    note_reasons: tuple[NoteReason, ...] = ()
    reasons: tuple[AdjustmentReason, ...] = ()
    tags: tuple[TagDefinition, ...] = ()
    card_products: tuple[CardProduct, ...] = ()
    profile_header: tuple[str, ...] = ()
    lockout: LockoutPolicy = LockoutPolicy()
    show_expired_offers: bool = True
    metrics_stale_after_hours: int = 48
    required_fields: tuple[str, ...] = ()
    needs_verification: bool = True
    restore_days: int = 30
    admin_url: str | None = None
    switched_off: tuple[str, ...] = ()
    clock: Clock = Clock()

    def point_account(self, key: str) -> PointAccountDefinition:
        """The account of this key; one that the program no longer has goes by its key."""
        found = next((account for account in self.point_accounts if account.key == key), None)
        return found or PointAccountDefinition(key, key, PointAccountType.REDEEMABLE, False, ())

    def point_source(self, key: str) -> PointSource:
        """The source of this key; one that the program no longer has goes by its key."""
        return next((source for source in self.point_sources if source.key == key), None) or PointSource(key, key)

    def status(self, key: str) -> CustomerStatus:
        """The status of this key; one that the program no longer has goes by its key."""
        return next((status for status in self.customer_statuses if status.key == key), None) or CustomerStatus(
            key, key
        )

    @property
    def first_status(self) -> str:
        """The key of the status that a new customer has."""
        return self.customer_statuses[0].key if self.customer_statuses else DEFAULT_STATUS

    def event_category(self, key: str) -> EventCategory:
        """The category of this key; one that the program no longer has goes by its key."""
        found = next((category for category in self.event_categories if category.key == key), None)
        return found or EventCategory(key, key)

    def admin_page(self, *path: str) -> str | None:
        """A page of the program's own tool (A16), where it has one."""
        return None if self.admin_url is None else "/".join((self.admin_url.rstrip("/"), *path))

    @property
    def adjustment_reasons(self) -> tuple[KeyValue, ...]:
        """The reason codes with their labels."""
        return tuple(KeyValue(reason.key, reason.label) for reason in self.reasons)


class Program(msgspec.Struct, frozen=True):
    """The settings with the directory of who acts in the program, as loaded together."""

    settings: ProgramSettings
    actors: Mapping[tuple[str, str], str]
    memo: dict[Hashable, Any] = {}
    """What was worked out once for the program as it was loaded, by who did."""

    def actor_name(self, kind: str, id: str) -> str:
        """The name that staff and services go by; members and unknown ids go by their kind."""
        return self.actors.get((kind, id)) or ("System" if kind == "SYSTEM" else kind.capitalize())


class ProgramReader(Protocol):
    """Serves the program itself."""

    async def program(self) -> Program:
        """The program. Raises SourceUnavailable; NotConfigured where nothing was imported yet."""
        ...


def hundredths(value: int) -> str:
    """A number counted in hundredths as a plain decimal number: 150000 → '1500', 1999 → '19.99'."""
    sign, whole, part = "-" if value < 0 else "", *divmod(abs(value), 100)
    return f"{sign}{whole}" if part == 0 else f"{sign}{whole}.{part:02d}".rstrip("0")
