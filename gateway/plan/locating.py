"""An error with its place in the document and in the answer, as graphql-core tells it."""

from collections.abc import Sequence

from graphql import FieldNode, GraphQLError, SourceLocation


def located(error: Exception, nodes: Sequence[FieldNode], path: list[str | int]) -> GraphQLError:
    """The error of a field, at the places of its nodes; one of graphql-core keeps those that it has.

    The tokens know their lines. graphql-core counts them in the text each time, which takes longer than all else where many
    rows of a long document fail, and in the name of the source where an error has one.
    """
    if isinstance(error, GraphQLError) and error.path is not None:
        return error
    found = GraphQLError(str(getattr(error, "message", error)), path=path, original_error=error)
    if isinstance(error, GraphQLError) and error.locations:
        found.nodes, found.locations = error.nodes, error.locations
    else:
        found.nodes, found.locations = list(nodes), [_location(node) for node in nodes]
    return found


def _location(node: FieldNode) -> SourceLocation:
    assert node.loc is not None  # noqa: S101  # documents are parsed with their locations
    token = node.loc.start_token
    return SourceLocation(token.line, token.column)
