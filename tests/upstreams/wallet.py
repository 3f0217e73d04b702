"""An engine of offers: what customers hold, issued and moved by calls that it knows again by their key."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "wallet-key"
MOVES = {"activate": "on", "redeem": "used", "revoke": "withdrawn", "remove": "dropped", "reinstate": "given"}


class Wallet:
    """What customers hold, and what it did."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as in the beginning: everybody holds one offer."""
        self.held: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.sent: list[Any] = []
        """The bodies of the changes, in the order that they came."""

    def entry(self, id: str) -> dict[str, Any] | None:
        customer, _, code = id.partition("-")
        if id not in self.held and code == "tea":
            self.give(customer, code)
        return self.held.get(id)

    def give(self, customer: str, code: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": f"{customer}-{code}",
            "customer": customer,
            "offer": {"code": code, "name": code.title(), "made": "2026-01-01T00:00:00Z"},
            "state": "given",
            "since": "2026-01-02T00:00:00Z",
            "until": None,
            "fields": [],
        }
        self.held[f"{customer}-{code}"] = made
        return made


def wallet() -> tuple[Starlette, Wallet]:
    """The application, and its state."""
    state = Wallet()

    async def listed(request: Request) -> Response:
        customer = request.path_params["customer"]
        state.entry(f"{customer}-tea")
        return JSONResponse([one for one in state.held.values() if one["customer"] == customer])

    async def single(request: Request) -> Response:
        found = state.entry(request.path_params["id"])
        return Response(status_code=404) if found is None else JSONResponse(found)

    async def given(request: Request) -> Response:
        body = await request.json()
        return keyed(request, body, lambda: state.give(request.path_params["customer"], body["offer"]))

    async def moved(request: Request) -> Response:
        body = await request.json()
        entry = state.entry(request.path_params["id"]) or {}
        return keyed(request, body, lambda: entry | changed(entry, request.path_params["move"], body))

    def changed(entry: dict[str, Any], move: str, body: dict[str, Any]) -> dict[str, Any]:
        entry.update({name: body[name] for name in ("until", "fields") if name in body})
        if move == "redeem":
            entry["used"] = "2026-01-20T10:00:00Z"
        entry["state"] = MOVES.get(move, entry["state"])
        return entry

    def keyed(request: Request, body: Any, make: Any) -> Response:
        if request.headers.get("x-api-key") != KEY:
            return Response(status_code=403)
        key = request.headers["x-request-key"]
        if key not in state.answers:
            state.sent.append(body)
            state.answers[key] = 201, {"id": make()["id"]}
        status, answer = state.answers[key]
        return JSONResponse(answer, status)

    return Starlette(
        routes=[
            Route("/customers/{customer}/wallet", listed),
            Route("/customers/{customer}/wallet", given, methods=["POST"]),
            Route("/wallet/{id}", single),
            Route("/wallet/{id}/{move}", moved, methods=["PUT"]),
        ]
    ), state
