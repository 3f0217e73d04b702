"""Document text → a document that is parsed, within the limits and valid; each is made once and kept."""

import math
import sys
from collections import OrderedDict
from functools import partial

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Token,
    TokenKind,
    parse,
    validate,
)
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged

from gateway.errors import Code, too_complex, unfit
from gateway.plan.compiling import INTROSPECTION
from gateway.plan.cost import TooLong
from gateway.plan.operation import MAX_PRICED, Operation
from gateway.sections import ServerSettings

MAX_DEFINITIONS = 30
MAX_ROOT_FIELDS = 20
MAX_FIELDS = 500
MAX_DIRECTIVES = 50
MAX_COMMENTS = 100
MAX_LINES = 2_000
MAX_NAME = 200
MAX_DIGITS = 20
MAX_VALIDATION_ERRORS = 5
MAX_COMPILED, MAX_WORK = 1_000, 10_000
"""Fields that a plan can come to have, and selections and values that are gone through for them: each is compiled for
every type that its parent can be of. They take 40 ms, as measured by `benchmarks/hostile.py`."""
HELD_BYTES = 25_000_000
"""What documents and their plans take together, about."""
DOCUMENT_BYTES, TOKEN_BYTES, PRICED_BYTES, TEXTS = 56_000, 370, 100, 3
"""What a document takes, each token of it, each field for each type that it is priced for, and how often its text is held;
as measured by `benchmarks/documents.py`."""
TOO_LONG = f"The document has more than {MAX_PRICED} selections, counted for every type there can be."
ABORTED = ("Syntax Error: Document contains more than", "Syntax Error: Document is nested too deeply")

# The defaults of graphql-core allow two rules 0.7 s of work on one document; these, 30 ms.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000
validation_context.MAX_FRAGMENT_WORK = 5_000


class Extent(msgspec.Struct, frozen=True):
    """How much a selection asks for, fragments expanded. Introspection counts as fields and not as depth."""

    fields: int = 0
    root_fields: int = 0
    directives: int = 0
    depth: int = 0

    def with_spread(self, of: "Extent", level: int | None) -> "Extent":
        """This and a fragment spread at a level; None is inside an introspection."""
        return Extent(
            min(self.fields + of.fields, MAX_FIELDS + 1),
            min(self.root_fields + (of.root_fields if level == 0 else 0), MAX_ROOT_FIELDS + 1),
            min(self.directives + of.directives, MAX_DIRECTIVES + 1),
            self.depth if level is None else max(self.depth, level + of.depth),
        )


class _Own(msgspec.Struct):
    """What one definition holds itself, and where it spreads which fragments."""

    extent: Extent
    spreads: list[tuple[str, int | None]]


class Analysis:
    """The extents of a document's operations. Each selection is visited once, whatever spreads it."""

    def __init__(self, document: DocumentNode) -> None:
        self.visited = 0
        """Selections visited: the work that was done."""
        definitions = document.definitions
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        self._extents: dict[str, Extent] = {}
        self.operations = [self._total(node) for node in definitions if isinstance(node, OperationDefinitionNode)]

    def _total(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> Extent:
        own = self._own(definition)
        total = own.extent
        for name, level in own.spreads:
            total = total.with_spread(self._fragment(name), level)
        return total

    def _fragment(self, name: str) -> Extent:
        """The extent of a fragment; nothing for one that is unknown or inside itself, which validation refuses."""
        known = self._extents.get(name)
        if known is None:
            self._extents[name] = known = Extent()
            if name in self._fragments:
                self._extents[name] = known = self._total(self._fragments[name])
        return known

    def _own(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Own:
        fields = root_fields = depth = 0
        directives = len(definition.directives or ())
        spreads: list[tuple[str, int | None]] = []
        waiting: list[tuple[SelectionSetNode, int | None]] = [(definition.selection_set, 0)]
        while waiting:
            selections, level = waiting.pop()
            for node in selections.selections:
                self.visited += 1
                directives += len(node.directives or ())
                if isinstance(node, FragmentSpreadNode):
                    spreads.append((node.name.value, level))
                elif isinstance(node, InlineFragmentNode):
                    waiting.append((node.selection_set, level))
                elif isinstance(node, FieldNode):
                    below = None if level is None or node.name.value in INTROSPECTION else level + 1
                    fields, root_fields, depth = fields + 1, root_fields + (level == 0), max(depth, below or 0)
                    if node.selection_set is not None:
                        waiting.append((node.selection_set, below))
        return _Own(Extent(fields, root_fields, directives, depth), spreads)


class Document(msgspec.Struct):
    """A document that can be executed."""

    operations: dict[str | None, Operation]
    tokens: int
    own_bytes: int
    """What it takes without plans, about."""
    counted_bytes: int = 0
    """What was counted of it last."""

    def grown(self) -> int:
        """By how many bytes it has grown since it was last counted, its plans included."""
        before = self.counted_bytes
        self.counted_bytes = self.own_bytes + sum(operation.bytes for operation in self.operations.values())
        return self.counted_bytes - before

    def operation(self, name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises Refused."""
        if name is not None:
            found = self.operations.get(name)
            if found is None:
                raise unfit(Code.BAD_REQUEST, GraphQLError(f"The document has no operation named '{name}'."))
            return found
        if len(self.operations) != 1:
            raise unfit(
                Code.BAD_REQUEST, GraphQLError("The document has not exactly one operation: name one in operationName.")
            )
        return next(iter(self.operations.values()))


class Documents:
    """Every document that was sent lately with its plans, as far as the memory for them reaches; none that was refused."""

    def __init__(self, schema: GraphQLSchema, limits: ServerSettings) -> None:
        self._schema, self._limits = schema, limits
        self._held: OrderedDict[str, Document] = OrderedDict()
        self.bytes = 0
        """What they take together, about."""

    def __len__(self) -> int:
        return len(self._held)

    def find(self, text: str) -> Document:
        """The document of this text. Raises Refused: syntax, validation, or more than the limits allow."""
        found = self._held.get(text)
        if found is not None:
            self._held.move_to_end(text)
            return found
        made = self._make(text)
        self._held[text] = made
        self._count(text)
        return made

    def _count(self, text: str) -> None:
        """Count a document that is new or has grown, and let go of those that were asked for least lately."""
        document = self._held.get(text)
        if document is None:  # let go of while it ran
            return
        self.bytes += document.grown()
        while self.bytes > HELD_BYTES:
            self.bytes -= self._held.popitem(last=False)[1].counted_bytes

    def _make(self, text: str) -> Document:
        limit = self._limits.max_document_bytes
        if len(text) > limit or len(text.encode()) > limit:
            raise too_complex(f"The document is longer than {limit} bytes.")
        node = self._parsed(text)
        tokens = _tokens(node)
        self._check(node)
        errors = validate(self._schema, node, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=True)
        if errors:
            raise unfit(Code.GRAPHQL_VALIDATION_FAILED, *errors[:MAX_VALIDATION_ERRORS])
        operations = [
            Operation(self._schema, node, found, partial(self._count, text))
            for found in node.definitions
            if isinstance(found, OperationDefinitionNode)
        ]
        own_bytes = DOCUMENT_BYTES + TOKEN_BYTES * tokens + PRICED_BYTES * _priced(operations)
        own_bytes += TEXTS * sys.getsizeof(text)
        return Document({found.name: found for found in operations}, tokens, own_bytes)

    def _parsed(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_lexical_tokens=self._limits.max_tokens, max_comments=MAX_COMMENTS)
        except GraphQLSyntaxError as error:
            if error.message.startswith(ABORTED):
                raise too_complex(error.message.removeprefix("Syntax Error: ")) from None
            raise unfit(Code.GRAPHQL_PARSE_FAILED, error) from None

    def _check(self, node: DocumentNode) -> None:
        """Refuse what asks for too much before validation, whose work grows faster than the document."""
        if len(node.definitions) > MAX_DEFINITIONS:
            raise too_complex(f"The document has more than {MAX_DEFINITIONS} definitions.")
        for extent in Analysis(node).operations:
            for what, asked, limit in (
                ("fields", extent.fields, MAX_FIELDS),
                ("root fields", extent.root_fields, MAX_ROOT_FIELDS),
                ("directives", extent.directives, MAX_DIRECTIVES),
                ("levels of fields", extent.depth, self._limits.max_depth),
            ):
                if asked > limit:
                    raise too_complex(f"The operation has more than {limit} {what}, fragments expanded.")


def _priced(operations: list[Operation]) -> int:
    """Price the operations of a document: how many fields they have. Raises Refused for what would take long to price or to
    compile."""
    visited = fields = 0
    for operation in operations:
        try:
            price = operation.price
        except TooLong:
            raise too_complex(TOO_LONG) from None
        visited, fields = visited + price.visited, fields + price.fields
        if visited > MAX_PRICED:
            raise too_complex(TOO_LONG)
        for what, asked, limit in (
            ("fields", price.fields, MAX_COMPILED),
            ("selections and values", price.work, MAX_WORK),
        ):
            if asked > limit:
                raise too_complex(f"The operation has more than {limit} {what}, counted for every type there can be.")
    return fields


def _tokens(document: DocumentNode) -> int:
    """How many tokens a document has, which are taken apart: only those where nodes begin and end are needed any more.

    Raises Refused for one that is too long or stands too far down, and for a text that no source holds.
    """
    count = 0
    token = document.loc.start_token if document.loc else None
    while token is not None:
        count += 1
        _check_token(token)
        following = token.next
        # Linked both ways they would be a cycle, and the document be left to the collector once it is let go of.
        token.prev = token.next = None
        token = following
    return count


def _check_token(token: Token) -> None:
    kind, value = token.kind, token.value or ""
    if token.line > MAX_LINES:
        raise too_complex(f"The document has more than {MAX_LINES} lines.")
    if kind is TokenKind.NAME and len(value) > MAX_NAME:
        raise too_complex(f"The document has a name of more than {MAX_NAME} characters.")
    if kind in {TokenKind.INT, TokenKind.FLOAT} and len(value) > MAX_DIGITS:
        raise too_complex(f"The document has a number of more than {MAX_DIGITS} digits.")
    if kind is TokenKind.FLOAT and math.isinf(float(value)):
        raise too_complex("The document has a number that is too large.")
    if kind in {TokenKind.STRING, TokenKind.BLOCK_STRING} and "\0" in value:
        raise unfit(Code.BAD_USER_INPUT, GraphQLError("A text of the document has a NUL character."))
