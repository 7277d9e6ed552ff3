"""What the documentation says is so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from django.test import Client

from apps.accounts.services import create_token
from tests.architecture.sources import ROOT, tracked
from tests.base import PortalTestCase

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
SETTING = re.compile(r'source\.\w+\(\s*"([A-Z_]+)"')
EXAMPLES = re.compile(r"```bash\n(.*?)```", re.DOTALL)
FROM_HERE = re.compile(
    r"""(?<![\w.~-])/(?:work|root|home/\w+)/\w       # a place on somebody's machine
      | \bfiles\.pythonhosted\.org | \bregistry\.npmjs\.org
      | \bpypi\.[\w.-]+/simple     | --(?:extra-)?index-url""",
    re.VERBOSE,
)
# Named here as what must not stand elsewhere.
SPEAKS_OF_THEM = {Path("tests/architecture/test_docs.py")}
# Set by the supervisor for its own processes.
INTERNAL = {"PROMETHEUS_MULTIPROC_DIR"}


def pages() -> list[Path]:
    """Every page of Markdown."""
    return [path for path in tracked() if path.suffix == ".md" and path.parts[0] != "tests"]


def read(path: Path | str) -> str:
    return (ROOT / path).read_text()


def refuse(faults: list[str]) -> None:
    assert not faults, "\n" + "\n".join(faults)


def test_links_lead_somewhere() -> None:
    faults = []
    for page in pages():
        for target in LINK.findall(read(page)):
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, anchor = target.partition("#")
            found = (ROOT / page).parent / name if name else ROOT / page
            if not found.exists():
                faults.append(f"{page} links to {target}, which is not there")
            elif anchor and anchor not in _anchors(found):
                faults.append(f"{page} links to {target}, which has no such heading")
    refuse(faults)


def _anchors(page: Path) -> set[str]:
    titles = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_setting_is_explained() -> None:
    known = set(SETTING.findall(read("portal/env.py"))) - INTERNAL
    assert len(known) > 10
    page = read("docs/operations/settings.md")
    refuse(
        [
            f"{name} is missing from docs/operations/settings.md"
            for name in sorted(known)
            if f"`{name}`" not in page
        ]
    )


def test_every_command_is_explained() -> None:
    text = "\n".join(read(page) for page in pages())
    names = sorted(
        path.stem
        for path in tracked()
        if path.parts[-3:-1] == ("management", "commands") and path.stem != "__init__"
    )
    assert names
    refuse(
        [
            f"no page says what `manage.py {name}` does"
            for name in names
            if not re.search(rf"manage\.py {name}\b", text)
        ]
    )


def test_every_connector_has_a_page() -> None:
    connectors = [
        path.stem
        for path in tracked()
        if path.parts[:3] == ("apps", "integrations", "connectors")
        and path.suffix == ".py"
        and not path.stem.startswith("_")
    ]
    missing = [name for name in connectors if not (ROOT / f"docs/connectors/{name}.md").exists()]
    refuse([f"docs/connectors/{name}.md is missing" for name in missing])


def test_the_readme_names_real_targets() -> None:
    makefile = read("Makefile")
    wanted = re.findall(r"^ {4}make ([a-z]+)", read("README.md"), re.MULTILINE)
    assert wanted
    refuse(
        [f"make {name} is not in the Makefile" for name in wanted if f"\n{name}:" not in makefile]
    )


PICTURE = re.compile(r"!\[[^\]]+\]\(([^)\s]+)\)")
MOST_BYTES = 200_000


def test_the_readmes_picture_is_small_and_says_how_it_is_made() -> None:
    (picture,) = PICTURE.findall(read("README.md"))
    size = (ROOT / picture).stat().st_size
    assert size < MOST_BYTES, f"{picture} has {size} bytes"
    (script,) = re.findall(r"^`(docs/\S+\.py)` takes this picture", read("README.md"), re.MULTILINE)
    assert f'"{Path(picture).name}"' in read(script)
    assert (ROOT / script).parent / Path(picture).name == ROOT / picture


def test_the_readme_tells_what_a_newcomer_asks() -> None:
    titles = re.findall(r"^## (.+)$", read("README.md"), re.MULTILINE)
    asked = [
        "Start", "Five minutes", "Connect real systems", "Many machines", "Backup and upgrade", "Security",
        "Beside other tools", "Read on",
    ]  # fmt: skip
    assert titles == asked
    beside = read("README.md").partition("## Beside other tools")[2].partition("\n## ")[0]
    for name in ("MLflow", "Grafana", "Evidently", "Keep", "PagerDuty"):
        assert re.search(rf"^\| \[{name}\]\(https://", beside, re.MULTILINE), name


def test_nothing_names_a_machine_or_a_registry() -> None:
    faults = []
    for path in tracked():
        if path in SPEAKS_OF_THEM or path.suffix in {".svg", ".png", ".woff2", ".ico"}:
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if found := FROM_HERE.search(line):
                faults.append(f"{path}:{number} names {found.group()}")
    refuse(faults)


def examples(text: str) -> Iterator[tuple[int, list[str]]]:
    """The curl lines of a page, each with the status that the line above it promises."""
    for block in EXAMPLES.findall(text):
        status = 200
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("#"):
                status = int(line.lstrip("# "))
            elif line.startswith("curl"):
                yield status, shlex.split(line)


class ExampleTests(PortalTestCase):
    def test_every_call_on_the_pages_answers_as_they_say(self) -> None:
        _, token = create_token(user=self.ada, name="docs", by=self.ada)
        count = 0
        for page in sorted((ROOT / "docs/api").glob("*.md")):
            for status, words in examples(page.read_text()):
                with self.subTest(" ".join(words)):
                    answer = self.call(words, token)
                    self.assertEqual(answer.status_code, status, answer.content[:500])
                count += 1
        self.assertGreater(count, 5)

    def call(self, words: list[str], token: str) -> object:
        """What curl would send, sent by the test client."""
        method, body, headers, url = "GET", "", {}, ""
        rest = iter(words[1:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-d":
                body = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value.replace("$TOKEN", token)
            else:
                url = word.replace("$URL", "")
        kind = headers.pop("Content-Type", "application/octet-stream")
        return Client().generic(method, url, body, content_type=kind, headers=headers)
