"""Goes through the features of asking children with the official Python SDK (2.x), and answers what they ask.

Its one argument is a plan: {"era": "legacy" | "modern", "targets": [{"url": .. | "command": [..], "children":
[{"label", "era", "namespace", "asks_as", "lacks"}]}]}; a child without a namespace is served as it is, `asks_as` is
what an aggregator puts before its messages, and the features that it lacks are passed over. One JSON line a check on stdout: {"child": label, "check": feature, "ok", "detail"}.
"""

import asyncio
import json
import sys
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged
from mcp_types import (
    CreateMessageResult,
    ElicitCompleteNotification,
    ElicitResult,
    ListRootsResult,
    PromptReference,
    ResourceUpdatedNotification,
    Root,
    TextContent,
    ToolListChangedNotification,
)
from python_client import LOOK_AGAIN_SECONDS, expect, innermost, text_of, tool_names

warnings.simplefilter("ignore")

LIMIT_SECONDS = 20
START_SECONDS = 60
STEPS = 5


@dataclass
class Child:
    """What is checked, and what it is called here."""

    label: str
    era: str
    namespace: str | None
    asks_as: str
    lacks: list[str]

    def name(self, name: str) -> str:
        return f"{self.namespace}_{name}" if self.namespace else name

    def uri(self, uri: str) -> str:
        return f"{self.namespace}://{uri}" if self.namespace else uri

    def message(self, text: str) -> str:
        return f"{self.asks_as}{text}"


@dataclass
class Asked:
    """A question that came."""

    text: str
    child: str | None
    url: str | None = None
    elicitation: str | None = None


@dataclass
class User:
    """A connected client, what only it knows, and what it was asked and told."""

    era: str
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    asked: list[Asked] = field(default_factory=list)
    logged: list[Any] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    tools_changed: int = 0

    def __post_init__(self) -> None:
        self.client: Client
        self._news = anyio.Event()

    def _heard(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        with anyio.move_on_after(LIMIT_SECONDS / 2) as scope:
            while not condition():
                await self._news.wait()
        expect(not scope.cancelled_caught, f"{what} did not come")

    async def sample(self, context: Any, params: Any) -> CreateMessageResult:
        text = params.messages[0].content.text
        self.asked.append(Asked(text, child_of(params)))
        return CreateMessageResult(
            role="assistant", model="only-here", content=TextContent(type="text", text=f"{self.marker} {text}")
        )

    async def elicit(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(
            Asked(
                params.message,
                child_of(params),
                getattr(params, "url", None),
                getattr(params, "elicitation_id", None),
            )
        )
        if "decline" in params.message:
            return ElicitResult(action="decline")
        if params.mode == "url":
            return ElicitResult(action="accept")
        return ElicitResult(action="accept", content={"name": self.marker})

    async def roots(self, context: Any) -> ListRootsResult:
        self.asked.append(Asked("roots", None))
        return ListRootsResult(roots=[Root(uri=f"file:///{self.marker}")])

    async def on_log(self, params: Any) -> None:
        self.logged.append(params)
        self._heard()

    async def on_message(self, message: object) -> None:
        """Takes what a legacy server pushes; what a modern one sends comes through `listen`."""
        if isinstance(message, ElicitCompleteNotification):
            self.completed.append(message.params.elicitation_id)
        elif self.era == "modern":
            return
        elif isinstance(message, ToolListChangedNotification):
            self.tools_changed += 1
        elif isinstance(message, ResourceUpdatedNotification):
            self.updated.append(str(message.params.uri))
        self._heard()

    @asynccontextmanager
    async def listening(self, uris: list[str] | None = None) -> AsyncIterator[None]:
        """Listens for changed tools, or for updates of `uris`, in the way of the era."""
        self.tools_changed, self.updated = 0, []
        if self.era == "modern":
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
            self._heard()


def child_of(params: Any) -> str | None:
    """Which child asks, as an aggregator says."""
    return (params.meta or {}).get("mcpCompose/child")


def one_question(user: User, child: Child, text: str) -> Asked:
    expect(len(user.asked) == 1, f"asked {len(user.asked)} times: {user.asked}")
    expect(user.asked[0].text == text, f"asked {user.asked[0].text}, not {text}")
    expect(user.asked[0].child == child.namespace, f"{user.asked[0].child} is named as the child that asks")
    return user.asked[0]


async def sampling(user: User, child: Child, nonce: str) -> str:
    said = await text_of(user.client, child.name("ask_sampling"), {"nonce": nonce})
    one_question(user, child, f"sampling {nonce}")
    expect(said == f"only-here: {user.marker} sampling {nonce}", said)
    return "answered by this client's model"


async def form(user: User, child: Child, nonce: str) -> str:
    said = await text_of(user.client, child.name("ask_form"), {"nonce": nonce})
    one_question(user, child, child.message(f"form {nonce}"))
    expect(said == f"accept {user.marker}", said)
    user.asked.clear()
    said = await text_of(user.client, child.name("ask_form"), {"nonce": f"decline-{nonce}"})
    one_question(user, child, child.message(f"form decline-{nonce}"))
    expect(said == "decline", said)
    return "accepted and declined"


async def url(user: User, child: Child, nonce: str) -> str:
    said = await text_of(user.client, child.name("ask_url"), {"nonce": nonce})
    asked = one_question(user, child, child.message(f"url {nonce}"))
    expect(asked.url == f"https://example.com/{nonce}", asked)
    expect(said == "accept", said)
    if user.era == "modern":
        expect(asked.elicitation is None, f"2026-07-28 has no elicitationId, but there is {asked.elicitation}")
        return "accepted"
    expect(bool(asked.elicitation), "no elicitationId")
    await user.until(lambda: asked.elicitation in user.completed, f"the completion of {asked.elicitation}")
    return "accepted, and completed"


async def roots(user: User, child: Child, nonce: str) -> str:
    said = await text_of(user.client, child.name("ask_roots"))
    expect(said == f"file:///{user.marker}", said)
    expect(len(user.asked) == 1, f"asked {len(user.asked)} times")
    return "this client's"


async def progress(user: User, child: Child, nonce: str) -> str:
    seen: list[float] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    await user.client.call_tool(child.name("steps"), {}, progress_callback=on_progress)
    expect(seen == list(range(1, STEPS + 1)), seen)
    return f"{STEPS} in order"


async def log(user: User, child: Child, nonce: str) -> str:
    await text_of(user.client, child.name("chatter"), {"nonce": nonce})
    data = f"chatter {nonce}"
    await user.until(lambda: any(data in str(params.data) for params in user.logged), "the message")
    logger = next(params.logger for params in user.logged if data in str(params.data))
    expect("asking" in (logger or ""), f"logged as {logger}")
    return f"logged as {logger}" if not child.namespace else "logged"


async def cancel(user: User, child: Child, nonce: str) -> str:
    with anyio.CancelScope() as scope:

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await user.client.call_tool(child.name("wait"), {"nonce": nonce}, progress_callback=on_progress)
    expect(scope.cancelled_caught, "the call ended before it was cancelled")
    count = await text_of(user.client, child.name("cancelled_count"), {"nonce": nonce})
    expect(count == "1", f"cancelled {count} times at the child")
    return "arrived at the child"


async def list_changed(user: User, child: Child, nonce: str) -> str:
    late = f"late_{nonce}"
    async with user.listening():
        await text_of(user.client, child.name("grow"), {"name": late})
        await user.until(lambda: user.tools_changed > 0, "the notification")
    expect(child.name(late) in await tool_names(user.client), "not listed after the notification")
    said = await text_of(user.client, child.name(late))
    expect(said == f"hello from {late}", said)
    return "told, listed and called"


async def subscribe(user: User, child: Child, nonce: str) -> str:
    board = child.uri("board://news")
    async with user.listening([board]):
        await text_of(user.client, child.name("touch"))
        await user.until(lambda: bool(user.updated), "the update")
    expect(user.updated == [board], user.updated)
    return "updated once"


async def complete(user: User, child: Child, nonce: str) -> str:
    reference = PromptReference(type="ref/prompt", name=child.name("greet"))
    result = await user.client.complete(reference, {"name": "name", "value": "a"})
    expect(result.completion.values == ["ada", "alan"], result)
    return "two values"


CHECKS: list[Callable[[User, Child, str], Awaitable[str]]] = [
    sampling, form, url, roots, progress, log, cancel, list_changed, subscribe, complete,
]  # fmt: skip


async def through(era: str, target: dict[str, Any]) -> None:
    user = User(era)
    command = target.get("command")
    server = StdioServerParameters(command=command[0], args=command[1:]) if command else target["url"]
    children = [Child(**child) for child in target["children"]]
    async with Client(
        server,
        mode="legacy" if era == "legacy" else "auto",
        sampling_callback=user.sample,
        elicitation_callback=user.elicit,
        list_roots_callback=user.roots,
        logging_callback=user.on_log,
        log_level="info",
        message_handler=user.on_message,
        cache=None,
    ) as client:
        user.client = client
        expect((client.protocol_version >= "2026") == (era == "modern"), f"negotiated {client.protocol_version}")
        wanted = {child.name("ask_form") for child in children}
        with anyio.fail_after(START_SECONDS):
            while not wanted <= set(await tool_names(client)):
                await anyio.sleep(LOOK_AGAIN_SECONDS)
        if era == "legacy":
            await client.set_logging_level("info")
        for child in children:
            for check in CHECKS:
                if check.__name__ in child.lacks:
                    continue
                user.asked.clear()
                try:
                    with anyio.fail_after(LIMIT_SECONDS):
                        say(child.label, check.__name__, True, await check(user, child, uuid.uuid4().hex[:12]))
                except Exception as problem:  # every problem is one line of the report
                    detail = innermost(problem)
                    say(child.label, check.__name__, False, f"{type(detail).__name__}: {detail}")


def say(child: str, check: str, ok: bool, detail: str) -> None:
    print(json.dumps({"child": child, "check": check, "ok": ok, "detail": detail}), flush=True)


async def run(plan: dict[str, Any]) -> None:
    for target in plan["targets"]:
        try:
            await through(plan["era"], target)
        except Exception as problem:
            say(target["children"][0]["label"], "connect", False, f"{type(problem).__name__}: {innermost(problem)}")


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
