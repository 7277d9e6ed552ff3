"""A thousand hostile files: no harm, in bounded time and memory, and each skip has its reason."""

from __future__ import annotations

import io
import os
import resource
import shutil
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.docs import markdown, services
from apps.docs.errors import NotFromHere
from apps.docs.models import Document
from tests.base import PortalTestCase

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "<iframe src=//evil.example>",
    "<a href='javascript:alert(1)'>x</a>",
    '!!! note "<script>alert(1)</script>"\n    <script>alert(1)</script>',
    "> [!NOTE]\n> <script>alert(1)</script>",
    "```<script>alert(1)</script>\n<script>alert(1)</script>\n```",
    "| <script> | b |\n|--|--|\n| <script>alert(1)</script> | x |",
    '[x](http://a.example "onmouseover=alert(1)")',
    '# <style>*{display:none}</style> {onclick="alert(1)"}',
    "[x]: javascript:alert(1)\n\n[x]",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)
FRONTS = (
    "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]",
    "[" * 20_000,
    "{a: " * 5_000,
    "a: !!python/object/apply:os.system ['id']",
    "a: !!binary x",
    "? [a, b]\n: c",
    "title: [a]",
    "title: " + "x" * 10_000,
    "tags: [" + "a," * 5_000 + "]",
    "kind: poem",
    "applies_to: 7",
    "review_by: 0000-00-00",
    "owner: {a: b}",
    'title: "a\\u202eb\\u0007"',
    "a: 9" + "9" * 6_000,
    "- list",
    "<<: *x",
    ": :",
)
SLOW = (
    "*a" * 9_000,
    "[" * 19_000,
    "`" * 19_000,
    "> " * 9_000 + "x",
    ("*a_b[c](" * 600 + "\n") * 60,
    "[a]: b\n" * 20_000,
    "".join(" " * (n % 60) + "- a\n" for n in range(3_000)),
    "|a|\n|-|\n" + "|b|\n" * 10_000,
    "!!! note\n" * 3_000,
    "&" * 19_000,
    "<!--" * 4_000,
)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Path and content of a thousand files; half of the paths are tricks too."""
    tricks = (
        "../up-{}.md", "/etc/{}.md", "a/../../{}.md", "C:\\\\x{}.md", "a\\\\..\\\\{}.md", "\x07bell-{}.md",
        "turn\u202e{}.md", "a//b{}.md", "./{}.md", "x/" * 30 + "{}.md", "n" * 500 + "{}.md", "line\nbreak{}.md",
        "page-{}.html", "page-{}.svg", "page-{}.exe", "{}.md.exe", ".hidden{}", "{}",
    )  # fmt: skip
    for number in range(300):
        yield tricks[number % len(tricks)].format(number), b"# Trick\n"
    for number in range(360):
        script = SCRIPTS[number % len(SCRIPTS)]
        yield f"script/{number}.md", f"# S{number}\n\n{script}\n".encode()
    for number in range(180):
        front = FRONTS[number % len(FRONTS)]
        yield f"front/{number}.md", f"---\n{front}\n---\n# F{number}\n".encode()
    for number in range(33):
        yield f"slow/{number}.md", f"# W{number}\n\n{SLOW[number % len(SLOW)]}\n".encode()
    bad = (b"\xff\xfe# x", b"\x80abc", b"# nul\x00x", b"\xed\xa0\x80", "# ü".encode("latin-1"))
    for number in range(100):
        yield f"bytes/{number}.md", bad[number % len(bad)]
    for number in range(20):
        yield f"case/{'Same' if number % 2 else 'same'}.md", b"# Same\n"
    for number in range(7):
        yield f"long/{number}.md", b"x" * (2_000_000 if number else 50_000_000)


class HostileTests(PortalTestCase):
    def archive(self) -> io.BytesIO:
        held = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
            warnings.simplefilter(
                "ignore", UserWarning
            )  # two entries of one name: that is the trick
            for name, content in hostile():
                packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        held.seek(0)
        return held

    @pytest.mark.slow
    def test_a_thousand_hostile_files_do_no_harm(self) -> None:
        self.assertEqual(len(list(hostile())), 1000)
        archive = self.archive()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB
        report = services.import_upload(
            project=self.fraud, kind="upload", name="hostile", archive=archive, by=self.ada
        )
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 400_000)
        counts = report.counts()
        self.assertEqual(sum(counts.values()), 1000)
        self.assertTrue(all(reason for _, reason in report.skipped))
        self.assertGreater(counts["written"], 390)
        for row in Document.objects.all():
            self.assertTrue(row.title.isprintable() and row.path and ".." not in row.path)
        self.no_harm()

    def no_harm(self) -> None:
        """What the pages show holds nothing that runs."""
        self.client.force_login(self.carol)
        for number in range(len(SCRIPTS)):
            row = Document.objects.get(path=f"script/{number}.md")
            shown = "".join(part.html for part in markdown.parts(markdown.read(row.body))).lower()
            for tag in ("<script", "<svg", "<iframe", "<style", "<math"):
                self.assertNotIn(tag, shown)
            self.assertNotRegex(shown, r"<[^>]*(?:\son\w+=|(?:javascript|data):)")
            page = self.client.get(row.get_absolute_url())
            self.assertNotContains(page, "<script>alert")

    def test_an_archive_that_unpacks_to_gigabytes_is_bounded(self) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
            for number in range(120):
                packed.writestr(f"{number}.md", b"# x\n\n" + b"y\n" * 700_000)
            packed.writestr("nested.zip", b"PK")
        tracemalloc.start()
        report = services.import_upload(
            project=self.fraud, kind="upload", name="bomb", archive=held, by=self.ada
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.assertLess(peak, 400_000_000)
        self.assertEqual(report.counts()["written"], 0)

    @pytest.mark.slow
    def test_broken_archives_are_refused_in_words(self) -> None:
        whole = self.archive().getvalue()
        for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], b"x" * 1000):
            with self.assertRaises(NotFromHere):
                services.import_upload(
                    project=self.fraud,
                    kind="upload",
                    name="x",
                    archive=io.BytesIO(content),
                    by=self.ada,
                )
        bent = bytearray(whole)
        for at in range(100, 4000, 7):
            bent[at] ^= 0xFF
        report = services.import_upload(
            project=self.fraud,
            kind="upload",
            name="bent",
            archive=io.BytesIO(bytes(bent)),
            by=self.ada,
        )
        self.assertTrue(report.skipped)

    def test_a_hostile_folder_is_walked_and_left(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "loop").symlink_to(folder)
        (folder / "passwd.md").symlink_to("/etc/passwd")
        os.mkfifo(folder / "pipe.md")
        (folder / os.fsdecode(b"bad-\xff.md")).write_text("# x\n")
        (folder / "good.md").write_text("# Good\n")
        report = services.import_folder(project=self.fraud, folder=folder, by=self.ada)
        self.assertEqual(report.written, ["good.md"])
        self.assertEqual(len(report.skipped), 3)
