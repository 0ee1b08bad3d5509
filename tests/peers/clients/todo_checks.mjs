// The checks that both TypeScript clients make of the todo server, `examples/src/bin/todo.rs`. See checks.mjs.
import { expect, same, toolNames } from "./checks.mjs";

export const todoChecks = [
  [["todo"], "todo_list", list],
  [["todo"], "todo_add", add],
  [["todo"], "todo_default", addWithDefault],
  [["todo"], "todo_unknown_argument", unknownArgument],
  [["todo"], "todo_import", importAccepted],
  [["todo"], "todo_import_unsure", importUnsure],
  [["todo"], "todo_import_declined", importDeclined],
  [["todo"], "todo_read", read],
  [["todo"], "todo_read_missing", readMissing],
  [["todo"], "todo_prompt", prompt],
  [["todo"], "todo_complete", complete],
];

async function list({ main: { client } }) {
  same(await toolNames(client), ["add", "import"]);
  const { tools } = await client.listTools();
  const { properties, required } = tools[0].inputSchema;
  same(properties.title, { type: "string", description: "What to do." });
  same([properties.priority.default, required], [0, ["title"]]);
  same(tools[1].annotations, { destructiveHint: true });
  const { resourceTemplates } = await client.listResourceTemplates();
  same(resourceTemplates.map(({ uriTemplate, mimeType }) => [uriTemplate, mimeType]), [
    ["todo://items/{id}", "application/json"],
  ]);
  const { prompts } = await client.listPrompts();
  same(prompts.map(({ name, arguments: wanted }) => [name, wanted[0].name]), [["plan", "topic"]]);
  same(client.getInstructions(), "Keeps a list of things to do.");
  return "two tools, a template, a prompt";
}

/** The structured result, which the SDK has checked against the output schema that it was listed with. */
async function added(client, args) {
  const result = await client.callTool({ name: "add", arguments: args });
  expect(!result.isError, result);
  same(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

async function add({ main: { client } }) {
  same(await added(client, { title: "weed the garden", priority: 7 }), { title: "weed the garden", priority: 7 });
  return "structured, and as text";
}

async function addWithDefault({ main: { client } }) {
  same(await added(client, { title: "sleep" }), { title: "sleep", priority: 0 });
  return "priority 0";
}

async function unknownArgument({ main: { client } }) {
  const result = await client.callTool({ name: "add", arguments: { titel: "sleep" } });
  const text = result.content[0].text;
  expect(result.isError === true && text.includes("did you mean `title`?"), text);
  return text;
}

/** How often an import told of its progress, what was asked, and what it came to. */
async function imports(bed, count, answer) {
  bed.answer = answer;
  bed.asked = [];
  const seen = [];
  const result = await bed.main.call(
    { name: "import", arguments: { count } },
    { onprogress: ({ progress, total }) => seen.push([progress, total]) },
  );
  // The TypeScript SDK 2 tells of each round of questions as progress without a total.
  const told = seen.filter(([, total]) => total !== undefined);
  same(bed.asked.map(({ message }) => message), [`Import ${count} todos?`]);
  same(bed.asked[0].requestedSchema.required, ["yes"]);
  return { text: result.content[0].text, seen: told };
}

async function importAccepted(bed) {
  const { text, seen } = await imports(bed, 5, { action: "accept", content: { yes: true } });
  same(text, "imported 5");
  // Both SDKs drop progress that comes in one read with the result, so the last ones may be missing here.
  expect(seen.length <= 5, seen);
  same(seen, seen.map((_, index) => [index + 1, 5]));
  return `${seen.length} of 5 in order`;
}

async function importUnsure(bed) {
  same(await imports(bed, 5, { action: "accept", content: { yes: false } }), { text: "skipped", seen: [] });
  return "answered with no";
}

async function importDeclined(bed) {
  same(await imports(bed, 5, { action: "decline" }), { text: "skipped", seen: [] });
  return "declined";
}

async function read({ main: { client } }) {
  const uri = "todo://items/0";
  const { contents } = await client.readResource({ uri });
  same([contents[0].uri, contents[0].mimeType], [uri, "application/json"]);
  same(JSON.parse(contents[0].text), { title: "weed the garden", priority: 7 });
  return contents[0].text;
}

async function readMissing({ main: { client } }) {
  const problem = await client.readResource({ uri: "todo://items/1000" }).then(() => undefined, (problem) => problem);
  expect(String(problem?.message).includes("no such todo"), String(problem));
  return problem.message;
}

async function prompt({ main: { client } }) {
  const { messages } = await client.getPrompt({ name: "plan", arguments: { topic: "spring" } });
  same(messages.map(({ role, content }) => [role, content.text]), [["user", "Plan the work on spring."]]);
  return messages[0].content.text;
}

async function complete({ main: { client } }) {
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: "plan" },
    argument: { name: "topic", value: "we" },
  });
  same(completion.values, ["weed the garden"]);
  return completion.values[0];
}
