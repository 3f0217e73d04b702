"""The development key: made on first use, trusted by `demo` and `serve --dev` alone, and the tokens it signs."""

import base64
import hmac
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.config import DEVELOPMENT_ISSUER, DEVELOPMENT_KEY_PREFIX, PREFIX, ConfigError

AUDIENCE = "customer-graph"
ALGORITHM = "HS256"
FILE = "development.key"
TTL_S = 8 * 3_600
MAX_TTL_S = 366 * 24 * 3_600


def state_folder() -> Path:
    """Where the development key lies: `CUSTOMER_GRAPH_STATE`, else `customer-graph` in the user's state folder (XDG)."""
    if named := os.environ.get(f"{PREFIX}STATE"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "customer-graph"


class DevelopmentKey:
    """Signs tokens for development. Raises ConfigError when its file can't be made or read, or holds something else."""

    def __init__(self, state: Path | None = None) -> None:
        file = (state or state_folder()) / FILE
        try:
            if not file.exists():
                _create(file)
            self._secret = file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ConfigError([f"{file}: {error.strerror}"]) from None
        except ValueError:
            self._secret = ""
        if not self._secret.startswith(DEVELOPMENT_KEY_PREFIX):
            raise ConfigError([f"{file}: is no development key, remove the file and a new key is made"])

    @property
    def sections(self) -> Mapping[str, dict[str, Any]]:
        """The sections of a config that trusts this key; its other secrets are derived from it, so they stay the same."""
        return {
            "auth": {
                "issuer": DEVELOPMENT_ISSUER,
                "audience": AUDIENCE,
                "algorithms": [ALGORITHM],
                "key": self._secret,
                "leeway_s": 0,
                "max_lifetime_s": MAX_TTL_S,
            },
            "privacy": {"master_key": self._derived("privacy")},
            "cursors": {"secret": self._derived("cursors")},
            "signing": {"key": self._signing_key()},
        }

    def mint(
        self,
        role: str,
        *,
        subject: str | None = None,
        name: str | None = None,
        customer: UUID | None = None,
        stores: Sequence[str] = (),
        ttl_s: int = TTL_S,
        audience: str = AUDIENCE,
        scope: str | None = None,
    ) -> str:
        """A token for a role; `customer` and `stores` bind its reach, `scope` narrows it, a negative `ttl_s` has expired."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": audience,
            "sub": subject or role,
            "iat": now + min(ttl_s, 0),
            "exp": now + ttl_s,
            "roles": [role],
        }
        optional = {
            "name": name,
            "customer": None if customer is None else str(customer),
            "stores": list(stores) or None,
            "scope": scope,
        }
        claims |= {claim: value for claim, value in optional.items() if value is not None}
        return jwt.encode(claims, self._secret, ALGORITHM)

    def _derived(self, purpose: str) -> str:
        return base64.b64encode(self._digest(purpose)).decode()

    def _signing_key(self) -> str:
        key = Ed25519PrivateKey.from_private_bytes(self._digest("signing"))
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def _digest(self, purpose: str) -> bytes:
        return hmac.digest(self._secret.encode(), purpose.encode(), "sha256")


def _create(file: Path) -> None:
    """Make the key, readable by its owner alone; of two processes at once one makes it and both use that."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(f"{DEVELOPMENT_KEY_PREFIX}{secrets.token_urlsafe(32)}\n")
    # A link appears whole or not at all: no other process can read half a key.
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
