"""What the pages and manifests for operators promise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from portal.operations.doctor.examine import CHECKS
from tests.portal.polling import ROOT

PAGES = ROOT / "docs" / "operations"


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in (ROOT / "deploy" / "kubernetes").glob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text()):
            if document["kind"] in {"Deployment", "Job"}:
                yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def test_every_setting_has_its_line() -> None:
    read = set(re.findall(r'source\.\w+\("([A-Z_]+)"', (ROOT / "portal" / "env.py").read_text()))
    page = (PAGES / "settings.md").read_text()
    internal = {"DEBUG", "PROMETHEUS_MULTIPROC_DIR"}
    missing = {name for name in read - internal if f"`{name}`" not in page}
    assert not missing


def test_every_check_of_the_doctor_has_its_line() -> None:
    page = (PAGES / "doctor.md").read_text()
    words = {check.__name__.rstrip("s").replace("_", " ") for check in CHECKS}
    renamed = {"queue": "redis", "data dir": "data folder"}
    assert not {word for word in words if renamed.get(word, word) not in page}


def test_every_pod_is_closed_and_bounded() -> None:
    found = dict(pods())
    assert set(found) == {"web", "worker", "system", "beat", "mlflow", "prepare"}
    for name, pod in found.items():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"], name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert {"cpu", "memory"} == set(container["resources"]["limits"]), name
            assert name == "prepare" or "livenessProbe" in container, name


def test_the_pages_link_to_pages_that_are_there() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (PAGES / target).exists(), f"{page.name}: {target}"
