"""A child that asks its client things, on the official Python SDK, in either era.

It serves stdio, or with `--http` a free port of 127.0.0.1, whose URL it prints as one line on stdout. `--state` names
a folder in which all processes of this child keep what they have to know of each other: tools that came late, and
calls that were cancelled. `--era` is the one that it expects to be spoken to in: this SDK serves both.
"""

import warnings
from typing import Any

import anyio
from asking_bed import NAME_SCHEMA, STEP_SECONDS, STEPS, Bed, answered, completions, late, serve_http
from mcp.server import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.types import (
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    EmptyResult,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    UnsubscribeRequestParams,
)

warnings.simplefilter("ignore", MCPDeprecationWarning)

bed = Bed()
BOARD = "board://news"
# The sessions that an update is sent to in the legacy era, by URI and by connection.
subscribed: dict[str, dict[int, Any]] = {}


class Asking(MCPServer):
    """Its tools are these of this file, and one for each file `tool-*` in the folder of state."""

    def _see_late_tools(self) -> None:
        known = {tool.name for tool in self._tool_manager.list_tools()}
        for name in bed.late_tools(known):
            self.add_tool(late(name), name=name, description="Came late.")

    async def list_tools(self) -> Any:
        self._see_late_tools()
        return await super().list_tools()

    async def call_tool(self, *arguments: Any, **named: Any) -> Any:
        self._see_late_tools()
        return await super().call_tool(*arguments, **named)


mcp = Asking("asking", version="1.0.0")


def modern(ctx: Context) -> bool:
    return bed.modern(ctx.protocol_version)


@mcp.tool(structured_output=False)
async def ask_sampling(nonce: str, ctx: Context) -> str | InputRequiredResult:
    """Has the client's model say something."""
    messages = [SamplingMessage(role="user", content=TextContent(type="text", text=f"sampling {nonce}"))]
    if modern(ctx):
        answer = answered(
            ctx, CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=10))
        )
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.create_message(
            messages=messages, max_tokens=10, related_request_id=ctx.request_id
        )
    return f"{answer.model}: {answer.content.text}"


@mcp.tool(structured_output=False)
async def ask_form(nonce: str, ctx: Context) -> str | InputRequiredResult:
    """Has the user fill in a form."""
    message = f"form {nonce}"
    if modern(ctx):
        answer = answered(
            ctx, ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=NAME_SCHEMA))
        )
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.elicit_form(message, NAME_SCHEMA, related_request_id=ctx.request_id)
    return f"{answer.action} {(answer.content or {}).get('name', '')}".strip()


@mcp.tool(structured_output=False)
async def ask_url(nonce: str, ctx: Context) -> str | InputRequiredResult:
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


@mcp.tool(structured_output=False)
async def ask_roots(ctx: Context) -> str | InputRequiredResult:
    """Says what the client's roots are."""
    if modern(ctx):
        answer = answered(ctx, ListRootsRequest())
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.list_roots()
    return " ".join(str(root.uri) for root in answer.roots)


@mcp.tool()
async def steps(ctx: Context) -> str:
    """Reports progress."""
    for step in range(1, STEPS + 1):
        await ctx.report_progress(step, STEPS, f"step {step}")
        await anyio.sleep(STEP_SECONDS)
    return "done"


@mcp.tool()
async def chatter(nonce: str, ctx: Context) -> str:
    """Logs something."""
    await ctx.log("warning", f"chatter {nonce}", logger_name="asking")
    return "said it"


@mcp.tool()
async def wait(nonce: str, ctx: Context) -> str:
    """Reports progress once, and then waits until it is cancelled."""
    await ctx.report_progress(1, None, "waiting")
    await bed.wait(nonce)


@mcp.tool()
async def cancelled_count(nonce: str) -> str:
    """How often `wait` was cancelled with this nonce; waits for the first time."""
    return await bed.cancelled_count(nonce)


@mcp.tool()
async def grow(name: str, ctx: Context) -> str:
    """Adds a tool."""
    bed.grown(name)
    await ctx.notify_tools_changed()
    if not modern(ctx):
        await ctx.session.send_tool_list_changed()
    return f"added {name}"


@mcp.tool()
async def touch(ctx: Context) -> str:
    """Changes the board."""
    await ctx.notify_resource_updated(BOARD)
    for session in list(subscribed.get(BOARD, {}).values()):
        await session.send_resource_updated(BOARD)
    return "touched"


@mcp.resource(BOARD)
def board() -> str:
    """What is new."""
    return "nothing"


@mcp.prompt()
def greet(name: str) -> str:
    """Asks for a greeting."""
    return f"Greet {name}."


@mcp.completion()
async def complete(ref: Any, argument: Any, context: Any) -> Completion:
    """Names that begin with what was typed."""
    names = completions(argument.value)
    return Completion(values=names, total=len(names), has_more=False)


async def set_level(ctx: ServerRequestContext, params: SetLevelRequestParams) -> EmptyResult:
    return EmptyResult()


async def subscribe(ctx: ServerRequestContext, params: SubscribeRequestParams) -> EmptyResult:
    subscribed.setdefault(str(params.uri), {})[id(ctx.session._connection)] = ctx.session
    return EmptyResult()


async def unsubscribe(ctx: ServerRequestContext, params: UnsubscribeRequestParams) -> EmptyResult:
    subscribed.get(str(params.uri), {}).pop(id(ctx.session._connection), None)
    return EmptyResult()


# MCPServer has no public way to serve these three.
mcp._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
mcp._lowlevel_server.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
mcp._lowlevel_server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)


if __name__ == "__main__":
    if bed.http:
        serve_http(mcp.streamable_http_app())
    else:
        mcp.run("stdio")
