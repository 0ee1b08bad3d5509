// Compiles schemas with the validators that the TypeScript SDKs bring, and tries values. The one argument is a file:
// [{ name, schema, good: [..], bad: [..] }]. One JSON line a validator on stdout: what is not as the file says.
import { readFileSync } from "node:fs";
import { AjvJsonSchemaValidator as Ajv1 } from "@modelcontextprotocol/sdk/validation/ajv";
import { AjvJsonSchemaValidator as Ajv2 } from "@modelcontextprotocol/client/validators/ajv";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/client/validators/cf-worker";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));

function problemsOf(validator, { name, schema, good, bad }) {
  const problems = [];
  try {
    const validate = validator.getValidator(schema);
    for (const value of good) {
      const { valid, errorMessage } = validate(value);
      if (!valid) problems.push(`${name} refuses ${JSON.stringify(value)}: ${errorMessage}`);
    }
    for (const value of bad) {
      if (validate(value).valid) problems.push(`${name} takes ${JSON.stringify(value)}`);
    }
  } catch (problem) {
    problems.push(`${name} does not compile: ${problem.message}`);
  }
  return problems;
}

const validators = {
  "ajv of SDK 1": new Ajv1(),
  "ajv of SDK 2": new Ajv2(),
  "cfworker of SDK 2": new CfWorkerJsonSchemaValidator(),
};
for (const [validator, instance] of Object.entries(validators)) {
  const problems = plan.flatMap((entry) => problemsOf(instance, entry));
  process.stdout.write(`${JSON.stringify({ validator, schemas: plan.length, problems })}\n`);
}
