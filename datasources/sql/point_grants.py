"""Points that come of something else that is written: a purchase, an outcome of a campaign, a tier, a promo code."""

import datetime as dt

import msgspec

from datasources.ids import EntityId, new_id
from datasources.ledger import account_of, check_added, check_source, lapses_at
from datasources.points import PointAuditRow, PointEntryKind
from datasources.recording import Happened
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.point_ledger import PointLedger, Posting, Purchase, facts_of, post
from datasources.sql.unit_of_work import Unit


class Grant(msgspec.Struct, frozen=True):
    """Points to be added to an account, and what they are for; they expire as the account's policy says."""

    account_key: str
    source_key: str
    points: int
    reference_type: str
    reference_id: str | None
    description: str
    occurred_at: dt.datetime | None = None
    purchase: Purchase | None = None


class PointGrants:
    """Adds points inside the transaction of what they are granted for."""

    def __init__(self, database: Database) -> None:
        self._ledger = PointLedger(database)

    def grant(self, unit: Unit, grant: Grant) -> Statements[PointAuditRow]:
        """Post an EARN entry and tell the event stream. Whether the customer may be granted anything is checked before.

        Raises Refusal.
        """
        unit.check_owned(Domain.POINTS)
        program = unit.write.program
        definition = account_of(program, grant.account_key)
        check_source(program, definition, grant.source_key)
        # What was posted before in this transaction must be seen.
        yield from unit.flush()
        account = yield from self._ledger.account(unit, grant.account_key)
        check_added(account, definition, grant.points)
        at = grant.occurred_at or unit.write.now
        posting = Posting(
            id=new_id(),
            account_key=grant.account_key,
            kind=PointEntryKind.EARN,
            source_key=grant.source_key,
            modification=grant.points,
            reference_type=grant.reference_type,
            description=grant.description,
            reference_id=grant.reference_id,
            expires_at=lapses_at(definition, at),
            occurred_at=at,
            purchase=grant.purchase,
        )
        entry = post(unit, account, posting)
        unit.record(Happened("points_earned", facts_of(program, posting), EntityId(posting.id)))
        return entry
