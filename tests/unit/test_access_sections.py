"""A config that sends messages or signs says all that it takes, or what is missing."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gateway import config
from gateway.development import DevelopmentKey
from gateway.signing import SigningKey
from tests.harness import SIGNING_KEY
from tests.unit.test_config import document, faults

SMTP = {
    "kind": "smtp",
    "host": "smtp.example.com",
    "sender": "Loyalty program <no-reply@example.com>",
    "password_reset_url": "https://login.example.com/password#{token}",
}
SIGNING = {"key": SIGNING_KEY}


def pem(key: Any, password: bytes | None = None) -> str:
    sealed = NoEncryption() if password is None else BestAvailableEncryption(password)
    text: str = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()
    return text


P256, P384 = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1()))


@pytest.mark.parametrize(("key", "algorithm"), [(SIGNING_KEY, "EdDSA"), (pem(P256), "ES256")])
def test_the_key_says_its_algorithm(key: str, algorithm: str) -> None:
    settings = config.production(document(signing={"key": key}))
    assert settings.signing is not None
    assert SigningKey(settings.signing, settings.auth).algorithm == algorithm


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({}, "signing: needs exactly one of key and key_file"),
        ({"key": "x"}, "signing.key: must be a private key in PEM without a password"),
        ({"key": pem(P256, b"p")}, "signing.key: must be a private key in PEM without a password"),
        ({"key": pem(P384)}, "signing.key: must be an Ed25519 or a P-256 key"),
        ({"key": pem(rsa.generate_private_key(65_537, 2_048))}, "signing.key: must be an Ed25519 or a P-256 key"),
        (SIGNING | {"session_ttl_s": 3_601}, "signing.session_ttl_s: Input should be less than or equal to 3600"),
    ],
)
def test_a_key_that_does_not_sign_is_refused(section: dict[str, Any], told: str) -> None:
    assert faults(signing=section) == (told,)


def test_mail_takes_a_key_for_its_links() -> None:
    assert config.production(document(signing=SIGNING, notifier=SMTP)).notifier.port == 587
    assert faults(notifier=SMTP) == ("signing: is missing, the links in messages are signed by its key",)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"host": None, "sender": None}, "notifier: smtp needs host, sender"),
        ({"sender": "nobody"}, "notifier.sender: must be an e-mail address, with a name before it or not"),
        ({"sender": "a@b.example\r\nBcc: c@d.example"}, "notifier.sender: must be an e-mail address, with a name before it or not"),
        ({"password_reset_url": "http://login.example.com/{token}"}, "notifier.password_reset_url: must be an https URL (http on a loopback address only)"),
        ({"password_reset_url": "https://login.example.com/"}, "notifier.password_reset_url: must have {token} once, where the token goes"),
        ({"sms_domain": "sms.example.com"}, "notifier: sms_domain and phone_verification_url go together"),
        ({"username": "gateway"}, "notifier: username and password go together"),
        ({"password": "secret"}, "notifier: username and password go together"),
        ({"security": "none"}, "notifier: security none is for a server on a loopback address only"),
    ],
)  # fmt: skip
def test_a_mail_server_that_could_not_be_used_is_refused(changed: dict[str, Any], told: str) -> None:
    assert faults(signing=SIGNING, notifier=SMTP | changed) == (told,)


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "smtp.password").write_text("hunter2\n")
    (tmp_path / "signing.pem").write_text(SIGNING_KEY)
    given = document(
        signing={"key_file": str(tmp_path / "signing.pem")},
        notifier=SMTP | {"username": "gateway", "password_file": str(tmp_path / "smtp.password")},
    )
    settings = config.production(given)
    assert settings.notifier.secret == "hunter2"
    assert "hunter2" not in repr(settings) and "PRIVATE" not in repr(settings)


def test_the_development_key_has_a_signing_key_that_stays_the_same(tmp_path: Path) -> None:
    first, again = DevelopmentKey(tmp_path).sections["signing"], DevelopmentKey(tmp_path).sections["signing"]
    assert first == again
    assert DevelopmentKey(tmp_path / "other").sections["signing"] != first
