"""Many clients at once on the official Python SDK (2.x), whose tools ask them for what only they know.

Each client makes calls in an order, with pauses and with ends that follow from `--seed`: calls that ask, one or more
at a time, plain calls, lists, progress, calls that it cancels, and sometimes it leaves in the middle of a question
and comes back as another client. What it called, what it was asked and how each call ended is a line of `--ledger`.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

# A call that takes longer hangs: it has no end in the ledger.
LIMIT_SECONDS = 60
ANSWER_MS = 20
AT_ONCE = 2
SAID = re.compile(r"call=(\S+) client=(\S+) nonce=(\S+) n=(\d+)")
KINDS = ("form", "sampling", "roots")
# Who a client is to the server: a connection of its own, a principal of its own, or one of the anonymous.
LEGACY, PRINCIPAL, ANONYMOUS = "legacy", "principal", "anonymous"
ERAS = {
    "legacy": (LEGACY,),
    "modern": (PRINCIPAL, ANONYMOUS),
    "both": (LEGACY, PRINCIPAL, LEGACY, ANONYMOUS),
}


class Ledger:
    """The lines of a file that many write."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(self, **event: object) -> None:
        os.write(self._file, (json.dumps(event) + "\n").encode())


@dataclass
class Bed:
    """What all clients share."""

    options: argparse.Namespace
    ledger: Ledger
    calls: int = 0


@dataclass
class Session:
    """One client: what it knows, and what it is in the middle of."""

    bed: Bed
    name: str
    kind: str
    dice: random.Random
    marker: str = ""
    client: Client | None = None
    # What happens when a question of this call comes, instead of or after an answer.
    interrupt: dict[str, Callable[[], None]] = field(default_factory=dict)

    def record(self, **event: object) -> None:
        self.bed.ledger.record(**event)

    async def live(self, budget: int) -> int:
        """Is connected until the budget of questions is used up or the client leaves; answers with what is left."""
        self.marker = f"{self.name}-{self.dice.getrandbits(48):x}"
        self.record(event="client", client=self.name, marker=self.marker, kind=self.kind)
        headers = {"Authorization": f"Bearer {self.name}"} if self.kind == PRINCIPAL else None
        with anyio.CancelScope() as leaving:
            async with create_mcp_http_client(headers=headers) as http:
                target = streamable_http_client(self.bed.options.url, http_client=http)
                async with Client(
                    target,
                    mode="legacy" if self.kind == LEGACY else "auto",
                    cache=None,
                    elicitation_callback=self.on_form,
                    sampling_callback=self.on_sampling,
                    list_roots_callback=self.on_roots,
                ) as client:
                    self.client = client
                    await self.known()
                    while budget > 0:
                        async with anyio.create_task_group() as calls:
                            for _ in range(self.dice.randint(1, AT_ONCE)):
                                budget -= self.start(calls, leaving)
        if leaving.cancelled_caught:
            self.record(event="left", client=self.name)
        return budget

    async def known(self) -> None:
        """Children that start slowly come late: they are waited for, as far as this client calls them."""
        wanted = {self.tool(child, "ask") for child in self.bed.options.children}
        with anyio.fail_after(LIMIT_SECONDS):
            while not wanted <= {tool.name for tool in (await self.client.list_tools()).tools}:
                await anyio.sleep(0.3)

    def tool(self, child: str, name: str) -> str:
        return f"{child}_{name}" if child else name

    def start(self, calls: anyio.abc.TaskGroup, leaving: anyio.CancelScope) -> int:
        """Starts something in the background; answers with how many questions it will bring."""
        self.bed.calls += 1
        call = f"{self.name}/{self.bed.calls}"
        child = self.dice.choice(self.bed.options.children)
        chance = self.dice.random()
        if chance < 0.1:
            calls.start_soon(self.plain, call, child)
        elif chance < 0.15:
            calls.start_soon(self.count, child)
        elif chance < 0.2:
            calls.start_soon(self.lists)
        else:
            kept = chance < 0.93 or self.bed.options.polite
            fate = "kept" if kept else "cancelled" if chance < 0.98 else "left"
            of = self.questions(call, child, fate)
            calls.start_soon(self.ask, call, child, of, fate, leaving)
            return sum(len(group) for group in of["groups"])
        return 0

    def questions(self, call: str, child: str, fate: str) -> dict[str, object]:
        """The arguments of a call that asks."""
        dice = self.dice
        groups = [[dice.choice(KINDS) for _ in range(dice.choice((1, 1, 1, 2)))] for _ in range(dice.choice((1, 1, 2, 3)))]
        of: dict[str, object] = {
            "call": call,
            "client": self.name,
            "nonce": f"{dice.getrandbits(32):x}",
            "groups": groups,
            "pause_ms": dice.randint(0, 10),
        }
        # Nobody can tell the anonymous apart: what a child asks after the end of a call may be of any of them.
        if fate == "kept" and self.kind != ANONYMOUS and dice.random() < 0.15:
            of |= {"late": dice.choice(KINDS), "late_ms": dice.randint(0, 30)}
        if fate == "cancelled" and dice.random() < 0.5:
            of["stubborn"] = True
        return of

    async def ask(
        self, call: str, child: str, of: dict[str, object], fate: str, leaving: anyio.CancelScope
    ) -> None:
        self.record(
            event="call", call=call, client=self.name, child=child, nonce=of["nonce"], groups=of["groups"], fate=fate
        )
        with anyio.CancelScope() as scope:
            if fate == "cancelled":
                self.interrupt[call] = scope.cancel
            elif fate == "left":
                self.interrupt[call] = leaving.cancel
            end = await self.end_of(self.tool(child, "ask"), of)
            if end is not None:
                self.record(event="end", call=call, **end)
        if scope.cancelled_caught:
            self.record(event="end", call=call, error="cancelled by the client")

    async def end_of(self, tool: str, of: dict[str, object]) -> dict[str, object] | None:
        try:
            with anyio.fail_after(LIMIT_SECONDS):
                result = await self.client.call_tool(tool, of)
        except TimeoutError:
            return None
        except MCPError as problem:
            return {"error": str(problem)}
        said = result.content[0].text
        return {"error": said} if result.is_error else {"answers": json.loads(said)}

    async def plain(self, call: str, child: str) -> None:
        given = {"call": call, "marker": self.marker}
        end = await self.end_of(self.tool(child, "echo"), given)
        self.traffic(end == {"answers": given}, f"echo of {given}: {end}")

    async def count(self, child: str) -> None:
        steps, seen = self.dice.randint(1, 5), []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            seen.append(int(progress))

        with anyio.move_on_after(LIMIT_SECONDS):
            try:
                await self.client.call_tool(
                    self.tool(child, "count"), {"steps": steps}, progress_callback=on_progress
                )
            except MCPError as problem:
                seen.append(str(problem))
        # A late question may be taken for one of this call, which keeps only the latest report then.
        wanted = [step for step in range(1, steps + 1) if self.kind == LEGACY or step in seen]
        self.traffic(seen == wanted, f"{steps} steps of progress: {seen}")

    async def lists(self) -> None:
        tools: list[str] = []
        with anyio.move_on_after(LIMIT_SECONDS):
            tools = [tool.name for tool in (await self.client.list_tools()).tools]
        missing = [child for child in self.bed.options.children if self.tool(child, "ask") not in tools]
        self.traffic(not missing, f"tools of {missing} are not listed")

    def traffic(self, ok: bool, detail: str) -> None:
        self.record(event="traffic", client=self.name, ok=ok, detail=detail)

    async def answer(self, said: str) -> str:
        """Notes a question, and makes up its mind; the answer has what only this client knows."""
        found = SAID.search(said)
        if not found:
            self.record(event="asked", by=self.name, call="", client="", nonce=said, n=0, answer="")
            return "?"
        call, client, nonce, n = found.groups()
        answer = f"{self.marker}/{nonce}/{n}"
        self.record(
            event="asked", by=self.name, call=call, client=client, nonce=nonce, n=int(n), answer=answer
        )
        await anyio.sleep(self.dice.randint(0, ANSWER_MS) / 1000)
        if interrupt := self.interrupt.get(call):
            interrupt()
            await anyio.sleep(self.dice.randint(0, 1) / 1000)
        return answer

    async def on_form(self, ctx: ClientRequestContext, params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"marker": await self.answer(params.message)})

    async def on_sampling(
        self, ctx: ClientRequestContext, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult:
        answer = await self.answer(params.messages[0].content.text)
        content = types.TextContent(text=answer)
        return types.CreateMessageResult(role="assistant", content=content, model="none", stop_reason="endTurn")

    async def on_roots(self, ctx: ClientRequestContext) -> types.ListRootsResult:
        said = str((ctx.meta or {}).get("crosstalk/question"))
        return types.ListRootsResult(roots=[types.Root(uri=f"file:///{await self.answer(said)}")])


async def one(bed: Bed, number: int, budget: int) -> None:
    kinds = ERAS[bed.options.era]
    kind = kinds[number % len(kinds)]
    dice = random.Random(f"{bed.options.seed}/{number}")
    life = 0
    while budget > 0:
        life += 1
        session = Session(bed, f"{kind[0].upper()}{number}.{life}", kind, dice)
        try:
            budget = await session.live(budget)
        except Exception as problem:  # a client that fails is a line of the ledger
            bed.ledger.record(event="traffic", client=session.name, ok=False, detail=repr(innermost(problem)))
            return


def innermost(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


async def run(options: argparse.Namespace) -> None:
    bed = Bed(options, Ledger(options.ledger))
    async with anyio.create_task_group() as clients:
        for number in range(options.clients):
            clients.start_soon(one, bed, number, options.questions // options.clients)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", required=True)
    options.add_argument("--era", choices=sorted(ERAS), default="both")
    options.add_argument("--clients", type=int, default=2)
    options.add_argument("--questions", type=int, default=100, help="of all clients together")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--polite", action="store_true", help="nothing is cancelled, and nobody leaves")
    options.add_argument("--ledger", required=True)
    # The namespaces of children that can ask; none for a server that is not behind an aggregator.
    options.add_argument("--children", type=lambda text: text.split(","), default=[""])
    asyncio.run(run(options.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
