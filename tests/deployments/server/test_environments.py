"""A model's own packages: built once, shared, never half; a failure is told with the resolver's last line."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.core.errors import Conflict
from apps.deployments.runner.environments import Environments, Source
from tests.portal.polling import until

# A package as small as one can be, so that no index is asked.
WHEEL = {
    "tiny.py": "ANSWER = 42\n",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/RECORD": "",
}


@pytest.fixture
def model(tmp_path: Path) -> Source:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name, text in WHEEL.items():
            file.writestr(name, text)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "requirements.txt").write_text(f"{wheel}\n")
    return Source("models:/tiny/1", folder, {})


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    return Environments(tmp_path / "environments", added=())


def build(environments: Environments, source: Source) -> Path:
    python = until(lambda: environments.python(source), seconds=300, what="the environment")
    assert python is not None
    return python


def test_the_environment_holds_what_the_model_asks_for(
    environments: Environments, model: Source
) -> None:
    python = build(environments, model)

    command = [str(python), "-c", "import tiny; print(tiny.ANSWER)"]
    assert subprocess.check_output(command, text=True) == "42\n"
    assert [each.name for each in environments.folder.iterdir()] == [python.parents[1].name]


def test_two_models_of_the_same_packages_share_one(
    environments: Environments, model: Source, tmp_path: Path
) -> None:
    first = build(environments, model)
    inode = first.parents[1].stat().st_ino
    twin = tmp_path / "twin"
    twin.mkdir()
    for name in ("MLmodel", "requirements.txt"):
        (twin / name).write_text((model.folder / name).read_text())

    again = build(Environments(environments.folder, added=()), Source("", twin, {}))

    assert again == first
    assert again.parents[1].stat().st_ino == inode


def test_what_cannot_be_built_is_told_and_leaves_nothing(
    environments: Environments, model: Source
) -> None:
    missing = model.folder / "missing-1.0-py3-none-any.whl"
    (model.folder / "requirements.txt").write_text(f"{missing}\n")

    with pytest.raises(Conflict) as refused:
        build(environments, model)

    assert "missing-1.0" in str(refused.value)
    assert list(environments.folder.iterdir()) == []


def test_after_a_failure_it_is_tried_again(environments: Environments, model: Source) -> None:
    good = (model.folder / "requirements.txt").read_text()
    (model.folder / "requirements.txt").unlink()
    with pytest.raises(Conflict, match="requirements"):
        build(environments, model)

    (model.folder / "requirements.txt").write_text(good)

    assert build(environments, model).exists()


def test_a_build_that_was_cut_short_is_never_used(
    environments: Environments, model: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("apps.deployments.runner.environments._uv", dies)
        with pytest.raises(KeyboardInterrupt):
            environments.build(model)

    leftover: Callable[[], list[Path]] = lambda: list(environments.folder.iterdir())  # noqa: E731
    assert leftover() == []
    assert build(environments, model).exists()
