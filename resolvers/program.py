"""How the program is set up, as the settings of this request tell."""

from datasources.program import EventCategory, EventType, ProgramSettings, SearchSettings
from datasources.registry import Domain
from resolvers.context import Context


def program(_root: object, context: Context) -> ProgramSettings:
    """The program's settings."""
    return context.settings


def capabilities(_settings: ProgramSettings, context: Context) -> list[Domain]:
    """What the program has: the domains that a source is bound to (T6)."""
    return [domain for domain in Domain if domain in context.sources.bound]


def search(settings: ProgramSettings, context: Context) -> SearchSettings:
    """How customers are searched by this caller, whose roles may hold them to the exact search."""
    return SearchSettings(context.search_mode, settings.search.page_sizes)


def category(type_: EventType, context: Context) -> EventCategory:
    """What an event type rolls up to (F16)."""
    return context.settings.event_category(type_.category)
