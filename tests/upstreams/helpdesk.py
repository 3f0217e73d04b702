"""A help desk in the shape of Zendesk's: tickets by requester in numbered pages with links, by id, and many by ids."""

import base64
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER, TOKEN = "agent@example.com/token", "desk-token"
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
MOST = 100


def tickets_of(requester: int) -> list[dict[str, Any]]:
    """The tickets of a requester, last submitted first: some have none, some as many as seventeen, two at the same time."""
    count = 0 if requester % 5 == 0 else requester % 18
    return [ticket(requester * 1_000 + number) for number in reversed(range(count))]


def ticket(number: int) -> dict[str, Any]:
    """A ticket by its id, which tells the requester."""
    requester, index = divmod(number, 1_000)
    submitted = f"2026-01-{1 + index // 2:02d}T09:30:00Z"
    return {
        "id": number,
        "requester_id": requester,
        "status": STATUSES[number % 6],
        "type": None if index % 3 == 0 else "question",
        "subject": f"Order {number} – où est-il?",
        "created_at": submitted,
        "updated_at": None if index % 4 == 0 else submitted.replace("09:30", "11:45"),
        "priority": 0.5,
        "via": {"channel": "email"},
    }


class Desk:
    """What tests change in its answers."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as in the beginning."""
        self.changed: dict[int, dict[str, Any]] = {}
        """Attributes of tickets that are told otherwise."""
        self.lost: set[int] = set()
        """Tickets that are counted and not told."""
        self.hidden: set[int] = set()
        """Tickets that no list has."""

    def told(self, number: int) -> dict[str, Any]:
        return ticket(number) | self.changed.get(number, {})

    def is_let_in(self, request: Request) -> bool:
        shown = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {shown}"


def helpdesk() -> tuple[Starlette, Desk]:
    """The application, and what can be changed in it."""
    desk = Desk()

    async def requested(request: Request) -> Response:
        if not desk.is_let_in(request):
            return Response(status_code=401)
        requester = int(request.path_params["requester"])
        known = [one for one in tickets_of(requester) if one["id"] not in desk.hidden]
        if requester > 10_000:
            return JSONResponse({"error": "RecordNotFound"}, 404)
        size = min(int(request.query_params.get("per_page", MOST)), MOST)
        page = int(request.query_params.get("page", 1))
        shown = [one["id"] for one in known[(page - 1) * size : page * size] if one["id"] not in desk.lost]
        more = str(request.url.include_query_params(page=page + 1)) if page * size < len(known) else None
        return JSONResponse({"tickets": list(map(desk.told, shown)), "next_page": more, "count": len(known)})

    async def single(request: Request) -> Response:
        if not desk.is_let_in(request):
            return Response(status_code=401)
        number = request.path_params["number"]
        if not number.isdigit() or all(one["id"] != int(number) for one in tickets_of(int(number) // 1_000)):
            return JSONResponse({"error": "RecordNotFound"}, 404)
        return JSONResponse({"ticket": desk.told(int(number))})

    return Starlette(
        routes=[
            Route("/api/v2/users/{requester:int}/tickets/requested.json", requested),
            Route("/api/v2/tickets/{number}.json", single),
        ]
    ), desk
