"""A child that asks its client things, on FastMCP, in either era. It has no subscriptions, and tells of changes in the
legacy era only, as FastMCP does. Its command line is that of `asking.py`.
"""

import asyncio
import warnings
from dataclasses import dataclass
from typing import Any

import anyio
from asking_bed import NAME_SCHEMA, STEP_SECONDS, STEPS, Bed, answered, completions, late, serve_http
from fastmcp import Context, FastMCP
from fastmcp.server.middleware import Middleware
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
    ToolListChangedNotification,
)

warnings.simplefilter("ignore")

bed = Bed()


@dataclass
class Name:
    """What the form asks for."""

    name: str


class Late(Middleware):
    """Has one more tool for each file `tool-*` in the folder of state."""

    known: set[str] = set()

    async def on_request(self, context: Any, call_next: Any) -> Any:
        for name in bed.late_tools(self.known):
            self.known.add(name)
            mcp.tool(late(name), name=name)
        return await call_next(context)


mcp = FastMCP("asking", version="1.0.0", middleware=[Late()])


def modern(ctx: Context) -> bool:
    return bed.modern(ctx.request_context.protocol_version)


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
    await ctx.report_progress(1, None, "waiting")
    await bed.wait(nonce)


@mcp.tool
async def cancelled_count(nonce: str) -> str:
    """How often `wait` was cancelled with this nonce; waits for the first time."""
    return await bed.cancelled_count(nonce)


@mcp.tool
async def grow(name: str, ctx: Context) -> str:
    """Adds a tool."""
    bed.grown(name)
    await ctx.send_notification(ToolListChangedNotification())
    return f"added {name}"


@mcp.completion
def complete(ref: Any, argument: Any, context: Any) -> list[str]:
    """Names that begin with what was typed."""
    return completions(argument.value)


@mcp.prompt
def greet(name: str) -> str:
    """Asks for a greeting."""
    return f"Greet {name}."


if __name__ == "__main__":
    if bed.http:
        serve_http(mcp.http_app())
    else:
        asyncio.run(mcp.run_stdio_async(show_banner=False))
