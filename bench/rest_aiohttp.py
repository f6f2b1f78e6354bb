"""The same two answers from aiohttp."""

from __future__ import annotations

import asyncio

from aiohttp import web

ACCOUNT = b'{"balance":"100000","equity":"100000","margin_used":"0","margin_available":"100000"}'
HANDLE = b'{"id":"33de1d89-59a9-493f-a102-62d4bc4449c6","status":"OPEN"}'


async def get(request: web.Request) -> web.Response:
    return web.Response(body=ACCOUNT, content_type="application/json")


async def post(request: web.Request) -> web.Response:
    await request.json()
    return web.Response(body=HANDLE, status=201, content_type="application/json")


async def main() -> None:
    app = web.Application()
    app.add_routes([web.get("/get", get), web.post("/post", post)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
