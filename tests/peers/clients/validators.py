"""Compiles schemas as the official Python SDK does, and tries values. The one argument is a file:
[{"name", "schema", "good": [..], "bad": [..]}]. One JSON line on stdout: what is not as the file says.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.validators import validator_for
from referencing import Registry


def problems_of(name: str, schema: dict[str, object], good: list[object], bad: list[object]) -> list[str]:
    validator_class = validator_for(schema)
    if validator_class is not Draft202012Validator:
        return [f"{name} is not of 2020-12"]
    try:
        validator_class.check_schema(schema)
    except SchemaError as problem:
        return [f"{name} is not a schema: {problem.message}"]
    validator = validator_class(schema, registry=Registry())
    problems = []
    for value in good:
        problems += [f"{name} refuses {value}: {error.message}" for error in validator.iter_errors(value)]
    problems += [f"{name} takes {value}" for value in bad if validator.is_valid(value)]
    return problems


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    problems = [problem for entry in plan for problem in problems_of(**entry)]
    print(json.dumps({"validator": "jsonschema", "schemas": len(plan), "problems": problems}))


if __name__ == "__main__":
    main()
