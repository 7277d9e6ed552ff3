"""One file as a form's body, for systems that take files only so."""

from __future__ import annotations

import hashlib


def form_file(field: str, name: str, kind: str, content: bytes) -> tuple[bytes, str]:
    """The body, and its content type. The boundary cannot stand in the content: it is made of its digest."""
    boundary = f"signalbox-{hashlib.sha256(content).hexdigest()}"
    safe = name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{field}"; filename="{safe}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
