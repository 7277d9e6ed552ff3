"""Files through the door: whole, in pieces, and from the start at each try."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from apps.core.http import Http, Refused
from tests.core.loopback import answer, in_turn, loopback


@pytest.fixture(autouse=True)
def _allowed(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]


def test_a_file_goes_out_whole_and_again_after_a_refusal(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    file = tmp_path / "file"
    file.write_bytes(content)
    with loopback(in_turn(answer(503), answer(200))) as server, Http("Stand", server.url) as http:
        http.request("PUT", "place", file=file)
    assert [asked.body == content for asked in server.asked] == [True, True]
    assert server.asked[0].headers["content-length"] == "300000"
    assert "transfer-encoding" not in server.asked[0].headers


def test_an_empty_file_is_a_body_too(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with loopback(in_turn(answer(200))) as server, Http("Stand", server.url) as http:
        http.request("PUT", "place", file=file)
    assert server.asked[0].headers["content-length"] == "0"


def test_a_refused_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    refused = pytest.raises(Refused)
    with loopback(in_turn(answer(413))) as server, Http("Stand", server.url) as http, refused:
        http.request("PUT", "place", file=file)
