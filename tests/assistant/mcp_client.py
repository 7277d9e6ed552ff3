"""The official client of the Model Context Protocol at work. Run by the Python that `MCP_PYTHON` names.

What to do comes as JSON: an address, a token and calls. What the portal answered goes out as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client


async def visit(url: str, token: str, mode: str, calls: list[tuple[str, Any]]) -> dict[str, Any]:
    """Connect, list the tools, and call those that are wanted."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        listed = await client.list_tools()
        return {
            "version": client.protocol_version,
            "server": client.server_info.name,
            "instructions": client.instructions,
            "tools": [plain(tool) for tool in listed.tools],
            "answers": [await called(client, name, given) for name, given in calls],
        }


async def called(client: Client, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a tool answered, or the error of the protocol."""
    try:
        return plain(await client.call_tool(name, given))
    except MCPError as error:
        return {"code": error.error.code, "message": error.error.message}


def plain(found: Any) -> Any:
    return found.model_dump(mode="json", by_alias=True)


def refusal(error: BaseException) -> MCPError | None:
    """The error of the protocol, however deep the task groups have wrapped it."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for each in error.exceptions if (found := refusal(each))), None)
    return error if isinstance(error, MCPError) else None


def main() -> None:
    wanted = json.load(sys.stdin)
    try:
        told = asyncio.run(visit(**wanted))
    except (MCPError, BaseExceptionGroup) as error:
        if (found := refusal(error)) is None:
            raise
        told = {"code": found.error.code, "message": found.error.message}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
