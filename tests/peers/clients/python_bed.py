"""What the checks with the official Python SDK stand on: connected clients, the server under test, the list of checks."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged
from mcp_types import ElicitResult, ResourceUpdatedNotification, ToolListChangedNotification

LIMIT_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.3

Check = Callable[["Bed"], Awaitable[str]]
CHECKS: dict[str, tuple[set[str], Check]] = {}


def check(*children: str) -> Callable[[Check], Check]:
    """Registers a check, and the children that it needs."""

    def register(function: Check) -> Check:
        CHECKS[function.__name__] = (set(children), function)
        return function

    return register


class Watched:
    """A connected client, and what it was notified of."""

    def __init__(self, era: str) -> None:
        self.era = era
        self.client: Client
        self.tools_changed = 0
        self.updated: list[str] = []
        self._news = anyio.Event()

    async def on_message(self, message: object) -> None:
        """Counts what a legacy server pushes; what a modern one sends comes through `listen`."""
        if self.modern():
            return
        if isinstance(message, ToolListChangedNotification):
            self.tools_changed += 1
        elif isinstance(message, ResourceUpdatedNotification):
            self.updated.append(str(message.params.uri))
        self._wake()

    @asynccontextmanager
    async def listening(self, uris: list[str] | None = None) -> AsyncIterator[None]:
        """Listens for changed tools and for updates of `uris`, in the way of the connection's era."""
        if self.modern():
            async with (
                self.client.listen(tools_list_changed=not uris, resource_subscriptions=uris or []) as events,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(self._collect, events)
                yield
                tasks.cancel_scope.cancel()
        else:
            for uri in uris or []:
                await self.client.subscribe_resource(uri)
            yield
            for uri in uris or []:
                await self.client.unsubscribe_resource(uri)

    async def _collect(self, events: AsyncIterator[object]) -> None:
        async for event in events:
            if isinstance(event, ToolsListChanged):
                self.tools_changed += 1
            elif isinstance(event, ResourceUpdated):
                self.updated.append(str(event.uri))
            self._wake()

    def modern(self) -> bool:
        """Whether the connection speaks 2026-07-28 or later."""
        return self.client.protocol_version >= "2026"

    def _wake(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._news.wait()


class Bed:
    """The server under test, and how its parts are called."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.main: Watched
        self.asked: list[Any] = []
        self.answer: ElicitResult

    def name(self, child: str, name: str) -> str:
        """The name of a tool or prompt of a child."""
        return f"{child}_{name}" if self.options.exposed else name

    def uri(self, child: str, uri: str) -> str:
        """The URI of a resource or template of a child."""
        return f"{child}://{uri}" if self.options.exposed else uri

    def has(self, child: str) -> bool:
        return child in self.options.children

    async def elicit(self, context: object, params: Any) -> ElicitResult:
        self.asked.append(params)
        return self.answer

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Watched]:
        """One more client. The reference children ask nothing, and their clients can be asked nothing."""
        watched = Watched(self.options.era)
        mode = "legacy" if self.options.era == "legacy" else "auto"
        if self.options.url:
            target: str | StdioServerParameters = self.options.url
        else:
            target = StdioServerParameters(command=self.options.command[0], args=self.options.command[1:])
        elicit = self.elicit if self.has("todo") else None
        async with Client(
            target, mode=mode, message_handler=watched.on_message, elicitation_callback=elicit, cache=None
        ) as client:
            watched.client = client
            if self.options.era == "modern":
                expect(watched.modern(), f"the server negotiated {client.protocol_version}")
            yield watched


def expect(condition: bool, detail: object) -> None:
    if not condition:
        raise AssertionError(str(detail))


async def text_of(client: Client, tool: str, arguments: dict[str, object] | None = None) -> str:
    result = await client.call_tool(tool, arguments or {})
    text = "".join(block.text for block in result.content if block.type == "text")
    expect(not result.is_error, f"{tool}: {text}")
    return text


async def tool_names(client: Client) -> list[str]:
    names: list[str] = []
    cursor = None
    while True:
        page = await client.list_tools(cursor=cursor)
        names += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            return names
