"""The one walk of an operation that makes its plan."""

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    default_type_resolver,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from gateway.plan.ahead import ahead, leading
from gateway.plan.fields import Paged, Wanted, denied, masking, resolved
from gateway.plan.many import PagesOfEach
from gateway.plan.plan import Plan
from gateway.plan.projection import NOTHING, Projection, Reads, names_in
from gateway.plan.quick import Writer
from gateway.plan.reads import reads_of, shows_customers
from gateway.plan.run import Complete, Run
from gateway.plan.selections import Field, Items, Later, Objects, Selection, Within, an_object, leaf, one_of, present
from gateway.plan.weights import is_list
from permissions.masking import masked
from permissions.model import Principal
from resolvers.customer_lists import CustomerList
from schema.fields import ROW

INTROSPECTION = frozenset({"__schema", "__type"})
TYPENAME = "__typename"
TOTAL = "totalCount"


class Unplanned(Exception):
    """An operation that has no plan: graphql-core runs it."""


class Compiler:
    """Compiles one operation for one class of callers; `conditions` are the values of the variables of `@skip` and `@include`.

    The selections of interfaces and unions are compiled when a row first turns out to be of a type; `grown` is called
    then.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        principal: Principal,
        conditions: VariableValues,
        grown: Callable[[], None] = lambda: None,
    ) -> None:
        self._schema, self._operation, self._principal, self._conditions = schema, operation, principal, conditions
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._writer, self._grown, self._projection = Writer(), grown, Projection()
        self.asks_by_field = False
        """Each field asks in its own turn, for its own row: not before that is there, nor for many rows at once."""
        self.fields = 0
        """How many were compiled so far."""
        self._is_listed = False
        """True below a list."""
        self._root = ""
        self._asking: set[str] = set()
        self._asks_alone = True
        """Each field that asks does so once, for one object: it stands in no list, nor twice, nor beside another root field."""

    def plan(self) -> Plan:
        """The plan. Raises Unplanned for introspection, and where a condition is no truth value."""
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None  # noqa: S101  # validation has refused it
        self._root = root.name
        try:
            found = collect_fields(
                self._schema, self._fragments, self._conditions, root, self._operation, hide_suggestions=True
            )
            if any(details[0].node.name.value in INTROSPECTION for details in found.grouped_field_set.values()):
                raise Unplanned
            selection = self._selection(root, found.grouped_field_set)
        except GraphQLError as error:
            raise Unplanned from error
        kind = self._operation.operation
        asks_alone = kind is OperationType.QUERY and self._asks_alone
        return Plan(selection, kind is OperationType.MUTATION, asks_alone, self._projection.customer_columns)

    def _selection(self, type_: GraphQLObjectType, grouped: GroupedFieldSet) -> Selection:
        fields: list[Field] = []
        later: list[Later] = []
        constants: dict[str, str] = {}
        entries: list[tuple[str, str]] = []
        for key, details in grouped.items():
            if details[0].node.name.value == TYPENAME:
                constants[key] = type_.name
                entries.append((key, repr(type_.name)))
                continue
            planned = self._field(type_, key, details)
            fields.append(planned.field)
            if planned.later is not None:
                later.append(planned.later)
            entries.append((key, planned.expression))
        return Selection(tuple(grouped), fields, later, constants, self._writer.write(entries))

    def _field(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList) -> "Planned":
        self.fields += 1
        nodes = [one.node for one in details]
        return self.planned(Wanted(parent.name, parent.fields[nodes[0].name.value], nodes), key, details)

    def planned(self, wanted: Wanted, key: str, details: FieldDetailsList) -> "Planned":
        """What becomes of a field."""
        type_ = wanted.field.type
        if wanted.asks:
            self._ask(wanted)
        field = Field(key, wanted.nodes, is_nullable=not isinstance(type_, GraphQLNonNull))
        refusal = wanted.refusal(self._principal)
        if refusal is not None:
            field.resolve, field.complete, field.reads = denied(wanted, refusal), _never, NOTHING
            return Planned(field, later=field)
        selection = self._below(type_, details)
        if selection is not None and shows_customers(get_named_type(type_).name):
            self._projection.add_customers(selection.reads)
        field.complete = self._completer(type_, wanted, selection, details)
        field.reads = reads_of(wanted.parent, wanted.definition, _below_read(type_, selection))
        definition = wanted.definition
        if definition is not None and definition.paging is not None and definition.serve is not None:
            assert selection is not None  # noqa: S101  # connections are objects
            wants_total = any(one.nodes[0].name.value == TOTAL for one in selection.fields)
            self._projection.add(wanted.coordinate, selection.reads)
            paged = Paged(wanted, definition.serve, definition.paging, self._projection, wants_total=wants_total)
            complete = selection.complete if field.is_nullable else field.complete
            field.resolve, field.complete = paged.resolve, paged.shown(complete)
            if self._is_listed and not self.asks_by_field and isinstance(definition.serve, CustomerList):
                field.of_each = PagesOfEach(paged, definition.serve, selection)
            self._lead(wanted, field, None)
            selection.compile(is_listed=field.of_each is not None)
            return Planned(field, later=field)
        field.resolve = resolved(wanted)
        self._lead(wanted, field, selection)
        kind = wanted.mask(self._principal)
        if kind is not None:
            field.complete = masking(kind, field.complete)
        expression = self._expression(wanted, selection)
        if expression is not None:
            has_more = selection is not None and selection.later
            return Planned(field, expression, Within(field, selection) if selection is not None and has_more else None)
        if selection is not None:
            selection.compile(is_listed=is_list(type_))
        return Planned(field, later=field)

    def _ask(self, wanted: Wanted) -> None:
        """Note a field that may ask a source."""
        is_second = bool(self._asking) if wanted.parent == self._root else wanted.coordinate in self._asking
        self._asks_alone = self._asks_alone and not self._is_listed and not is_second
        self._asking.add(wanted.coordinate)

    def _lead(self, wanted: Wanted, field: Field, selection: Selection | None) -> None:
        """Note how the field is asked for before its row is there; one whose customer is known has those below it begun."""
        field.ahead = ahead(wanted, field.resolve)
        if selection is None or wanted.known is None or self.asks_by_field:
            return
        below = [one for one in selection.fields if one.ahead is not None]
        for one in below:
            one.resolve = one.ahead.resolve
        field.resolve = leading(wanted.known, field.resolve, [one.ahead for one in below])

    def _below(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Selection | None:
        """What is selected of the objects that a field returns; None for leaves, and where rows tell their type."""
        returned = get_named_type(type_)
        if not isinstance(returned, GraphQLObjectType):
            return None
        before, self._is_listed = self._is_listed, self._is_listed or is_list(type_)
        selection = self._subselection(returned, details)
        self._is_listed = before
        return selection

    def _subselection(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        found = collect_subfields(
            self._schema, self._fragments, self._conditions, self._operation, type_, details, hide_suggestions=True
        )
        return self._selection(type_, found.grouped_field_set)

    def _expression(self, wanted: Wanted, selection: Selection | None) -> str | None:
        """The expression of a field's value, where a row tells all of it at once."""
        if selection is None and not is_leaf_type(get_named_type(wanted.field.type)):
            return None
        if selection is not None and selection.later and not wanted.is_part:
            return None
        definition = wanted.definition
        if definition is not None and definition.wrapped is not None and selection is not None:
            of_wrapped = self._writer.of_wrapped(definition.wrapped, selection)
            if of_wrapped is not None:
                return of_wrapped
        if definition is not None and definition.written is not None:
            value = self._writer.written(definition.written)
        elif wanted.attribute is not None:
            value = f"{ROW}.{wanted.attribute}"
        elif wanted.at_once is not None:
            value = self._writer.answered(wanted.at_once)
        else:
            return None
        kind = wanted.mask(self._principal)
        if kind is not None:
            value = f"{self._writer.known(masked)}({self._writer.known(kind)}, {value})"
        return self._writer.of_type(wanted.field.type, value, selection)

    def _completer(
        self, type_: GraphQLOutputType, wanted: Wanted, selection: Selection | None, details: FieldDetailsList
    ) -> Complete:
        if isinstance(type_, GraphQLNonNull):
            return present(self._completer(type_.of_type, wanted, selection, details), wanted.coordinate)
        if isinstance(type_, GraphQLList):
            return self._of_list(type_.of_type, wanted, selection, details)
        if is_leaf_type(type_):
            return leaf(type_)
        if selection is not None:
            return an_object(selection)
        assert isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType))  # noqa: S101  # no other is left
        self._asks_alone = False
        for one in details:  # compiled when the operation runs already
            self._projection.ask_for_all(names_in(one.node.selection_set, self._fragments, set()))
        if any(shows_customers(possible.name) for possible in self._schema.get_possible_types(type_)):
            self._projection.add_customers(None)
        return one_of(self._name_of(type_), self._by_name(type_, details))

    def _of_list(
        self, item: GraphQLOutputType, wanted: Wanted, selection: Selection | None, details: FieldDetailsList
    ) -> Complete:
        complete, is_nullable = self._completer(item, wanted, selection, details), not isinstance(item, GraphQLNonNull)
        named = item.of_type if isinstance(item, GraphQLNonNull) else item
        if selection is not None and isinstance(named, GraphQLObjectType):
            return Objects(selection, complete, wanted.nodes, wanted.coordinate, is_nullable=is_nullable)
        return Items(complete, wanted.nodes, wanted.coordinate, is_nullable=is_nullable)

    def _name_of(self, type_: GraphQLInterfaceType | GraphQLUnionType) -> Callable[[Any, Run], str]:
        """Tells the name of a row's type. Raises TypeError where it is none of those that there can be."""
        resolve_type = type_.resolve_type or default_type_resolver
        possible = {found.name for found in self._schema.get_possible_types(type_)}

        def name_of(row: Any, run: Run) -> str:
            info: Any = SimpleNamespace(context=run.context, schema=self._schema, is_awaitable=lambda _value: False)
            name = resolve_type(row, info, type_)
            if name not in possible:
                raise TypeError(f"A row turned out to be a {name}, which is no {type_.name}.")
            return str(name)

        return name_of

    def _by_name(
        self, type_: GraphQLInterfaceType | GraphQLUnionType, details: FieldDetailsList
    ) -> Callable[[str], Selection]:
        possible = {found.name: found for found in self._schema.get_possible_types(type_)}

        @cache
        def selection_of(name: str) -> Selection:
            selection = self._subselection(possible[name], details)
            selection.compile(is_listed=False)
            self._grown()
            return selection

        return selection_of


class Planned(NamedTuple):
    """What becomes of a field: the expression of its value, null where it is resolved later, and what comes later."""

    field: Field
    expression: str = "None"
    later: Later | None = None


def _below_read(type_: GraphQLOutputType, selection: Selection | None) -> Reads:
    """What is read of the rows that a field returns; nothing where it returns leaves."""
    if selection is not None:
        return selection.reads
    return NOTHING if is_leaf_type(get_named_type(type_)) else None


def _never(_run: Run, _value: Any, _position: Any) -> None:
    """Completes what is never resolved."""
    raise AssertionError
