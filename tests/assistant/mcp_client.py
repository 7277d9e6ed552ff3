"""The official MCP client against one address: `mcp_client.py ADDRESS TOKEN`. Runs where `mcp` is installed."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp.client import Client  # type: ignore[import-not-found]
from mcp.client.streamable_http import streamable_http_client  # type: ignore[import-not-found]
from mcp.shared._httpx_utils import create_mcp_http_client  # type: ignore[import-not-found]


async def main(address: str, token: str) -> dict[str, Any]:
    """Agree on a version, list the tools, and call three of them."""
    headers = {"Authorization": f"Bearer {token}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(address, http_client=http)
        async with Client(transport) as client:
            tools = (await client.list_tools()).tools
            found = await client.call_tool("find_passages", {"words": "odd scores"})
            wrong = await client.call_tool("find_passages", {"words": "x", "user": "sam"})
            asked = await client.call_tool("ask", {"question": "How do I mend odd scores?"})
            return {
                "version": client.protocol_version,
                "tools": [tool.name for tool in tools],
                "found": found.structured_content,
                "wrong": [wrong.is_error, wrong.content[0].text],
                "asked": asked.structured_content,
            }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
