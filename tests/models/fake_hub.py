"""A stand-in for the hub: its published protocol on a real socket, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.core.loopback import Asked, answer

COMMIT, OLDER = "c" * 40, "b" * 40
TOKEN = "hf_abcdefghijklmnop"


@dataclass
class FakeHub:
    """One repository `acme/tiny` with a small file in git and a large one in LFS."""

    files: dict[str, bytes] = field(default_factory=dict)
    lfs: set[str] = field(default_factory=set)
    licence: str | None = "apache-2.0"
    commit: str = COMMIT
    gated: bool = False
    private: bool = False
    # Path -> how many bytes come before the line is cut; each cut happens once.
    cuts: dict[str, int] = field(default_factory=dict)
    # Path -> what is sent instead.
    lies: dict[str, bytes] = field(default_factory=dict)
    broken: int = 0
    redirect_to: str = ""
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, connection: socket.socket, asked: Asked) -> bytes | None:
        self.asked.append(asked)
        path = unquote(urlsplit(asked.target).path)
        if self.broken:
            self.broken -= 1
            return answer(503, b"busy")
        signed = asked.headers.get("authorization") == f"Bearer {TOKEN}"
        if path == "/api/whoami-v2":
            return answer(200, b'{"name": "ada"}') if signed else answer(401)
        if path == "/api/models":
            return answer(200, b"[]")
        if path.startswith("/cdn/"):
            return self.content(connection, asked, path.removeprefix("/cdn/"))
        if self.private and not signed:
            return answer(401, X_Error_Code="RepoNotFound")
        if path.startswith("/api/models/acme/tiny/revision/"):
            return self.described(path.rpartition("/")[2])
        if path.startswith(f"/acme/tiny/resolve/{self.commit}/"):
            return self.resolved(connection, asked, path.partition(f"/{self.commit}/")[2], signed)
        return answer(404, X_Error_Code="RepoNotFound")

    def described(self, revision: str) -> bytes:
        if revision not in {"main", "v1", self.commit}:
            return answer(404, X_Error_Code="RevisionNotFound")
        body: dict[str, Any] = {
            "id": "acme/tiny",
            "sha": self.commit,
            "gated": "manual" if self.gated else False,
            "siblings": [self.sibling(name) for name in self.files],
            "tags": ["license:tagged"],
        }
        if self.licence:
            body["cardData"] = {"license": self.licence}
        return answer(200, json.dumps(body).encode(), Content_Type="application/json")

    def sibling(self, name: str) -> dict[str, Any]:
        content = self.files[name]
        blob = hashlib.sha1(b"blob %d\x00" % len(content) + content).hexdigest()
        row: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
        if name in self.lfs:
            digest = hashlib.sha256(content).hexdigest()
            row["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 130}
        return row

    def resolved(
        self, connection: socket.socket, asked: Asked, name: str, signed: bool
    ) -> bytes | None:
        if self.gated and not signed:
            return answer(403, X_Error_Code="GatedRepo")
        if name not in self.files:
            return answer(404, X_Error_Code="EntryNotFound")
        if name in self.lfs:
            where = f"{self.redirect_to}/cdn/{name}"
            return answer(302, b"", Location=where, X_Repo_Commit=self.commit)
        return self.content(connection, asked, name)

    def content(self, connection: socket.socket, asked: Asked, name: str) -> bytes | None:
        content = self.lies.get(name, self.files[name])
        begun = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-") or 0)
        headers = {"ETag": f'"{name}"', "X_Repo_Commit": self.commit}
        if begun:
            whole = len(content)
            headers["Content_Range"] = f"bytes {begun}-{whole - 1}/{whole}"
        sent = answer(206 if begun else 200, content[begun:], **headers)
        if name not in self.cuts:
            return sent
        cut = self.cuts.pop(name)
        head = sent.index(b"\r\n\r\n") + 4
        connection.sendall(sent[: head + cut])
        return None

    def fetched(self, name: str) -> list[str]:
        """The ranges that were asked for of one file."""
        return [
            asked.headers.get("range", "all")
            for asked in self.asked
            if urlsplit(asked.target).path.endswith(f"/{name}") and asked.method == "GET"
        ]
