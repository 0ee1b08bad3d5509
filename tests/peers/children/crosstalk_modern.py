"""A modern child that asks, on the official Python SDK 2.x, over HTTP: `crosstalk_legacy.mjs` for the modern era.

A question is an `input_required` result and a reply is what the retry brings; what was answered before travels in
`requestState`. It prints its URL, and ends with its stdin.
"""

import argparse
import json
import os
import socket
import sys
import threading
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

SCHEMA = {"type": "object", "additionalProperties": True}
TOOLS = {
    "ask": "Asks its caller, and returns the answers.",
    "echo": "Returns its arguments.",
    "count": "Reports progress `steps` times.",
}


class Ledger:
    """The lines of a file that many write."""

    def __init__(self, path: str | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if path else None

    def record(self, **event: object) -> None:
        if self._file is not None:
            os.write(self._file, (json.dumps(event) + "\n").encode())


def question(kind: str, said: str) -> types.InputRequest:
    if kind == "form":
        schema = {"type": "object", "properties": {"marker": {"type": "string"}}, "required": ["marker"]}
        params = types.ElicitRequestFormParams(message=said, requested_schema=schema)
        return types.ElicitRequest(params=params)
    if kind == "sampling":
        message = types.SamplingMessage(role="user", content=types.TextContent(text=said))
        return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=10))
    return types.ListRootsRequest(params=types.RequestParams.model_validate({"_meta": {"crosstalk/question": said}}))


def answer(response: types.InputResponse) -> str:
    if isinstance(response, types.ElicitResult):
        return str(response.content["marker"]) if response.action == "accept" else f"({response.action})"
    if isinstance(response, types.ListRootsResult):
        return str(response.roots[0].uri).removeprefix("file:///")
    return response.content.text


def text(value: object) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=json.dumps(value))])


class Child:
    def __init__(self, options: argparse.Namespace) -> None:
        self.name = options.name
        self.ledger = Ledger(options.ledger)

    async def list_tools(self, ctx: Any, params: Any) -> types.ListToolsResult:
        tools = [types.Tool(name=name, description=about, input_schema=SCHEMA) for name, about in TOOLS.items()]
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        self, ctx: Any, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        given = params.arguments or {}
        if params.name == "ask":
            return await self.ask(given, params)
        if params.name == "count":
            for step in range(1, given["steps"] + 1):
                await ctx.session.report_progress(step)
        return text(given)

    async def ask(
        self, of: dict[str, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        asked = {key: of[key] for key in ("call", "client", "nonce")}
        answers: list[str] = json.loads(params.request_state) if params.request_state else []
        if params.input_responses:
            for n in sorted(int(key.removeprefix("q")) for key in params.input_responses):
                answers.append(answer(params.input_responses[f"q{n}"]))
                self.ledger.record(event="reply", call=of["call"], n=n, answer=answers[-1])
        n = 0
        for group in of["groups"]:
            if n < len(answers):
                n += len(group)
                continue
            await anyio.sleep(of.get("pause_ms", 0) / 1000)
            requests = {}
            for kind in group:
                n += 1
                said = " ".join(f"{key}={value}" for key, value in asked.items()) + f" n={n}"
                requests[f"q{n}"] = question(kind, said)
                self.ledger.record(
                    event="question", child=self.name, **asked, n=n, kind=kind, late=False, held=False
                )
            return types.InputRequiredResult(input_requests=requests, request_state=json.dumps(answers))
        return text(answers)


async def modern_only(ctx: Any, call_next: Any) -> Any:
    """In the legacy era a question is no result, so this child has no such session."""
    if ctx.method == "initialize":
        raise MCPError(code=types.METHOD_NOT_FOUND, message="this server speaks 2026-07-28 only")
    return await call_next(ctx)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ledger")
    options.add_argument("--name", default="")
    child = Child(options.parse_args())
    server = Server("crosstalk", version="1.0.0", on_list_tools=child.list_tools, on_call_tool=child.call_tool)
    server.middleware.append(modern_only)

    def follow_stdin() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=follow_stdin, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
