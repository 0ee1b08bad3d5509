"""A child that asks its client things, on FastMCP, in either era. It has no subscriptions, and tells of changes in the
legacy era only, as FastMCP does. Its command line is that of `asking.py`.
"""

import argparse
import asyncio
import socket
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.server.middleware import Middleware
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
    ToolListChangedNotification,
)

warnings.simplefilter("ignore")

STEPS = 5
STEP_SECONDS = 0.01
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 10
NAME_SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
STATE = Path()
ERA = ""


@dataclass
class Name:
    """What the form asks for."""

    name: str


def late(name: str) -> Callable[[], str]:
    """A tool that came late."""
    return lambda: f"hello from {name}"


class Late(Middleware):
    """Has one more tool for each file `tool-*` in the folder of state."""

    known: set[str] = set()

    async def on_request(self, context: Any, call_next: Any) -> Any:
        for file in sorted(STATE.glob("tool-*")):
            name = file.name.removeprefix("tool-")
            if name not in self.known:
                self.known.add(name)
                mcp.tool(late(name), name=name)
        return await call_next(context)


mcp = FastMCP("asking", version="1.0.0", middleware=[Late()])


def modern(ctx: Context) -> bool:
    """Whether the call is one of the modern era; it must be one of the era that is meant."""
    spoken = "modern" if ctx.request_context.protocol_version >= "2026" else "legacy"
    if spoken != ERA:
        raise ValueError(f"called as a {spoken} server, not as a {ERA} one")
    return spoken == "modern"


def answered(ctx: Context, request: InputRequest) -> Any:
    """The answer to the one question of a modern call, or the result that asks it."""
    answer = (ctx.input_responses or {}).get("it")
    return InputRequiredResult(input_requests={"it": request}) if answer is None else answer


@mcp.tool(output_schema=None)
async def ask_sampling(nonce: str, ctx: Context) -> Any:
    """Has the client's model say something."""
    messages = [SamplingMessage(role="user", content=TextContent(type="text", text=f"sampling {nonce}"))]
    if modern(ctx):
        params = CreateMessageRequestParams(messages=messages, max_tokens=10)
        answer = answered(ctx, CreateMessageRequest(params=params))
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.create_message(
            messages=messages, max_tokens=10, related_request_id=ctx.request_id
        )
    return f"{answer.model}: {answer.content.text}"


@mcp.tool(output_schema=None)
async def ask_form(nonce: str, ctx: Context) -> Any:
    """Has the user fill in a form."""
    message = f"form {nonce}"
    if not modern(ctx):
        outcome = await ctx.elicit(message, Name)
        return f"{outcome.action} {outcome.data.name}" if outcome.action == "accept" else outcome.action
    params = ElicitRequestFormParams(message=message, requested_schema=NAME_SCHEMA)
    answer = answered(ctx, ElicitRequest(params=params))
    if isinstance(answer, InputRequiredResult):
        return answer
    return f"{answer.action} {(answer.content or {}).get('name', '')}".strip()


@mcp.tool(output_schema=None)
async def ask_url(nonce: str, ctx: Context) -> Any:
    """Sends the user to a page, and tells when they are done there."""
    message, url = f"url {nonce}", f"https://example.com/{nonce}"
    if modern(ctx):
        answer = answered(ctx, ElicitRequest(params=ElicitRequestURLParams(message=message, url=url)))
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.elicit_url(message, url, f"visit-{nonce}", related_request_id=ctx.request_id)
        await ctx.session.send_elicit_complete(f"visit-{nonce}", related_request_id=ctx.request_id)
    return str(answer.action)


@mcp.tool(output_schema=None)
async def ask_roots(ctx: Context) -> Any:
    """Says what the client's roots are."""
    if modern(ctx):
        answer = answered(ctx, ListRootsRequest())
        if isinstance(answer, InputRequiredResult):
            return answer
        return " ".join(str(root.uri) for root in answer.roots)
    return " ".join(str(root.uri) for root in (await ctx.session.list_roots()).roots)


@mcp.tool
async def steps(ctx: Context) -> str:
    """Reports progress."""
    for step in range(1, STEPS + 1):
        await ctx.report_progress(step, STEPS, f"step {step}")
        await anyio.sleep(STEP_SECONDS)
    return "done"


@mcp.tool
async def chatter(nonce: str, ctx: Context) -> str:
    """Logs something."""
    await ctx.warning(f"chatter {nonce}", logger_name="asking")
    return "said it"


@mcp.tool
async def wait(nonce: str, ctx: Context) -> str:
    """Reports progress once, and then waits until it is cancelled."""
    try:
        await ctx.report_progress(1, None, "waiting")
        await anyio.sleep_forever()
    except anyio.get_cancelled_exc_class():
        (STATE / f"cancelled-{nonce}").touch()
        raise


@mcp.tool
async def cancelled_count(nonce: str) -> str:
    """How often `wait` was cancelled with this nonce; waits for the first time."""
    with anyio.move_on_after(PATIENCE_SECONDS):
        while not (STATE / f"cancelled-{nonce}").exists():
            await anyio.sleep(LOOK_SECONDS)
        return "1"
    return "0"


@mcp.tool
async def grow(name: str, ctx: Context) -> str:
    """Adds a tool."""
    (STATE / f"tool-{name}").touch()
    await ctx.send_notification(ToolListChangedNotification())
    return f"added {name}"


@mcp.completion
def complete(ref: Any, argument: Any, context: Any) -> list[str]:
    """Names that begin with what was typed."""
    return [name for name in ("ada", "alan", "grace") if name.startswith(argument.value)]


@mcp.prompt
def greet(name: str) -> str:
    """Asks for a greeting."""
    return f"Greet {name}."


def main() -> None:
    global STATE, ERA
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--http", action="store_true")
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--era", choices=["legacy", "modern"], required=True)
    arguments = options.parse_args()
    STATE, ERA = arguments.state, arguments.era
    if not arguments.http:
        asyncio.run(mcp.run_stdio_async(show_banner=False))
        return
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    server = uvicorn.Server(uvicorn.Config(mcp.http_app(), log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
