"""The root of writing."""

from schema.points import PointMutations
from schema.views import view


@view()
class Mutation(PointMutations):
    """What can be changed. Mutations of one operation run one after another, each in its own transaction."""
