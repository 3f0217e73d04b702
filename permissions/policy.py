"""The one place that decides: may this caller have this field, and in clear?"""

from collections.abc import Iterable

from permissions.model import AccessDenied, Principal, RequiredScopes, Scope, ViewerKind

PII = Scope("pii:read")


class NotAuthenticated(Exception):
    """The field is for callers with a token."""

    def __init__(self) -> None:
        super().__init__("This needs a token.")


def requires(*scopes: str) -> RequiredScopes:
    """All of these scopes."""
    return (frozenset(Scope(scope) for scope in scopes),)


def check(principal: Principal, needs: Iterable[RequiredScopes]) -> None:
    """Pass when every one of the requirements is met. Raises NotAuthenticated, AccessDenied."""
    if principal.kind is ViewerKind.ANONYMOUS:
        raise NotAuthenticated
    for required in needs:
        if not principal.holds(required):
            raise AccessDenied(required)


def sees(principal: Principal, scope: Scope = PII) -> bool:
    """True when the caller reads in clear what this scope unmasks."""
    return scope in principal.scopes
