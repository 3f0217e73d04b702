"""The sections of the config about letting people in: the gateway's own key, and who sends messages."""

from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, Field, SecretStr, model_validator

from datasources.addresses import is_loopback, secure_url
from datasources.secrets import FileText
from gateway.sections import Section, Text

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
SMTP = "smtp"


def _private_key(text: str) -> PrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("must be a private key in PEM without a password") from None
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise ValueError("must be an Ed25519 or a P-256 key")


def _signs(text: SecretStr) -> SecretStr:
    _private_key(text.get_secret_value())
    return text


def _link(url: str) -> str:
    """The token stands in it once, and it is fetched in secret."""
    secure_url(url)
    if url.count("{token}") != 1:
        raise ValueError("must have {token} once, where the token goes")
    return url


def _sender(text: str) -> str:
    try:
        address_of(text)
    except (MessageError, ValueError, IndexError):
        raise ValueError("must be an e-mail address, with a name before it or not") from None
    return text


def address_of(text: str) -> Address:
    """The address that `Name <local@domain>` spells. Raises ValueError, IndexError, MessageError."""
    name, spec = parseaddr(text)
    address = Address(display_name=name, addr_spec=spec)
    if not text.isprintable() or not address.username or not address.domain:
        raise ValueError("no address")
    return address


Link = Annotated[str, AfterValidator(_link)]


class SigningSettings(Section):
    """The gateway's own key, and how long what it signs is good for."""

    key: Annotated[SecretStr, AfterValidator(_signs)] | None = None
    key_file: Annotated[FileText, AfterValidator(_signs)] | None = None
    session_ttl_s: int = Field(default=900, ge=60, le=3_600)
    link_ttl_s: int = Field(default=1_800, ge=300, le=86_400)

    @property
    def private_key(self) -> PrivateKey:
        """The key."""
        found = self.key or self.key_file
        return _private_key("" if found is None else found.get_secret_value())

    @model_validator(mode="after")
    def _one_key(self) -> "SigningSettings":
        if (self.key is None) == (self.key_file is None):
            raise ValueError("needs exactly one of key and key_file")
        return self


class NotifierSettings(Section):
    """Who sends messages to customers: a mail server, or nobody and the log says so."""

    kind: Literal["log", "smtp"] = "log"
    host: Text | None = None
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Text | None = None
    username: Text | None = None
    password: SecretStr | None = None
    password_file: FileText | None = None
    sender: Annotated[str, AfterValidator(_sender)] | None = None
    password_reset_url: Link | None = None
    phone_verification_url: Link | None = None
    sms_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")] | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    @property
    def secret(self) -> str | None:
        """The password."""
        found = self.password or self.password_file
        return None if found is None else found.get_secret_value()

    @model_validator(mode="after")
    def _whole(self) -> "NotifierSettings":
        if self.kind != SMTP:
            return self
        missing = [name for name in ("host", "sender", "password_reset_url") if getattr(self, name) is None]
        if missing:
            raise ValueError(f"smtp needs {', '.join(missing)}")
        if (self.sms_domain is None) != (self.phone_verification_url is None):
            raise ValueError("sms_domain and phone_verification_url go together")
        if self.password is not None and self.password_file is not None:
            raise ValueError("takes one of password and password_file")
        if (self.username is None) != (self.secret is None):
            raise ValueError("username and password go together")
        if self.security == "none" and not is_loopback(self.host or ""):
            raise ValueError("security none is for a server on a loopback address only")
        return self
