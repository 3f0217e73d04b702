"""Tags as clients see them."""

import datetime as dt

import strawberry

from datasources import tags as rows
from datasources.registry import Domain
from resolvers import tags
from schema.audit import Audited
from schema.commands import Explained, Payload, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, lookup
from schema.values import Actor
from schema.views import Node, values, view

TAGS = Domain.TAGS
READ = "tags:read"

enum(
    rows.TagOrigin,
    AUTOMATIC="By what the customer did.",
    MANUAL="By staff.",
)
enum(
    rows.TagAction,
    ADDED="It was applied once more.",
    VALUE_SET="Another value took the place of the one before.",
    COUNT_RESET="Its count was set back to 0.",
    REMOVED="It was taken off.",
)


@view(rows.CustomerTagRow, requires=READ)
class CustomerTag:
    """A tag that a customer has."""

    key: str
    """Key of the tag."""
    value: str | None
    """Its value, for tags that have one."""
    name: str
    """The key, or `key=value`."""
    count: int
    """How often it was applied since the last reset."""
    cap = lookup(int | None, tags.cap)
    """How high the count can get; null without a limit."""
    origin: rows.TagOrigin
    """How it came first."""
    first_applied_at: dt.datetime
    """When it was applied for the first time."""
    last_applied_at: dt.datetime
    """When it was applied for the last time."""


@view(rows.TagChangeRow, requires=READ, find=tags.change)
class TagChange(Node):
    """Something that happened to a tag of a customer."""

    key: str
    """Key of the tag."""
    value: str | None
    """The value that it had then."""
    action: rows.TagAction
    """What happened."""
    origin: rows.TagOrigin
    """How it came about."""
    at: dt.datetime
    """When."""
    actor: Actor | None
    """Who did it."""


CustomerTagConnection = page_type("CustomerTag", CustomerTag, "tags")
TagChangeConnection = page_type("TagChange", TagChange, "changes of tags")


class TagQueries:
    """What tags there are."""

    tag_suggestions = lookup(
        list[str] | None,
        tags.suggestions,
        argument("prefix", str, "How the key begins, whatever case and accents."),
        argument("first", int | None, "How many at most, 1 to 200.", default=tags.SUGGESTED),
        requires=READ,
        served_by=TAGS,
    )
    """Keys to choose from when adding a tag: the program's and those in use, in the alphabet's order."""


class TagFields:
    """What a customer shows of tags."""

    tag_history = connection(TagChangeConnection, tags.history, requires=READ, domain=TAGS)
    """Everything that happened to the customer's tags, newest first."""
    # Last: here it hides the module of its name.
    tags = connection(CustomerTagConnection, tags.tags, requires=READ, domain=TAGS)
    """Top tags first: count, then last applied."""


@values(tags.TagInput)
class TagInput(Repeatable, Explained):
    """Which tag of which customer."""

    customer_id: strawberry.ID
    """Whose tag it is."""
    key: str
    """Key of the tag, at most 100 characters."""
    value: str | None
    """Its value, at most 200 characters; left out, the tag as it is there, or one without a value."""


@view(tags.TagPayload)
class TagPayload(Audited, Payload):
    """What came of a change of tags."""

    tag = lookup(CustomerTag | None, tags.written_tag)
    """The tag as it is now; null once it is taken off."""


NAMED = {"customer_id": "Customer"}


class TagMutations:
    """Changes of tags."""

    tag_add = command(TagPayload, tags.add, TagInput, ids=NAMED, requires="tags:write", written_by=TAGS)
    """Apply a tag once more, up to its cap; another value takes the place of the one before, unless it takes several.
    A key that the program does not define needs the scope tags:create."""
    tag_count_reset = command(TagPayload, tags.reset, TagInput, ids=NAMED, requires="tags:write", written_by=TAGS)
    """Set the count of a tag that has a cap back to 0."""
    tag_remove = command(TagPayload, tags.remove, TagInput, ids=NAMED, requires="tags:write", written_by=TAGS)
    """Take a tag off the customer; what happened to it stays in the history."""
