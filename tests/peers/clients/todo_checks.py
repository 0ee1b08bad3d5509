"""The checks that the Python client makes of the todo server, `examples/src/bin/todo.rs`."""

import json

from mcp import Client
from mcp_types import ElicitResult, PromptReference
from python_bed import Bed, check, expect, tool_names


async def todo_list(bed: Bed) -> str:
    client = bed.main.client
    expect(await tool_names(client) == ["add", "import"], await tool_names(client))
    add, imports = (await client.list_tools()).tools
    properties = add.input_schema["properties"]
    expect(properties["title"] == {"type": "string", "description": "What to do."}, properties)
    expect((properties["priority"]["default"], add.input_schema["required"]) == (0, ["title"]), add)
    hints = imports.annotations
    expect(imports.annotations.destructive_hint is True, imports)
    templates = (await client.list_resource_templates()).resource_templates
    listed = [(template.uri_template, template.mime_type) for template in templates]
    expect(listed == [("todo://items/{id}", "application/json")], listed)
    prompts = [(prompt.name, prompt.arguments[0].name) for prompt in (await client.list_prompts()).prompts]
    expect(prompts == [("plan", "topic")], prompts)
    expect(client.instructions == "Keeps a list of things to do.", client.instructions)
    return "two tools, a template, a prompt"


async def added(client: Client, arguments: dict[str, object]) -> dict[str, object]:
    """The structured result, which the SDK has checked against the output schema that it was listed with."""
    result = await client.call_tool("add", arguments)
    expect(not result.is_error, result)
    expect(json.loads(result.content[0].text) == result.structured_content, result)
    return result.structured_content


async def todo_add(bed: Bed) -> str:
    todo = await added(bed.main.client, {"title": "weed the garden", "priority": 7})
    expect(todo == {"title": "weed the garden", "priority": 7}, todo)
    return "structured, and as text"


async def todo_default(bed: Bed) -> str:
    todo = await added(bed.main.client, {"title": "sleep"})
    expect(todo == {"title": "sleep", "priority": 0}, todo)
    return "priority 0"


async def todo_unknown_argument(bed: Bed) -> str:
    result = await bed.main.client.call_tool("add", {"titel": "sleep"})
    text = result.content[0].text
    expect(result.is_error is True and "did you mean `title`?" in text, result)
    return text


async def imports(bed: Bed, count: int, answer: ElicitResult) -> tuple[str, list[tuple[float, float | None]]]:
    """What an import came to, and how often it told of its progress."""
    seen: list[tuple[float, float | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    bed.answer = answer
    bed.asked = []
    result = await bed.main.client.call_tool("import", {"count": count}, progress_callback=on_progress)
    asked = [question.message for question in bed.asked]
    expect(asked == [f"Import {count} todos?"], asked)
    expect(bed.asked[0].requested_schema["required"] == ["yes"], bed.asked)
    return result.content[0].text, seen


async def todo_import(bed: Bed) -> str:
    found = await imports(bed, 5, ElicitResult(action="accept", content={"yes": True}))
    expect(found == ("imported 5", [(n, 5) for n in range(1, 6)]), found)
    return "5 in order"


async def todo_import_unsure(bed: Bed) -> str:
    found = await imports(bed, 5, ElicitResult(action="accept", content={"yes": False}))
    expect(found == ("skipped", []), found)
    return "answered with no"


async def todo_import_declined(bed: Bed) -> str:
    found = await imports(bed, 5, ElicitResult(action="decline"))
    expect(found == ("skipped", []), found)
    return "declined"


async def todo_read(bed: Bed) -> str:
    uri = "todo://items/0"
    content = (await bed.main.client.read_resource(uri)).contents[0]
    expect((str(content.uri), content.mime_type) == (uri, "application/json"), content)
    expect(json.loads(content.text) == {"title": "weed the garden", "priority": 7}, content)
    return content.text


async def todo_read_missing(bed: Bed) -> str:
    try:
        result = await bed.main.client.read_resource("todo://items/1000")
    except Exception as problem:
        expect("no such todo" in str(problem), problem)
        return str(problem)
    raise AssertionError(str(result))


async def todo_prompt(bed: Bed) -> str:
    messages = (await bed.main.client.get_prompt("plan", {"topic": "spring"})).messages
    found = [(message.role, message.content.text) for message in messages]
    expect(found == [("user", "Plan the work on spring.")], found)
    return found[0][1]


async def todo_complete(bed: Bed) -> str:
    reference = PromptReference(type="ref/prompt", name="plan")
    result = await bed.main.client.complete(reference, {"name": "topic", "value": "we"})
    expect(result.completion.values == ["weed the garden"], result)
    return result.completion.values[0]


def register() -> None:
    """Adds them to the checks, in the order in which they are made."""
    for each in (
        todo_list,
        todo_add,
        todo_default,
        todo_unknown_argument,
        todo_import,
        todo_import_unsure,
        todo_import_declined,
        todo_read,
        todo_read_missing,
        todo_prompt,
        todo_complete,
    ):
        check("todo")(each)
