"""A child on the official Python SDK whose tools stand in a file, a name a line; `#` begins a comment.

The file is read at the start only: to have other tools, it has to be started again. Each tool answers with the id of
the process.
"""

import os
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

mcp = MCPServer("versions", version="1.0.0")


def process() -> str:
    """The id of this process."""
    return str(os.getpid())


for line in Path(sys.argv[1]).read_text().splitlines():
    if line and not line.startswith("#"):
        mcp.add_tool(process, name=line)

mcp.run()
