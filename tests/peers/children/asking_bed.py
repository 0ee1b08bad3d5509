"""What the asking children in Python share, whatever SDK they are written on: the names that the table looks for, the
folder by which all processes of a child know of each other, the era that is meant, and how they are served.
"""

import argparse
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.types import InputRequest, InputRequiredResult

STEPS = 5
STEP_SECONDS = 0.01
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 10
NAME_SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NAMES = ("ada", "alan", "grace")


class Bed:
    """The command line of a child."""

    def __init__(self) -> None:
        options = argparse.ArgumentParser()
        options.add_argument("--http", action="store_true")
        options.add_argument("--state", type=Path, required=True)
        options.add_argument("--era", choices=["legacy", "modern"], required=True)
        arguments = options.parse_args()
        self.http: bool = arguments.http
        self.state: Path = arguments.state
        self.era: str = arguments.era

    def modern(self, version: str | None) -> bool:
        """Whether a call of this protocol version is one of the modern era; it must be one of the era that is meant."""
        spoken = "modern" if (version or "") >= "2026" else "legacy"
        if spoken != self.era:
            raise ValueError(f"called as a {spoken} server, not as a {self.era} one")
        return spoken == "modern"

    def late_tools(self, known: set[str]) -> list[str]:
        """The tools that came late and are not known yet: one for each file `tool-*` in the folder of state."""
        names = (file.name.removeprefix("tool-") for file in sorted(self.state.glob("tool-*")))
        return [name for name in names if name not in known]

    def grown(self, name: str) -> None:
        """There is one more tool."""
        (self.state / f"tool-{name}").touch()

    async def wait(self, nonce: str) -> None:
        """Waits until the call is cancelled, and notes that."""
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            (self.state / f"cancelled-{nonce}").touch()
            raise

    async def cancelled_count(self, nonce: str) -> str:
        """How often a call was cancelled with this nonce; waits for the first time."""
        with anyio.move_on_after(PATIENCE_SECONDS):
            while not (self.state / f"cancelled-{nonce}").exists():
                await anyio.sleep(LOOK_SECONDS)
            return "1"
        return "0"


def late(name: str) -> Callable[[], str]:
    """A tool that came late."""
    return lambda: f"hello from {name}"


def answered(ctx: Any, request: InputRequest) -> Any:
    """The answer to the one question of a modern call, or the result that asks it."""
    answer = (ctx.input_responses or {}).get("it")
    return InputRequiredResult(input_requests={"it": request}) if answer is None else answer


def completions(typed: str) -> list[str]:
    """The names that begin with what was typed."""
    return [name for name in NAMES if name.startswith(typed)]


def serve_http(app: Any) -> None:
    """Serves on a free port of 127.0.0.1, whose URL is printed as one line on stdout."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    server.run(sockets=[listener])
