"""Checks a server with the official Python SDK (2.x).

One JSON line a check on stdout: {"check": "...", "ok": true, "detail": "..."}. What can be checked follows from
`--children`: which of the reference children (database, weather, manufact) stand behind the server, or that it is the
`todo` server of the examples. With `--exposed` they are expected under their namespaces, as an aggregator shows them;
without it, as they are.
"""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack

import anyio
import todo_checks
from mcp_types import PromptReference, ResourceTemplateReference
from python_bed import CHECKS, LIMIT_SECONDS, LOOK_AGAIN_SECONDS, Bed, check, expect, text_of, tool_names

# Absence can only be shown by waiting: a second notification would follow the first within this time.
SETTLE_SECONDS = 0.6


@check()
async def list_all(bed: Bed) -> str:
    client = bed.main.client
    tools = await tool_names(client)
    resources = [str(resource.uri) for resource in (await client.list_resources()).resources]
    templates = [
        template.uri_template for template in (await client.list_resource_templates()).resource_templates
    ]
    prompts = []
    if client.server_capabilities.prompts:
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
    wanted: list[tuple[list[str], str]] = []
    if bed.has("database"):
        wanted += [(tools, bed.name("database", name)) for name in ("query", "slow", "add_tool", "remove_tool")]
        wanted += [(resources, bed.uri("database", "db://journal"))]
        wanted += [(templates, bed.uri("database", "db://rows/{id}"))]
    if bed.has("weather"):
        wanted += [(tools, bed.name("weather", "forecast"))]
        wanted += [(resources, bed.uri("weather", "app://settings"))]
        wanted += [(templates, bed.uri("weather", "weather://{city}/current"))]
        wanted += [(prompts, bed.name("weather", "report"))]
    if bed.has("manufact"):
        wanted += [(tools, bed.name("manufact", name)) for name in ("search_parts", "order")]
        wanted += [(resources, bed.uri("manufact", "parts://catalog"))]
        wanted += [(prompts, bed.name("manufact", "negotiate"))]
    if bed.has("local"):
        wanted += [(tools, "aggregator_status")]
    for found, name in wanted:
        expect(name in found, f"{name} is not among {found}")
        expect(found.count(name) == 1, f"{name} is listed {found.count(name)} times")
    return f"{len(tools)} tools, {len(resources)} resources, {len(templates)} templates, {len(prompts)} prompts"


@check("database")
async def call_database(bed: Bed) -> str:
    result = await bed.main.client.call_tool(bed.name("database", "query"), {"sql": "select"})
    expect(result.structured_content["rows"][0] == {"id": 1, "text": "bolts"}, result)
    return json.dumps(result.structured_content)


@check("database")
async def tool_error(bed: Bed) -> str:
    result = await bed.main.client.call_tool(bed.name("database", "query"), {"sql": "drop"})
    expect(result.is_error is True and result.content[0].text == "cannot run `drop`", result)
    return "the error of the tool is the child's"


@check("weather")
async def call_weather(bed: Bed) -> str:
    result = await bed.main.client.call_tool(bed.name("weather", "forecast"), {"city": "Oslo", "days": 2})
    expect(result.structured_content == {"temperatures": [4, 5]}, result)
    return json.dumps(result.structured_content)


@check("manufact")
async def call_manufact(bed: Bed) -> str:
    text = await text_of(bed.main.client, bed.name("manufact", "order"), {"part": "nut-m4", "count": 2})
    expect(text == "ordered 2 of nut-m4 for 0.06", text)
    return text


@check("local")
async def call_local(bed: Bed) -> str:
    return await text_of(bed.main.client, "aggregator_status")


@check("weather")
async def read_resource(bed: Bed) -> str:
    uri = bed.uri("weather", "app://settings")
    contents = (await bed.main.client.read_resource(uri)).contents
    expect(json.loads(contents[0].text) == {"unit": "celsius"}, contents)
    expect(str(contents[0].uri) == uri, f"asked for {uri}, got {contents[0].uri}")
    return contents[0].text


@check("weather")
async def read_template(bed: Bed) -> str:
    uri = bed.uri("weather", "weather://lima/current")
    contents = (await bed.main.client.read_resource(uri)).contents
    expect(json.loads(contents[0].text) == {"city": "lima", "temperature": 19}, contents)
    expect(str(contents[0].uri) == uri, f"asked for {uri}, got {contents[0].uri}")
    return contents[0].text


@check("weather")
async def get_prompt(bed: Bed) -> str:
    result = await bed.main.client.get_prompt(bed.name("weather", "report"), {"city": "oslo"})
    text = result.messages[0].content.text
    expect(text == "Write a short weather report for oslo.", text)
    return text


@check("weather")
async def complete_prompt(bed: Bed) -> str:
    reference = PromptReference(type="ref/prompt", name=bed.name("weather", "report"))
    result = await bed.main.client.complete(reference, {"name": "city", "value": "l"})
    expect(result.completion.values == ["lima", "london"], result)
    return json.dumps(result.completion.values)


@check("weather")
async def complete_template(bed: Bed) -> str:
    reference = ResourceTemplateReference(
        type="ref/resource", uri=bed.uri("weather", "weather://{city}/current")
    )
    result = await bed.main.client.complete(reference, {"name": "city", "value": "o"})
    expect(result.completion.values == ["oslo"], result)
    return json.dumps(result.completion.values)


async def _progress(bed: Bed, tool: str, arguments: dict[str, object], count: int) -> str:
    seen: list[float] = []
    after: list[float] = []
    finished = False

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        (after if finished else seen).append(progress)

    await bed.main.client.call_tool(tool, arguments, progress_callback=on_progress)
    finished = True
    await anyio.lowlevel.checkpoint()
    expect(seen == list(range(1, count + 1)), f"before the result: {seen}, after it: {after}")
    return f"{len(seen)} in order"


@check("database")
async def progress_stdio(bed: Bed) -> str:
    return await _progress(bed, bed.name("database", "slow"), {"steps": 20, "delay_ms": 2}, 20)


@check("manufact")
async def progress_http(bed: Bed) -> str:
    return await _progress(bed, bed.name("manufact", "order"), {"part": "bolt-m4", "count": 20}, 20)


@check("database")
async def cancel(bed: Bed) -> str:
    client = bed.main.client
    tool = bed.name("database", "cancelled_calls")
    before = int(await text_of(client, tool))
    with anyio.CancelScope() as scope:

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await client.call_tool(
            bed.name("database", "slow"), {"steps": 1000, "delay_ms": 20}, progress_callback=on_progress
        )
    expect(scope.cancelled_caught, "the call ended before it was cancelled")
    after = int(await text_of(client, tool, {"at_least": before + 1}))
    expect(after == before + 1, f"{after - before} cancellations arrived at the child")
    return "arrived at the child"


@check("database")
async def subscribe(bed: Bed) -> str:
    uri = bed.uri("database", "db://journal")
    watched = bed.main
    async with watched.listening([uri]):
        await text_of(watched.client, bed.name("database", "query"), {"sql": "insert washers"})
        with anyio.fail_after(5):
            await watched.until(lambda: bool(watched.updated))
        expect(watched.updated == [uri], watched.updated)
    return "updated " + watched.updated[0]


@check("database")
async def list_changed(bed: Bed) -> str:
    """All connected clients are told once when a tool comes, and once when it goes."""
    name = bed.name("database", f"came_late_{bed.main.era}")
    local = name.removeprefix("database_") if bed.options.exposed else name
    async with AsyncExitStack() as stack:
        clients = [bed.main]
        if bed.options.url:
            clients.append(await stack.enter_async_context(bed.connect()))
        for watched in clients:
            await stack.enter_async_context(watched.listening())
            watched.tools_changed = 0
        await text_of(clients[0].client, bed.name("database", "add_tool"), {"name": local})
        for watched in clients:
            with anyio.fail_after(5):
                await watched.until(lambda watched=watched: watched.tools_changed > 0)
        for watched in clients:
            expect(name in await tool_names(watched.client), f"{name} is not listed after the notification")
        greeting = await text_of(clients[-1].client, name)
        expect(greeting == f"hello from {local}", greeting)
        await anyio.sleep(SETTLE_SECONDS)
        counts = [watched.tools_changed for watched in clients]
        expect(all(count == 1 for count in counts), f"notified {counts} times when the tool came")

        await text_of(clients[0].client, bed.name("database", "remove_tool"), {"name": local})
        for watched in clients:
            with anyio.fail_after(5):
                await watched.until(lambda watched=watched: watched.tools_changed > 1)
        for watched in clients:
            expect(name not in await tool_names(watched.client), f"{name} is listed after it was removed")
        await anyio.sleep(SETTLE_SECONDS)
        counts = [watched.tools_changed for watched in clients]
        expect(all(count == 2 for count in counts), f"notified {counts} times when it came and went")
    return f"{len(clients)} clients, once each time"


async def all_children_are_there(bed: Bed) -> None:
    """Children that start slowly come late, and are announced; the checks are about what comes after that."""
    first = {"database": "query", "weather": "forecast", "manufact": "order"}
    wanted = {bed.name(child, tool) for child, tool in first.items() if bed.has(child)}
    with anyio.fail_after(LIMIT_SECONDS):
        while not wanted <= set(await tool_names(bed.main.client)):
            await anyio.sleep(LOOK_AGAIN_SECONDS)


async def run(options: argparse.Namespace) -> bool:
    todo_checks.register()
    bed = Bed(options)
    passed = True
    async with bed.connect() as main:
        bed.main = main
        say("connect", True, f"{main.client.protocol_version} {main.client.server_info}")
        await all_children_are_there(bed)
        for name, (needed, function) in CHECKS.items():
            if not needed <= set(options.children) or (options.only and name not in options.only):
                continue
            try:
                with anyio.fail_after(LIMIT_SECONDS):
                    say(name, True, await function(bed))
            except Exception as problem:  # every problem is one line of the report
                passed = False
                say(name, False, f"{type(problem).__name__}: {innermost(problem)}")
    return passed


def innermost(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def say(name: str, ok: bool, detail: str) -> None:
    print(json.dumps({"check": name, "ok": ok, "detail": detail}), flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="streamable HTTP endpoint; without it, the command after `--` is started")
    options.add_argument("--era", choices=["auto", "legacy", "modern"], default="auto")
    options.add_argument("--children", type=lambda text: text.split(","), default=[])
    options.add_argument("--exposed", action="store_true")
    options.add_argument("--only", type=lambda text: text.split(","), default=[])
    options.add_argument("command", nargs="*")
    parsed = options.parse_args()
    try:
        passed = asyncio.run(run(parsed))
    except Exception as problem:
        say("connect", False, f"{type(problem).__name__}: {innermost(problem)}")
        passed = False
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
