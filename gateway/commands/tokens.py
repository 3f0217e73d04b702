"""`token`: tokens of the development key."""

import asyncio
import uuid
from typing import Annotated
from uuid import UUID

import typer

from datasources.errors import InvalidRequest
from datasources.profiles import LookupKind, Within
from gateway.commands.failing import Failed
from gateway.commands.preparing import check_schemas
from gateway.commands.settings import ConfigFile, DatabaseUrl, configured
from gateway.config import Settings
from gateway.development import AUDIENCE, MAX_TTL_S, TTL_S, DevelopmentKey
from gateway.sources import Runtime
from permissions.model import ViewerKind
from permissions.roles import SCOPES
from schema.ids import parse_id


def token(
    role: Annotated[str, typer.Option(help="What the token may do: a role of the config, or a default one.")],
    *,
    subject: Annotated[str | None, typer.Option(help="Who acts, as histories keep it; the role when left out.")] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="The one customer it reaches: id, uuid, support id or external id.")
    ] = None,
    location: Annotated[
        list[str] | None, typer.Option(metavar="STORE_ID", help="Binds the reach to customers of a store; repeatable.")
    ] = None,
    ttl: Annotated[
        int, typer.Option(min=-MAX_TTL_S, max=MAX_TTL_S, help="Seconds it is good for; negative: expired already.")
    ] = TTL_S,
    audience: Annotated[str, typer.Option(help="Whom it is for.")] = AUDIENCE,
    scope: Annotated[
        list[str] | None, typer.Option(help="Narrows the role to these scopes; repeatable, or parted by spaces.")
    ] = None,
    config: ConfigFile = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print a token on the last line. It is signed by the development key, which `demo` and `serve --dev` trust."""
    settings = configured(config, dev=True, database_url=database_url)
    known = settings.role_table
    if role not in known:
        raise typer.BadParameter(f"unknown role '{role}': there are {', '.join(known)}", param_hint="--role")
    if known[role].kind is ViewerKind.MEMBER and customer is None:
        typer.echo("A member's token reaches nobody without --customer.", err=True)
    typer.echo(
        DevelopmentKey().mint(
            role,
            subject=subject,
            customer=None if customer is None else asyncio.run(customer_named(settings, customer)),
            stores=location or (),
            ttl_s=ttl,
            audience=audience,
            scope=_scopes(scope),
        )
    )


def _scopes(given: list[str] | None) -> str | None:
    if given is None:
        return None
    scopes = " ".join(given).split()
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise typer.BadParameter(f"unknown scope '{unknown[0]}'", param_hint="--scope")
    return " ".join(scopes)


async def customer_named(settings: Settings, text: str) -> UUID:
    """The customer that an id of any kind means; ids that hold the uuid need no database. Raises Failed, SourceError."""
    if text.startswith("Customer:"):
        try:
            return parse_id(text, "customer", "Customer")[1][0]
        except InvalidRequest as error:
            raise typer.BadParameter(str(error), param_hint="--customer") from None
    try:
        return uuid.UUID(text)
    except ValueError:
        return await _found(settings, text)


async def _found(settings: Settings, text: str) -> UUID:
    """The customer with this support id or external id. Raises Failed, SourceError."""
    await check_schemas(settings)
    runtime = await Runtime.open(settings)
    try:
        (customer,) = await runtime.sources.profiles.by_support_id([text.upper()], Within())
        if customer is not None:
            return customer.customer_id
        (matches,) = await runtime.sources.profiles.matches([text])
    finally:
        await runtime.close()
    found = {match.customer_id for match in matches if match.kind is LookupKind.EXTERNAL_ID}
    if not found:
        raise Failed(f"no customer has the support id or external id {text}")
    if len(found) > 1:
        raise Failed(f"{len(found)} customers have the external id {text}: name one by uuid or support id")
    return found.pop()
