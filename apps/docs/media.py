"""What kinds of file may stand beside a document. The content decides, not the name alone."""

from __future__ import annotations

from apps.core.errors import Invalid

# By ending: the media type, and what the content begins with.
KNOWN: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"RIFF",)),
    "pdf": ("application/pdf", (b"%PDF-",)),
    "zip": ("application/zip", (b"PK\x03\x04",)),
    "parquet": ("application/vnd.apache.parquet", (b"PAR1",)),
    "txt": ("text/plain", ()),
    "log": ("text/plain", ()),
    "md": ("text/plain", ()),
    "csv": ("text/csv", ()),
    "json": ("application/json", ()),
    "yaml": ("text/plain", ()),
    "yml": ("text/plain", ()),
    "ipynb": ("application/json", ()),
    "py": ("text/plain", ()),
    "sql": ("text/plain", ()),
}
# Shown in a page; everything else is offered as a file to keep.
INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def type_of(name: str, content: bytes) -> str:
    """The media type; `Invalid` for a kind that is not held, or a content that is something else."""
    ending = name.rpartition(".")[2].lower()
    if ending not in KNOWN:
        raise Invalid(field="file", reason=f"one of {', '.join(sorted(KNOWN))}")
    media_type, begins = KNOWN[ending]
    if begins and not content.startswith(begins):
        raise Invalid(field="file", reason=f"this is no {ending} file")
    if not begins and not _is_text(content):
        raise Invalid(field="file", reason="this is no text in UTF-8")
    return media_type


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in content
