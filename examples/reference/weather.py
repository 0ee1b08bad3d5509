"""The `weather` child of the reference composition, served over stdio with FastMCP.

Run it with `uv run weather.py`, or with any Python that has `fastmcp`.
"""

import json
from typing import Annotated

from fastmcp import FastMCP
from pydantic import Field

CITIES = {"oslo": 4, "cairo": 31, "lima": 19, "london": 12}

mcp = FastMCP("weather", instructions="Made-up weather of four cities.")


@mcp.resource("app://settings", mime_type="application/json")
def settings() -> str:
    """How temperatures are shown."""
    return json.dumps({"unit": "celsius"})


@mcp.resource("weather://{city}/current", mime_type="application/json")
def current(city: str) -> str:
    """The weather of a city now."""
    return json.dumps({"city": city, "temperature": CITIES.get(city.lower())})


@mcp.tool
def forecast(
    city: Annotated[str, Field(description="One of the four cities.")],
    days: Annotated[int, Field(description="How many days.", ge=1, le=7)] = 3,
) -> dict[str, list[int]]:
    """The temperatures of the next days in a city."""
    if city.lower() not in CITIES:
        raise ValueError(f"no weather for {city}")
    return {"temperatures": [CITIES[city.lower()] + day for day in range(days)]}


@mcp.completion
def complete(ref, argument, context) -> list[str]:
    """Cities that begin with what was typed, for the prompt and for the template."""
    if argument.name != "city":
        return []
    return sorted(city for city in CITIES if city.startswith(argument.value.lower()))


@mcp.prompt
def report(city: str) -> str:
    """Ask for a weather report of a city."""
    return f"Write a short weather report for {city}."


if __name__ == "__main__":
    mcp.run(show_banner=False)
