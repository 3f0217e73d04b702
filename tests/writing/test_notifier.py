"""Messages leave after the commit, once if all goes well, and again until they are taken; a mail server that is down undoes
nothing. Against a real mail server on the loopback."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import msgspec
import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import capture_logs

from datasources.notifying import TOPIC, Notification, Postman, Template
from datasources.relaying import LEASE, TRIES, CarrierDown, Relay
from datasources.sql.outbox import SqlOutbox
from datasources.sql.tables.writing import outbox, outbox_lanes
from gateway.access_sections import NotifierSettings
from gateway.sources import notifier_of
from tests.demo import Demo
from tests.harness import Gateway, opened
from tests.writing.certificates import server_context
from tests.writing.mail import PASSWORD, USER, Inbox, mail_server
from tests.writing.states import put
from tests.writing.tables import everything, found

MEMBER, OTHER, SPANISH = "CJ-000043", "CJ-000044", "CJ-000045"
SMS, MAIL = "customerSmsVerificationReset", "customerPasswordResetEmailSend"
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> dt.datetime:
        return self.at


def section(port: int, **more: Any) -> dict[str, Any]:
    """The config of a notifier that uses the server on this port."""
    return {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "Loyalty program <no-reply@shop.example>",
        "password_reset_url": "https://login.example.com/password#{token}",
        "phone_verification_url": "https://login.example.com/phone#{token}",
        "sms_domain": "sms.example.com",
        **more,
    }


@asynccontextmanager
async def served(demo: Demo, port: int, **more: Any) -> AsyncIterator[Gateway]:
    async with opened(demo.copy(), notifier=section(port, **more)) as gateway:
        yield gateway


async def ask(gateway: Gateway, mutation: str, member: str = MEMBER, **more: Any) -> dict[str, Any]:
    query = f"""mutation ($input: CustomerActionInput!) {{
        {mutation}(input: $input) {{ replayed userErrors {{ code }} customer {{ profile {{ email phone }} }} }} }}"""
    given = {"customerId": gateway.customer_id(member), "idempotencyKey": uuid4().hex} | more
    answer = await gateway.run(query, {"input": given})
    assert (answer.errors, answer.data[mutation]["userErrors"]) == ([], [])
    payload: dict[str, Any] = answer.data[mutation]
    return payload


async def waiting(gateway: Gateway) -> list[Any]:
    """The messages that wait, each with its lane, in the order that they are due."""
    lane = outbox_lanes.c
    own = (lane.topic == outbox.c.topic) & (lane.lane == outbox.c.lane)
    rows = select(outbox, lane.due_at, lane.attempts).join(outbox_lanes, own).order_by(lane.due_at, outbox.c.id)
    return list((await found(gateway, rows))[0])


def relay_of(gateway: Gateway, clock: Clock) -> Relay:
    """A relay of its own over the gateway's outbox, by this clock."""
    runtime = gateway.runtime
    postman = Postman(runtime.sources.profiles, notifier_of(gateway.settings.notifier), runtime.signing)
    return Relay(SqlOutbox(runtime.databases["main"], TOPIC), postman.deliver, clock=clock)


async def test_the_mail_comes_once_with_a_link_that_only_the_gateway_could_sign(demo: Demo) -> None:
    inbox, key = Inbox(), uuid4().hex
    async with mail_server(inbox) as port, served(demo, port) as gateway:
        address = (await ask(gateway, MAIL, idempotencyKey=key))["customer"]["profile"]["email"]
        (row,) = await waiting(gateway)
        assert (row["lane"], row["attempts"]) == (row["id"], 0)
        assert await gateway.runtime.relay.round() == 1
        (mail,) = inbox.mails
        assert mail.recipients == (address,)
        assert str(mail.message["from"]) == "Loyalty program <no-reply@shop.example>"
        assert mail.message["message-id"] == f"<{row['id']}@shop.example>"
        token = mail.body.split("https://login.example.com/password#")[1].split()[0]
        signing = gateway.runtime.signing
        assert signing is not None
        claims = jwt.decode(token, signing.public, algorithms=[signing.algorithm], audience="password_reset")
        assert (claims["sub"], claims["jti"]) == (str(gateway.members[MEMBER]), str(row["id"]))
        assert claims["exp"] - claims["iat"] == 1_800
        assert (await ask(gateway, MAIL, idempotencyKey=key))["replayed"] is True
        await ask(gateway, MAIL, dryRun=True)
        assert await gateway.runtime.relay.round() == 0
        assert len(inbox.mails) == 1
        assert await left(gateway) == (0, 0)
        assert token.rpartition(".")[2] not in str(await everything(gateway))


async def test_the_outbox_holds_neither_address_nor_secret(demo: Demo) -> None:
    async with served(demo, 1) as gateway:
        profile = (await ask(gateway, MAIL))["customer"]["profile"]
        await ask(gateway, SMS)
        rows = str(await waiting(gateway))
        assert [text for text in (profile["email"], profile["phone"], "eyJ", "http") if text in rows] == []


async def test_a_text_message_goes_to_who_takes_mail_for_the_number(demo: Demo) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(demo, port) as gateway:
        phone = (await ask(gateway, SMS))["customer"]["profile"]["phone"]
        assert await gateway.runtime.relay.round() == 1
        (mail,) = inbox.mails
        assert mail.recipients == (f"{phone.removeprefix('+')}@sms.example.com",)
        assert mail.body.startswith("Confirm your telephone number: https://login.example.com/phone#")


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("es-US", "Elige una contraseña nueva"),
        ("fr-CA", "Choisissez un nouveau mot de passe"),
        ("de", "Neues Passwort wählen"),
        ("nl-NL", "Set a new password"),
        (None, "Set a new password"),
    ],
)
async def test_the_message_is_in_the_customers_language(sqlite_demo: Demo, locale: str | None, subject: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(sqlite_demo, port) as gateway:
        await put(gateway, SPANISH, locale=locale)
        await ask(gateway, MAIL, SPANISH)
        await gateway.runtime.relay.round()
        assert [mail.message["subject"] for mail in inbox.mails] == [subject]


async def test_a_running_relay_delivers_right_after_the_commit_and_what_it_finds_at_its_start(demo: Demo) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(demo, port) as gateway:
        await ask(gateway, MAIL, OTHER)
        async with gateway.runtime.relaying():
            await came(inbox, 1)
            await ask(gateway, MAIL)
            await came(inbox, 2)
        assert await left(gateway) == (0, 0)


async def left(gateway: Gateway) -> tuple[int, int]:
    """How many messages and lanes there are."""
    messages, lanes = await found(gateway, select(outbox), select(outbox_lanes))
    return len(messages), len(lanes)


async def came(inbox: Inbox, count: int) -> None:
    """Wait until so many mails came, far less than the relay's pause."""
    async with asyncio.timeout(10):
        while len(inbox.mails) < count:  # noqa: ASYNC110  # a server has no event for it
            await asyncio.sleep(0.01)


async def test_a_mail_server_that_is_down_undoes_nothing_and_gets_it_once_it_is_up(demo: Demo) -> None:
    inbox, clock = Inbox(), Clock()
    async with mail_server(inbox) as port:
        pass
    async with served(demo, port) as gateway:
        await ask(gateway, MAIL)
        await ask(gateway, MAIL, OTHER)
        relay = relay_of(gateway, clock)
        assert await relay.round() == 0
        first, second = sorted(await waiting(gateway), key=lambda row: row["attempts"])
        assert (first["attempts"], second["attempts"]) == (0, 1), "one was tried, the other spared"
        assert second["due_at"] == START + dt.timedelta(seconds=30)
        assert await relay.round() == 0
        async with mail_server(inbox, port=port):
            assert await relay.round() == 0, "none is due before its time"
            clock.at += dt.timedelta(seconds=30)
            assert await relay.round() == 2
            assert await relay.round() == 0
        assert await left(gateway) == (0, 0)
        assert len({mail.message["message-id"] for mail in inbox.mails}) == len(inbox.mails) == 2


async def test_waits_double_up_to_an_hour_until_it_is_given_up(sqlite_demo: Demo) -> None:
    clock, waits = Clock(), []
    async with served(sqlite_demo, 1) as gateway:
        await ask(gateway, MAIL)
        relay = relay_of(gateway, clock)
        for _ in range(TRIES - 1):
            await relay.round()
            (row,) = await waiting(gateway)
            waits.append((row["due_at"] - clock.at).total_seconds())
            clock.at = row["due_at"]
        assert waits == [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600]
        await relay.round()
        assert await left(gateway) == (0, 0)


@pytest.mark.parametrize(("reply", "kept"), [("550 no such mailbox", 0), ("451 later", 1)])
async def test_a_mailbox_that_is_refused_for_good_is_given_up_one_refused_for_now_is_kept(
    demo: Demo, reply: str, kept: int
) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(demo, port) as gateway:
        refused = (await ask(gateway, MAIL))["customer"]["profile"]["email"]
        taken = (await ask(gateway, MAIL, OTHER))["customer"]["profile"]["email"]
        inbox.refused[refused] = reply
        with capture_logs() as logs:
            assert await gateway.runtime.relay.round() == 1
        assert [mail.recipients for mail in inbox.mails] == [(taken,)]
        assert len(await waiting(gateway)) == kept
        assert refused not in str(logs) and "mailbox" not in str(logs)


@pytest.mark.parametrize("state", [{"membership": "FORGOTTEN"}, {"membership": "DELETED"}, {"email": None}])
async def test_whoever_is_gone_meanwhile_gets_nothing(sqlite_demo: Demo, state: dict[str, Any]) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(sqlite_demo, port) as gateway:
        await ask(gateway, MAIL)
        await put(gateway, MEMBER, **state)
        assert await gateway.runtime.relay.round() == 0
        assert (inbox.mails, await left(gateway)) == ([], (0, 0))


async def test_of_many_relays_at_once_one_sends_each_message(demo: Demo) -> None:
    inbox, clock = Inbox(), Clock()
    async with mail_server(inbox) as port, served(demo, port) as gateway:
        members = [f"CJ-0000{number}" for number in range(20, 36)]
        for member in members:
            await ask(gateway, MAIL, member)
        relays = [relay_of(gateway, clock) for _ in range(16)]
        assert sum(await asyncio.gather(*(relay.round() for relay in relays))) == len(members)
        assert len({mail.message["message-id"] for mail in inbox.mails}) == len(inbox.mails) == len(members)


async def test_what_its_taker_never_finished_is_taken_again_after_the_lease(demo: Demo) -> None:
    async with served(demo, 1) as gateway:
        await ask(gateway, MAIL)
        waits = SqlOutbox(gateway.runtime.databases["main"], TOPIC)
        first = await waits.take(START, START + LEASE)
        assert first is not None and first.attempts == 1
        assert await waits.take(START + LEASE - dt.timedelta(seconds=1), START + 2 * LEASE) is None
        again = await waits.take(START + LEASE, START + 2 * LEASE)
        assert again == msgspec.structs.replace(first, attempts=2)
        (message,) = again.messages
        assert (message.customer_id, message.payload) == (gateway.members[MEMBER], {"template": "password_reset"})


async def test_other_topics_are_left_alone(sqlite_demo: Demo) -> None:
    async with served(sqlite_demo, 1) as gateway:
        await ask(gateway, MAIL)
        assert await SqlOutbox(gateway.runtime.databases["main"], "events").take(START, START + LEASE) is None


async def test_a_database_that_fails_does_not_end_the_relay(sqlite_demo: Demo) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, served(sqlite_demo, port) as gateway:
        database = gateway.runtime.databases["main"]
        async with gateway.runtime.relaying():
            await _sent(gateway, "ALTER TABLE outbox_lanes RENAME TO away")
            with capture_logs() as logs:
                database.bell.ring()
                async with asyncio.timeout(10):
                    while not logs:  # noqa: ASYNC110  # the log has no event for it
                        await asyncio.sleep(0.01)
            assert {(line["event"], line["error"]) for line in logs} == {("outbox.failed", "SourceRefused")}
            await _sent(gateway, "ALTER TABLE away RENAME TO outbox_lanes")
            await ask(gateway, MAIL)
            await came(inbox, 1)


async def _sent(gateway: Gateway, statement: str) -> None:
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(statement)
    await engine.dispose()


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_starttls_is_demanded_and_the_certificate_verified(
    sqlite_demo: Demo, tmp_path: Path, is_trusted: bool
) -> None:
    inbox, (context, authority) = Inbox(), server_context(tmp_path)
    own = {"security": "starttls", "host": "localhost", "username": USER, "password": PASSWORD}
    trusted = {"ca_file": str(authority)} if is_trusted else {}
    async with mail_server(inbox, tls=context) as port, served(sqlite_demo, port, **own, **trusted) as gateway:
        await ask(gateway, MAIL)
        assert await gateway.runtime.relay.round() == int(is_trusted)
        assert [mail.is_secret for mail in inbox.mails] == [True] * is_trusted


async def test_a_server_without_starttls_gets_neither_password_nor_mail(sqlite_demo: Demo) -> None:
    inbox = Inbox()
    own = {"security": "starttls", "username": USER, "password": PASSWORD}
    async with mail_server(inbox) as port, served(sqlite_demo, port, **own) as gateway:
        await ask(gateway, MAIL)
        assert await gateway.runtime.relay.round() == 0
        assert (inbox.mails, len(await waiting(gateway))) == ([], 1)


async def test_a_server_that_never_answers_is_left_in_time() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    given = section(server.sockets[0].getsockname()[1], timeout_s=0.2)
    notifier = notifier_of(NotifierSettings.model_validate(given))
    message = Notification(UUID(int=1), Template.PASSWORD_RESET, "ann@example.com", None, "t")
    async with asyncio.timeout(2):
        with pytest.raises(CarrierDown):
            await notifier.send(message)
    server.close()


async def test_the_log_tells_what_would_be_sent_to_nobody(gateway: Gateway) -> None:
    await _emptied(gateway)
    profile = (await ask(gateway, MAIL))["customer"]["profile"]
    await ask(gateway, SMS)
    (mail, text) = await waiting(gateway)
    with capture_logs() as logs:
        assert await gateway.runtime.relay.round() == 2
    assert sorted(logs, key=lambda line: str(line["channel"])) == [
        {
            "event": "notification.logged",
            "log_level": "info",
            "id": str(row["id"]),
            "template": name,
            "channel": channel,
        }
        for row, name, channel in ((mail, "password_reset", "EMAIL"), (text, "phone_verification", "SMS"))
    ]
    assert [text for text in (profile["email"], profile["phone"], "eyJ") if text in str(logs)] == []


async def _emptied(gateway: Gateway) -> None:
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        await connection.execute(delete(outbox))
        await connection.execute(delete(outbox_lanes))
    await engine.dispose()
