"""Lists of any kind, each paged in every way that there is: `/links/…`, `/cursors/…`, `/pages/…`, `/offsets/…`, `/whole/…`."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Shelves = dict[str, list[dict[str, Any]]]
SIZE = 3


def shelves() -> tuple[Starlette, Shelves]:
    """The application, and the lists that it serves by name."""
    lists: Shelves = {}

    def cut(request: Request, begin: int) -> tuple[list[dict[str, Any]], bool]:
        name, query = request.path_params["name"], request.query_params
        known = [one for one in lists[name] if "owner" not in query or one["owner"] == query["owner"]]
        size = min(int(query.get("size", SIZE)), SIZE)
        return known[begin : begin + size], begin + size < len(known)

    async def linked(request: Request) -> Response:
        page = int(request.query_params.get("p", 0))
        found, more = cut(request, page * SIZE)
        last = f'<{request.url.include_query_params(p=9)}>; rel="last"'
        following = f'<{request.url.include_query_params(p=page + 1)}>; rel="next"'
        return JSONResponse(found, headers={"link": f"{last}, {following}" if more else last})

    async def cursored(request: Request) -> Response:
        begin = int(request.query_params.get("cursor", "c0").removeprefix("c"))
        found, more = cut(request, begin)
        return JSONResponse({"items": found, "next": f"c{begin + SIZE}" if more else ""})

    async def numbered(request: Request) -> Response:
        found, more = cut(request, (int(request.query_params["page"]) - 1) * SIZE)
        return JSONResponse({"items": found, "meta": {"more": more}})

    async def offset(request: Request) -> Response:
        return JSONResponse({"items": cut(request, int(request.query_params["offset"]))[0]})

    async def whole(request: Request) -> Response:
        return JSONResponse(lists[request.path_params["name"]])

    async def single(request: Request) -> Response:
        found = [one for one in lists[request.path_params["name"]] if one["id"] == request.path_params["id"]]
        return JSONResponse(found[0]) if found else Response(status_code=404)

    async def sought(request: Request) -> Response:
        wanted = await request.json()
        return JSONResponse([one for one in lists[request.path_params["name"]] if one["owner"] in wanted["owners"]])

    return Starlette(
        routes=[
            Route("/links/{name}", linked),
            Route("/cursors/{name}", cursored),
            Route("/pages/{name}", numbered),
            Route("/offsets/{name}", offset),
            Route("/whole/{name}", whole),
            Route("/one/{name}/{id}", single),
            Route("/search/{name}", sought, methods=["POST"]),
        ]
    ), lists
