"""A card processor: cards of up to a hundred customers in one call, by id, with their transactions, and changed by calls
that it knows again by their key. It lets in who shows a token that it granted."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "gateway", "s3cret/with%signs"
MOST_CUSTOMERS = 100
REGISTERED_AT = 1_765_000_000
STATES = ("ACTIVE", "MISSING", "THEFT_REPORTED", "BLOCKED", "LAPSED")


def number_of(customer: str) -> int:
    """What the cards of a customer are reckoned from."""
    return int(customer) if customer.isdigit() else UUID(customer).int % 1_000_000


class Processor:
    """Its cards as they stand, and what it did."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as in the beginning."""
        self.changed: dict[str, dict[str, Any]] = {}
        """Attributes of cards that are otherwise than in the beginning."""
        self.entries: dict[str, list[dict[str, Any]]] = {}
        """Transactions that came in the course of a test."""
        self.answers: dict[str, tuple[Any, int, dict[str, Any]]] = {}
        """What a key was answered: the request, status and body."""
        self.done = 0
        """Changes made, each key once."""
        self.granted = 0
        self.lifetime_s: float | None = 3_600
        self.refused_tokens: set[str] = set()
        self.added: dict[str, list[dict[str, Any]]] = {}
        """Loyalty cards that came in the course of a test."""
        self.gone: set[str] = set()
        """Those that are no longer active."""
        self.prefix = ""
        """Of the ids of transactions."""
        self.hidden: set[str] = set()
        """Ids that no list shows."""

    def cards_of(self, customer: str) -> list[dict[str, Any]]:
        """The cards of a customer: none, one or two."""
        number = number_of(customer)
        ids = [f"card_{number}_{index}" for index in range(number % 3)]
        return [self.card(customer, id_) for id_ in ids if id_ not in self.hidden]

    def loyalty_cards_of(self, customer: str) -> list[dict[str, Any]]:
        """The loyalty cards of a customer, in no order."""
        number = number_of(customer)
        made = [
            {
                "id": 10_000_000_000_000_000 + number * 100 + index,
                "code": f"L{number:06d}{index}",
                "active": index == number % 4,
                "issued": f"2025-{12 - index % 3:02d}-01 08:00:00",
            }
            for index in range(number % 5)
        ]
        every = [one for one in [*made, *self.added.get(customer, [])] if str(one["id"]) not in self.hidden]
        return [one | {"active": False} if str(one["id"]) in self.gone else one for one in every]

    def enrolled(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The loyalty card that was added, or the one that is gone."""
        if asked.get("card") is not None:
            self.gone.add(asked["card"])
        if asked.get("number") is None:
            return {"id": asked["card"]}
        made = {"id": 77_000 + self.done, "code": asked["number"], "active": True, "issued": "2026-01-15 08:00:00"}
        self.added.setdefault(asked["member"], []).append(made)
        return made

    def card(self, customer: str, id: str) -> dict[str, Any]:
        _, number, index = id.split("_")
        made = {
            "id": id,
            "customer": customer,
            "pan": f"6006{int(number):08d}000{index}",
            "state": STATES[(int(number) + int(index)) % len(STATES)],
            "amount": 25.1 + int(index),
            "currency": "usd",
            "registered": REGISTERED_AT + int(index) * 86_400,
            "expires_ms": None if int(index) else (REGISTERED_AT + 400 * 86_400) * 1_000,
            "label": None,
            "deleted": None,
        }
        return made | self.changed.get(id, {})

    def transactions_of(self, id: str) -> Iterator[dict[str, Any]]:
        """The transactions of a card, last first: seven, of which two are of the same second, and those that came."""
        yield from reversed(self.entries.get(id, []))
        for index in reversed(range(7)):
            yield {
                "id": f"{self.prefix}{id}-t{index}",
                "at": REGISTERED_AT + max(index, 1) * 60,
                "type": "purchase" if index % 2 else "load",
                "amount": "-3.05" if index % 2 else "10",
                "balance": f"{20 + index}.00",
            }

    def owner(self, id: str) -> str | None:
        """The customer of a card, where there is such a card."""
        _, number, index = [*id.split("_"), "", ""][:3]
        if not (number.isdigit() and index.isdigit() and int(index) < int(number) % 3):
            return None
        return number

    def lets_in(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return token.startswith("granted-") and token not in self.refused_tokens

    def change(self, key: str, asked: Any, id: str, change: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Make a change once for each key, and repeat what was answered."""
        if key in self.answers:
            before, status, body = self.answers[key]
            return (status, body) if before == asked else (422, {"error": {"code": "key_reused"}})
        self.done += 1
        self.changed.setdefault(id, {}).update(change)
        body = {"card": self.card(self.owner(id) or "", id)}
        self.answers[key] = asked, 200, body
        return 200, body


class Calls:
    """What the processor can be asked."""

    def __init__(self, state: Processor) -> None:
        self._state = state

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        shown = base64.b64encode(f"{CLIENT_ID}:s3cret%2Fwith%25signs".encode()).decode()
        in_header = request.headers.get("authorization") == f"Basic {shown}"
        in_body = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        if form.get("grant_type") != "client_credentials" or not (in_header or in_body):
            return JSONResponse({"error": "invalid_client"}, 401)
        self._state.granted += 1
        granted: dict[str, Any] = {"access_token": f"granted-{self._state.granted}", "token_type": "Bearer"}
        return JSONResponse(
            granted | ({} if self._state.lifetime_s is None else {"expires_in": self._state.lifetime_s})
        )

    async def cards(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        customers = request.query_params.getlist("customer")
        if len(customers) > MOST_CUSTOMERS:
            return JSONResponse({"error": {"code": "too_many"}}, 422)
        found = [card for customer in customers for card in self._state.cards_of(customer)]
        size, begin = int(request.query_params.get("limit", 100)), int(request.query_params.get("cursor", 0))
        cursor = str(begin + size) if begin + size < len(found) else None
        return JSONResponse({"data": found[begin : begin + size], "page": {"next": cursor}, "total": len(found)})

    async def card(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        id_ = request.path_params["id"]
        owner = self._state.owner(id_)
        if owner is None:
            return JSONResponse({"error": {"code": "not_found"}}, 404)
        return JSONResponse({"card": self._state.card(owner, id_)})

    async def transactions(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        id_, query = request.path_params["id"], request.query_params
        owner = self._state.owner(id_)
        if owner is None:
            return JSONResponse({"error": {"code": "not_found"}}, 404)
        known = list(self._state.transactions_of(id_))
        names = [entry["id"] for entry in known]
        begin = names.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        end = begin + min(int(query["limit"]), 3)
        listed = [entry for entry in known[begin:end] if entry["id"] not in self._state.hidden]
        shown = {
            "entries": listed,
            "has_more": end < len(known),
            "count": len(known) - len(self._state.hidden.intersection(names)),
        }
        return JSONResponse({"customer": owner, **shown})

    async def transaction(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        id_ = request.path_params["id"]
        card_id = id_.partition("-")[0]
        owner = self._state.owner(card_id)
        known = [] if owner is None else list(self._state.transactions_of(card_id))
        found = next((entry for entry in known if entry["id"] == id_), None)
        if found is None:
            return JSONResponse({"error": {"code": "not_found"}}, 404)
        return JSONResponse(found | {"customer": owner})

    async def loyalty(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        query = request.query_params
        page, size = int(query["page"]), int(query["size"])
        return JSONResponse(self._state.loyalty_cards_of(query["member"])[page * size : (page + 1) * size])

    async def adjust(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        id_, asked = request.path_params["id"], await request.json()
        key = request.headers["idempotency-key"]
        now = self._state.card(self._state.owner(id_) or "", id_)
        signed = float(asked["amount"]) * (1 if asked["direction"] == "ADD" else -1)
        if key not in self._state.answers and now["amount"] + signed < 0:
            return JSONResponse({"error": {"code": "insufficient_funds"}}, 409)
        status, body = self._state.change(key, asked, id_, {"amount": round(now["amount"] + signed, 2)})
        return JSONResponse(body, status)

    async def command(self, request: Request) -> Response:
        """Any other change of a card: its state, its label, that it is gone."""
        if not self._state.lets_in(request):
            return Response(status_code=401)
        asked, key = await request.json(), request.headers["idempotency-key"]
        id_ = asked["card"]
        change = {name: asked[name] for name in ("state", "label", "deleted") if name in asked}
        if "to" in asked and key not in self._state.answers:
            giving, receiving = (self._state.card(self._state.owner(one) or "", one) for one in (id_, asked["to"]))
            moved = float(asked.get("amount", giving["amount"]))
            change = {"amount": round(giving["amount"] - moved, 2)}
            self._state.changed.setdefault(asked["to"], {})["amount"] = round(receiving["amount"] + moved, 2)
        status, body = self._state.change(key, asked, id_, change)
        return JSONResponse(body, status)

    async def enroll(self, request: Request) -> Response:
        """A loyalty card more, in the place of another or beside it; or one less."""
        if not self._state.lets_in(request):
            return Response(status_code=401)
        asked, key = await request.json(), request.headers["idempotency-key"]
        if key not in self._state.answers:
            self._state.done += 1
            answer = self._state.enrolled(asked)
            self._state.answers[key] = asked, 200, answer
        _, status, answer = self._state.answers[key]
        return JSONResponse(answer, status)

    async def report(self, request: Request) -> Response:
        if not self._state.lets_in(request):
            return Response(status_code=401)
        id_, key = request.path_params["id"], request.headers["idempotency-key"]
        if key not in self._state.answers and self._state.card(self._state.owner(id_) or "", id_)["state"] != "ACTIVE":
            return JSONResponse({"error": {"code": "wrong_state"}}, 409)
        status, body = self._state.change(key, "report", id_, {"state": "MISSING"})
        return JSONResponse(body, status)


def processor() -> tuple[Starlette, Processor]:
    """The application, and its state."""
    state = Processor()
    calls = Calls(state)
    return Starlette(
        routes=[
            Route("/oauth/token", calls.token, methods=["POST"]),
            Route("/v1/cards", calls.cards),
            Route("/v1/cards/{id}", calls.card),
            Route("/v1/cards/{id}/transactions", calls.transactions),
            Route("/v1/transactions/{id}", calls.transaction),
            Route("/v1/loyalty", calls.loyalty),
            Route("/v1/cards/{id}/adjustments", calls.adjust, methods=["POST"]),
            Route("/v1/commands", calls.command, methods=["POST"]),
            Route("/v1/loyalty", calls.enroll, methods=["POST"]),
            Route("/v1/cards/{id}/lost", calls.report, methods=["POST"]),
        ]
    ), state
