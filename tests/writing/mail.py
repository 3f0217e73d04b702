"""A mail server on the loopback that keeps what it is given, or refuses it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "gateway", "secret"


class Mail(msgspec.Struct, frozen=True):
    """A message as it came in."""

    recipients: tuple[str, ...]
    message: EmailMessage
    is_secret: bool
    """True where the connection was."""

    @property
    def body(self) -> str:
        content: str = self.message.get_content()
        return content


class Inbox:
    """What came in, and what is answered to whom."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refused: dict[str, str] = {}
        """The reply for a recipient who is refused."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(tuple(envelope.rcpt_tos), message, session.ssl is not None))
        return "250 OK"


@asynccontextmanager
async def mail_server(inbox: Inbox, *, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
    """The port of a running server; with `tls` it demands STARTTLS and a password."""
    more: dict[str, Any] = {}
    if tls is not None:
        more = {"tls_context": tls, "require_starttls": True, "auth_required": True, "authenticator": _known}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(inbox, hostname="mail.example", **more), "127.0.0.1", port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    is_known = given == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known)
