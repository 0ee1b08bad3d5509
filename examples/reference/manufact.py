"""The `manufact` child of the reference composition: a stand-in for a supplier's remote server.

It serves streamable HTTP with the official Python SDK, on a free port of 127.0.0.1 unless `--port` says
otherwise, and prints its URL as one line on stdout as soon as it can be connected to. With `--until-eof` it
ends with its stdin, and so with whoever started it, however that one ends.
"""

import argparse
import json
import os
import socket
import sys
import threading

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

PACKING_SECONDS = 0.005
PARTS = {"bolt-m4": 0.05, "bolt-m6": 0.08, "nut-m4": 0.03, "plate-a": 4.2}

mcp = MCPServer("manufact", version="1.0.0", instructions="Search parts, then order them.")


class Part(BaseModel):
    """A part on offer."""

    id: str
    price: float


@mcp.tool()
def search_parts(text: str) -> list[Part]:
    """Parts whose name contains a text."""
    return [Part(id=part, price=price) for part, price in PARTS.items() if text.lower() in part]


@mcp.tool()
async def order(part: str, count: int, ctx: Context) -> str:
    """Orders a number of pieces of a part, and reports each as it is packed."""
    if part not in PARTS:
        raise ValueError(f"no part {part}")
    for packed in range(1, count + 1):
        await anyio.sleep(PACKING_SECONDS)
        await ctx.report_progress(packed, count, f"packed {packed}")
    return f"ordered {count} of {part} for {PARTS[part] * count:.2f}"


@mcp.resource("parts://catalog", mime_type="application/json")
def catalog() -> str:
    """All parts and their prices."""
    return json.dumps(PARTS)


@mcp.prompt()
def negotiate(part: str) -> str:
    """Ask for a better price."""
    return f"Ask the supplier of {part} for a better price."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--until-eof", action="store_true")
    arguments = options.parse_args()

    listener = socket.create_server(("127.0.0.1", arguments.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    server = uvicorn.Server(uvicorn.Config(mcp.streamable_http_app(), log_level="warning"))
    if arguments.until_eof:

        def follow_stdin() -> None:
            sys.stdin.buffer.read()
            os._exit(0)

        threading.Thread(target=follow_stdin, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
