"""What can be done with a thing, as clients see it."""

from resolvers import actions
from schema.views import view


@view(actions.AvailableAction)
class AvailableAction:
    """Something that can be done, or why it can't be done now."""

    action: str
    """Name of the mutation."""
    enabled: bool
    """True when the mutation would be accepted now."""
    disabled_reason: str | None
    """Why it would not be, in words; null when enabled."""
    requires_approval: bool
    """True when whatever amount you ask for waits for a second person."""
    scope: str
    """The scope that it needs."""
