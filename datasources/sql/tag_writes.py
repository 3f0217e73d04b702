"""Tags written in SQL."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from sqlalchemy import String, Uuid, and_, bindparam, select

from datasources.audit import AuditChange
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Change, Place, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.news import News
from datasources.sql.tables.tags import customer_tags, tag_changes
from datasources.sql.tags import TAG
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.tags import (
    CustomerTagRow,
    TagAction,
    Tagging,
    TagShown,
    applied,
    applied_to,
    check_named,
    definition_of,
    origin_of,
    the_one,
)
from datasources.writing import Refusal, Write, Written

SET = ("value_key", "count", "last_applied_at")
"""The columns that change of a tag that is there."""


def _there(place: Place) -> Any:  # a condition of any clause
    """The tag by its key, with the value that it had."""
    own = customer_tags.c
    return and_(
        own.customer_id == place.bind("customer_id", own.customer_id.type),
        own.key == place.bind("key", own.key.type),
        own.value_key == place.bind("was", own.value_key.type),
    )


PUT_ON, LOGGED = inserted(customer_tags), inserted(tag_changes)
CHANGED = Change(
    lambda place: (
        customer_tags.update()
        .where(_there(place))
        .values({name: place.bind(name, customer_tags.c[name].type) for name in SET})
    )
)
TAKEN_OFF = Change(lambda place: customer_tags.delete().where(_there(place)))

EVENTS = {
    TagAction.ADDED: "tag_added",
    TagAction.VALUE_SET: "tag_added",
    TagAction.REMOVED: "tag_removed",
}
"""What the event stream tells of; a count that was reset is no behaviour."""
WORDS = {
    TagAction.ADDED: "added",
    TagAction.VALUE_SET: "given another value",
    TagAction.COUNT_RESET: "counts from 0",
    TagAction.REMOVED: "removed",
}


class SqlTagWrites(SqlWriter):
    """Serves `datasources.tags.TagWriter`."""

    domain: ClassVar[Domain] = Domain.TAGS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        own = customer_tags.c
        held = (
            select(*TAG.columns)
            .where(own.customer_id == bindparam("customer", type_=Uuid()), own.key == bindparam("key", type_=String()))
            .order_by(own.last_applied_at.desc(), own.value_key)
        )
        self._held = Prepared(held, TAG.make, database.dialect)

    async def add(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """See TagWriter."""
        return await self.carry_out(write, asked.customer_id, ("change",), lambda unit: self._added(unit, asked))

    async def reset(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """See TagWriter."""
        return await self.carry_out(write, asked.customer_id, ("change",), lambda unit: self._reset(unit, asked))

    async def remove(self, write: Write, asked: Tagging) -> Written[TagShown]:
        """See TagWriter."""
        return await self.carry_out(write, asked.customer_id, ("change",), lambda unit: self._removed(unit, asked))

    def _added(self, unit: Unit, asked: Tagging) -> Statements[TagShown]:
        check_named(asked)
        unit.check_standing(grants=True)
        definition = definition_of(unit.write.program, asked.key)
        held = {tag.value_key: tag for tag in (yield from self._of(asked))}
        place = applied_to(tuple(held), asked.value, several=definition.is_multi_value)
        before = None if place is None else held[place]
        action, after = applied(unit.write, before, asked, definition.cap)
        if before is None:
            unit.touch(lists=(Domain.TAGS,))  # which keys are in use
            unit.change(PUT_ON, msgspec.structs.asdict(after) | {"origin": after.origin.value})
        else:
            _change(unit, before, after)
        _tell(unit, action, after, _differences(asked.key, before, after))
        return TagShown(after)

    def _reset(self, unit: Unit, asked: Tagging) -> Statements[TagShown]:
        check_named(asked)
        unit.check_standing(grants=False)
        if definition_of(unit.write.program, asked.key).cap is None:
            raise Refusal(UserErrorCode.NO_CAP, "Only the count of a tag with a cap can be reset.", "key")
        before = the_one((yield from self._of(asked)), asked)
        if before is None:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer does not have this tag.", "key")
        if before.count == 0:
            raise Refusal(UserErrorCode.ALREADY_DONE, "Its count is 0 already.", "key")
        after = msgspec.structs.replace(before, count=0)
        _change(unit, before, after)
        _tell(unit, TagAction.COUNT_RESET, after, _differences(asked.key, before, after))
        return TagShown(after)

    def _removed(self, unit: Unit, asked: Tagging) -> Statements[TagShown]:
        check_named(asked)
        unit.check_standing(grants=False)
        before = the_one((yield from self._of(asked)), asked)
        if before is None:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The customer does not have this tag.", "key")
        unit.touch(lists=(Domain.TAGS,))
        unit.change(TAKEN_OFF, {"customer_id": unit.customer_id, "key": before.key, "was": before.value_key})
        _tell(unit, TagAction.REMOVED, before, _differences(asked.key, before, None))
        return TagShown(None)

    def _of(self, asked: Tagging) -> Statements[list[CustomerTagRow]]:
        """What the customer has of the key, the last applied first."""
        return (yield Sent(self._held, {"customer": asked.customer_id, "key": asked.key}))


def _change(unit: Unit, before: CustomerTagRow, after: CustomerTagRow) -> None:
    whose = {"customer_id": unit.customer_id, "key": before.key, "was": before.value_key}
    unit.change(CHANGED, whose | {name: getattr(after, name) for name in SET})


def _differences(key: str, before: CustomerTagRow | None, after: CustomerTagRow | None) -> list[AuditChange]:
    """What value and count were and became."""
    return [
        AuditChange(f"tags.{key}.{name}", was, became)
        for name in ("value", "count")
        for was, became in ((getattr(before, name, None), getattr(after, name, None)),)
        if was != became
    ]


def _tell(unit: Unit, action: TagAction, tag: CustomerTagRow, changes: Sequence[AuditChange]) -> None:
    """The tag's history, the audit log and the event stream."""
    actor, origin = unit.write.actor, origin_of(unit.write.actor).value
    unit.change(
        LOGGED,
        {
            "customer_id": unit.customer_id,
            "id": unit.ids["change"],
            "key": tag.key,
            "value": tag.value,
            "action": action.value,
            "origin": origin,
            "at": unit.write.now,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
        },
    )
    unit.feed(News.TAGS)
    unit.audit(f"Tag {tag.name} {WORDS[action]}", changes)
    if action in EVENTS:
        unit.record(Happened(EVENTS[action], {"key": tag.key, "value": tag.value, "origin": origin}))
