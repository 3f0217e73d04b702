"""Messages sent by a mail server (RFC 5321); text messages too, as mail to a provider's address for the number."""

import asyncio
import ssl
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from enum import Enum

import aiosmtplib
import msgspec

from datasources.notifiers.texts import text_for
from datasources.notifying import Notification, Template
from datasources.profiles import Channel
from datasources.relaying import CarrierDown, NotTaken, Undeliverable

LASTING = 500
"""Reply codes from here on say that trying again does not help (RFC 5321 section 4.2.1)."""


class Security(Enum):
    """How the connection is kept secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailServer(msgspec.Struct, frozen=True):
    """Where mail is handed over, and by whom; `links` has a place for the token in each link.

    `sms_domain` is the provider's, who takes mail to a number there as a text message; None where nobody does.
    """

    host: str
    port: int
    security: Security
    sender: Address
    links: Mapping[Template, str]
    username: str | None = None
    password: str | None = None
    sms_domain: str | None = None
    ca_file: str | None = None
    timeout_s: float = 10.0


class SmtpNotifier:
    """Serves `datasources.notifying.Notifier`: one connection a message."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self.channels = frozenset((Channel.EMAIL, Channel.SMS) if server.sms_domain else (Channel.EMAIL,))
        self._tls: ssl.SSLContext | None = None

    async def send(self, notification: Notification) -> None:
        """See Notifier."""
        message, to = self._message(notification), self._recipient(notification)
        try:
            async with asyncio.timeout(self._server.timeout_s):
                await self._handed_over(message, to)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0].code) from error.recipients[0]
        except aiosmtplib.SMTPDataError as error:
            raise _refused(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise CarrierDown("the mail server does not take mail") from error

    async def _handed_over(self, message: EmailMessage, to: str) -> None:
        server = self._server
        await aiosmtplib.send(
            message,
            sender=server.sender.addr_spec,
            recipients=[to],
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=None if server.security is Security.NONE else self._context(),
            # The name of this machine is nobody's business.
            local_hostname=server.sender.domain,
            timeout=server.timeout_s,
        )

    def _message(self, notification: Notification) -> EmailMessage:
        text, server = text_for(notification.template, notification.language), self._server
        link = server.links[notification.template].replace("{token}", notification.token or "")
        message = EmailMessage(policy=SMTP)
        message["From"] = server.sender
        message["To"] = self._recipient(notification)
        message["Subject"] = text.subject
        message["Date"] = format_datetime(localtime())
        # The same for each attempt: whoever gets a message twice can tell.
        message["Message-ID"] = f"<{notification.id}@{server.sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body.replace("{link}", link))
        return message

    def _recipient(self, notification: Notification) -> str:
        if notification.channel is Channel.EMAIL:
            return notification.address
        return f"{notification.address.removeprefix('+')}@{self._server.sms_domain}"

    def _context(self) -> ssl.SSLContext:
        """What certificates are verified with, read once."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if self._server.ca_file is not None:
                self._tls.load_verify_locations(self._server.ca_file)
        return self._tls


def _refused(code: int) -> NotTaken | Undeliverable:
    lasts = code >= LASTING
    return Undeliverable("the mail server refused it") if lasts else NotTaken("the mail server did not take it yet")
