"""One client on the official Python SDK (2.x) that stays connected while files change.

`--steps` is a JSON list. Each step writes its files (`write`), waits until the tools are those of `tools` and until the
tools of `restarted` come from another process than before, and says as one JSON line from which process each tool came,
and how often changed tools have been announced since the step began.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

import anyio
from mcp.shared.exceptions import MCPError
from python_bed import LIMIT_SECONDS, LOOK_AGAIN_SECONDS, Bed, Watched, tool_names


async def process_of(watched: Watched, tool: str) -> str | None:
    """None while its child is being restarted."""
    try:
        result = await watched.client.call_tool(tool, {})
    except MCPError:
        return None
    return None if result.is_error else result.content[0].text


async def until_listed(watched: Watched, tools: list[str]) -> None:
    while True:
        announced = watched.tools_changed
        if sorted(await tool_names(watched.client)) == sorted(tools):
            return
        await watched.until(lambda: watched.tools_changed > announced)


async def until_restarted(watched: Watched, tool: str, former: str) -> str:
    while True:
        process = await process_of(watched, tool)
        if process not in (None, former):
            return process
        await anyio.sleep(LOOK_AGAIN_SECONDS)


async def take(watched: Watched, step: dict, processes: dict[str, str]) -> None:
    announced = watched.tools_changed
    for path, text in step.get("write", {}).items():
        Path(path).write_text(text)
    for tool in step.get("restarted", []):
        await until_restarted(watched, tool, processes[tool])
    await until_listed(watched, step["tools"])
    for tool in step["tools"]:
        processes[tool] = await process_of(watched, tool)
    seen = {tool: processes[tool] for tool in step["tools"]}
    line = {"step": step["step"], "processes": seen, "announced": watched.tools_changed - announced}
    print(json.dumps(line), flush=True)


async def main(options: argparse.Namespace) -> None:
    bed = Bed(options)
    processes: dict[str, str] = {}
    async with bed.connect() as watched, watched.listening():
        for step in json.loads(Path(options.steps).read_text()):
            with anyio.fail_after(LIMIT_SECONDS):
                await take(watched, step, processes)


parser = argparse.ArgumentParser()
parser.add_argument("--url")
parser.add_argument("--era", choices=("legacy", "modern"), required=True)
parser.add_argument("--steps", required=True)
parser.add_argument("command", nargs="*")
parser.set_defaults(children=[], exposed=True)
if __name__ == "__main__":
    asyncio.run(main(parser.parse_args(sys.argv[1:])))
