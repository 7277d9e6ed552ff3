"""What a version's files say: signature, digest, size, licence, and what is risky about them."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import facts, gates, services
from apps.models.errors import MlflowAway
from apps.models.facts import pickles, requirements, signatures, store
from apps.models.gates import Candidate, Finding
from apps.models.models import Gate, ModelVersion, VersionFacts, Workspace
from tests.base import PortalTestCase
from tests.models import registered
from tests.models.fake_versions import FakeMlflow, fake_mlflow

MLMODEL = b"""
flavors:
  sklearn: {sklearn_version: 1.7.2, pickled_model: model.pkl}
  python_function: {python_version: 3.11.2, loader_module: mlflow.sklearn}
metadata: {license: Apache-2.0}
signature:
  inputs: '[{"type": "double", "name": "age", "required": true},
            {"type": "string", "name": "city", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]'
  params: '[{"name": "cut", "type": "float", "default": 0.5}]'
"""


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("1 + 1",))


class Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return (os.system, ("true",))


class FactsCase(PortalTestCase):
    fake: FakeMlflow

    def setUp(self) -> None:
        self.fake = self.enterContext(fake_mlflow())
        self.version: ModelVersion = registered.version(self.fraud, "churn", 1)
        self.lay("churn", "1", "1/m-1/artifacts", model=pickle.dumps(LogisticRegression()))

    def lay(self, name: str, number: str, folder: str, **files: bytes) -> None:
        """Put the files of a version where MLflow says that they are."""
        self.fake.folders[(name, number)] = folder
        whole = {
            "MLmodel": MLMODEL,
            "requirements.txt": b"scikit-learn==1.7.2  # pinned\nnumpy==2.4.6\n",
            "model.pkl": files.get("model", b""),
            "data/notes.txt": b"plain",
        }
        for path, content in {**whole, **files.get("more", {})}.items():  # type: ignore[dict-item]
            self.fake.files[f"{folder}/{path}"] = content

    def find(self, kind: str, **settings: Any) -> Finding:
        gate = Gate(kind=kind, settings=gates.checked(kind, settings))
        return gates.find(gate, Candidate(self.version, self.staging))


class ReadingTests(FactsCase):
    def test_a_job_keeps_what_the_files_say(self) -> None:
        services.ask_for_facts(version=self.version, by=self.cora)
        run_job(Job.objects.get(kind=services.READ_FACTS).pk)

        found = VersionFacts.objects.get()
        self.assertEqual(
            found.signature,
            {
                "inputs": [
                    {"name": "age", "type": "double"},
                    {"name": "city", "type": "string", "optional": True},
                ],
                "outputs": [{"name": "#0", "type": "float64(-1, 2)"}],
                "params": [{"name": "cut", "type": "float", "default": "0.5"}],
            },
        )
        self.assertEqual(found.flavours, {"sklearn": "1.7.2", "python_function": "3.11.2"})
        self.assertEqual(found.licence, "Apache-2.0")
        self.assertEqual(found.requirements, ["scikit-learn==1.7.2", "numpy==2.4.6"])
        self.assertEqual([each["path"] for each in found.files][:2], ["MLmodel", "data/notes.txt"])
        self.assertEqual(found.size, sum(each["size"] for each in found.files))
        self.assertEqual((found.risks, found.trouble, found.digest_whole), ([], "", True))
        self.assertEqual(Entry.objects.get(verb="models.facts_read").data["digest"], found.digest)

    def test_the_digest_changes_with_any_byte_and_not_with_time(self) -> None:
        first = facts.keep(self.version).digest
        self.assertEqual(facts.keep(self.version).digest, first)
        self.assertEqual(Entry.objects.filter(verb="models.facts_read").count(), 1)
        self.fake.files["1/m-1/artifacts/data/notes.txt"] = b"plaim"
        self.assertNotEqual(facts.keep(self.version).digest, first)
        self.assertEqual(Entry.objects.filter(verb="models.facts_read").count(), 2)

    def test_files_elsewhere_are_named_and_asked_for_again(self) -> None:
        self.fake.folders.clear()
        found = facts.of(self.version)
        self.assertIn("no folder of MLflow's artifacts", found.trouble)
        self.assertFalse(self.find("signature").passed)
        self.fake.folders[("churn", "1")] = "1/m-1/artifacts"
        self.assertEqual(facts.of(self.version).trouble, "")

    def test_while_mlflow_is_away_nothing_is_kept(self) -> None:
        with self.settings(MLFLOW_URL="http://127.0.0.1:9"), self.assertRaises(MlflowAway):
            facts.keep(self.version)
        self.assertFalse(VersionFacts.objects.exists())

    def test_versions_without_facts_are_read_by_themselves_and_only_once(self) -> None:
        Workspace.objects.create(project=self.fraud)
        self.assertEqual(services.ask_for_missing_facts(), 1)
        services.fail_facts(version_id=self.version.pk)
        self.assertEqual(services.ask_for_missing_facts(), 0)
        self.assertTrue(self.find("signature").passed)  # a gate reads them again

    def test_while_mlflow_does_not_answer_they_wait(self) -> None:
        Workspace.objects.create(project=self.fraud, trouble="away")
        self.assertEqual(services.ask_for_missing_facts(), 0)

    def test_large_files_count_by_name_and_size(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "LARGEST", 10)
            found = facts.keep(self.version)
        self.assertFalse(found.digest_whole)
        self.assertIn("unread", {risk["risk"] for risk in found.risks})

    def test_page_and_rest_show_them(self) -> None:
        url = f"/api/v1/model-versions/{self.version.pk}/facts/"
        self.assertEqual(self.api(self.carol).get(url).status_code, 404)
        self.client.force_login(self.cora)
        page = self.version.get_absolute_url()
        self.assertContains(self.client.get(page), "Read the files")
        self.client.post(f"/models/versions/{self.version.pk}/facts/")
        run_job(Job.objects.get(kind=services.READ_FACTS).pk)
        told = self.api(self.carol).get(url).json()
        self.assertEqual(told["flavours"]["sklearn"], "1.7.2")
        self.assertContains(self.client.get(page), told["digest"])
        self.assertContains(self.client.get(page), "float64(-1, 2)")
        self.assertEqual(self.api(self.bob).get(url).status_code, 404)

    def test_two_versions_stand_side_by_side(self) -> None:
        other = registered.version(self.fraud, "churn", 2, {"accuracy": 0.9})
        facts.keep(self.version)
        self.client.force_login(self.carol)
        url = f"/models/versions/compare/?a={self.version.pk}&b={other.pk}"
        page = self.client.get(url)
        for words in ("accuracy", "inputs: age", "model.pkl", "version 1 beside version 2"):
            self.assertContains(page, words)
        for query in ("", "?a=1", "?a=x&b=%00", "?a=9999999999999999999999&b=1"):
            self.assertContains(
                self.client.get(f"/models/versions/compare/{query}"), "Choose two versions"
            )
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(url).status_code, 404)


class GateTests(FactsCase):
    def test_a_signature_has_to_name_inputs_and_outputs(self) -> None:
        self.assertTrue(self.find("signature").passed)
        self.fake.files["1/m-1/artifacts/MLmodel"] = b'signature: {inputs: \'[{"type": "long"}]\'}'
        facts.keep(self.version)
        self.assertFalse(self.find("signature").passed)
        self.assertTrue(self.find("signature", outputs=False).passed)

    def test_files_without_known_risk_pass_and_others_do_not(self) -> None:
        self.assertTrue(self.find("safe_files").passed)
        self.lay("churn", "1", "1/m-1/artifacts", model=pickle.dumps(Harmful()))
        facts.keep(self.version)
        found = self.find("safe_files", allow=["builtins"])
        self.assertFalse(found.passed)
        self.assertIn("builtins.eval (runs code)", found.sentence)

    def test_a_maintainers_list_lets_unknown_things_pass(self) -> None:
        more = {"requirements.txt": b"ours==1.0\ngit+https://example.org/ours\nloose>=1\n"}
        self.lay("churn", "1", "1/m-1/artifacts", more=more)  # type: ignore[arg-type]
        facts.keep(self.version)
        self.assertEqual(
            {(risk["what"], risk["risk"]) for risk in VersionFacts.objects.get().risks},
            {("git+https://example.org/ours", "foreign source"), ("loose>=1", "unpinned")},
        )
        self.assertFalse(self.find("safe_files", pinned=False).passed)
        allowed = ["git+https://example.org/"]
        self.assertTrue(self.find("safe_files", pinned=False, allow=allowed).passed)

    def test_the_licence_is_the_tags_then_the_files_then_the_profiles(self) -> None:
        facts.keep(self.version)
        self.assertTrue(self.find("licence", allowed=["apache-2.0"]).passed)
        self.version.tags = {"license": "GPL-3.0"}
        found = self.find("licence", allowed=["apache-2.0"])
        self.assertFalse(found.passed)
        self.assertEqual(found.evidence["said_by"], "the tag license")
        self.version.tags = {}
        VersionFacts.objects.update(licence="")
        self.assertIn("Nothing says", self.find("licence", allowed=["MIT"]).sentence)
        self.version.model.licence = "MIT"
        self.assertTrue(self.find("licence", allowed=["MIT"]).passed)


def risks(content: bytes, name: str = "model.pkl", folder: Path | None = None) -> set[str]:
    assert folder is not None
    path = folder / "file"
    path.write_bytes(content)
    return {each["risk"] for each in pickles.scan(path, name)}


class TestPickles:
    def test_harmless_ones_are_silent(self, tmp_path: Path) -> None:
        trained = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
        for protocol in range(6):
            assert risks(pickle.dumps(trained, protocol), folder=tmp_path) == set(), protocol

    @pytest.mark.parametrize("protocol", range(6))
    def test_whatever_runs_code_is_named(self, protocol: int, tmp_path: Path) -> None:
        for harm in (Harmful(), Runs(), [1, {"a": Runs()}]):
            assert risks(pickle.dumps(harm, protocol), folder=tmp_path) == {"runs code"}

    def test_inside_a_zip_and_under_any_name(self, tmp_path: Path) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Runs()))
            file.writestr("archive/weights", b"\0" * 100)
        assert risks(packed.getvalue(), "model.pt", tmp_path) == {"runs code"}
        assert risks(pickle.dumps(Runs()), "weights.bin", tmp_path) == {"runs code"}

    def test_a_second_pickle_behind_the_first_is_read(self, tmp_path: Path) -> None:
        both = pickle.dumps([1]) + pickle.dumps(Runs())
        assert risks(both, folder=tmp_path) == {"runs code"}

    def test_packed_joblib_is_unpacked(self, tmp_path: Path) -> None:
        joblib.dump({"a": Runs()}, tmp_path / "packed", compress=3)
        content = (tmp_path / "packed").read_bytes()
        assert "runs code" in risks(content, "model.joblib", tmp_path)

    def test_names_that_hide_and_files_that_break_are_no_pass(self, tmp_path: Path) -> None:
        hidden = (
            b"\x80\x04\x8c\x02os0\x8c\x02os\x8c\x06system2\x93."  # a string is dropped, one doubled
        )
        assert risks(hidden, folder=tmp_path)
        assert risks(pickle.dumps(list(range(999)))[:-5], folder=tmp_path) == {"unread"}
        assert risks(b"no pickle at all", "model.pkl", tmp_path) == {"unread"}
        assert risks(b"plain words", "notes.txt", tmp_path) == set()

    @pytest.mark.parametrize(
        "name",
        [
            "random._os.system",
            "uuid.os.popen",
            "enum.sys.modules.get",
            "collections.OrderedDict.__init__.__globals__",
            "builtins.object.__subclasses__",
            "functools.partial.__class__",
            "numpy.load",
        ],
    )
    def test_no_known_library_is_a_way_out(self, name: str) -> None:
        assert pickles.judge(name) == "runs code"

    @pytest.mark.parametrize(
        "name",
        [
            "numpy.random._pickle.__randomstate_ctor",
            "numpy._core.multiarray._reconstruct",
            "copyreg._reconstructor",
            "scipy.signal._ltisys.TransferFunction",
            "sklearn.tree._tree.Tree",
            "xgboost.core.Booster",
            "_codecs.encode",
            "builtins.set",
        ],
    )
    def test_what_models_are_made_of_is_silent(self, name: str) -> None:
        assert pickles.judge(name) == ""

    def test_unknown_libraries_and_code_by_value_are_told_apart(self) -> None:
        assert pickles.judge("ours.features.Cleaner") == "unknown import"
        assert pickles.judge("cloudpickle.cloudpickle._make_function") == "carries code"
        assert pickles.judge("numpy.testing._private.utils.runstring") == "runs code"
        assert pickles.judge("numpy.dtype") == ""


@pytest.mark.parametrize(
    ("line", "risk"),
    [
        ("numpy==2.4.6", ""),
        ("numpy==2.4.6 ; python_version < '3.12'", ""),
        ("mlflow[extras]==3.17.2", ""),
        ("numpy==2.*", "unpinned"),
        ("numpy", "unpinned"),
        ("numpy>=2", "unpinned"),
        ("git+ssh://git@example.org/a.git", "foreign source"),
        ("ours @ https://example.org/ours.whl", "foreign source"),
        ("-i https://example.org/simple", "foreign source"),
        ("-e .", "foreign source"),
        ("./local", "foreign source"),
    ],
)
def test_requirements_are_judged_by_line(line: str, risk: str) -> None:
    found = requirements.risks("requirements.txt", [line])
    assert [each["risk"] for each in found] == ([risk] if risk else [])


def test_conda_asks_two_installers() -> None:
    text = "dependencies: [python=3.11.2, pip<=24, numpy, {pip: ['mlflow==3.17.2', 'loose']}]"
    conda, pip = requirements.of_conda(text)
    assert [each["what"] for each in requirements.conda_risks("conda.yaml", conda)] == ["numpy"]
    assert pip == ["mlflow==3.17.2", "loose"]
    assert requirements.of_conda("[: no yaml") == ([], [])


@pytest.mark.parametrize(
    "told", [{}, {"signature": 1}, {"signature": {"inputs": "{"}}, {"signature": {"inputs": "3"}}]
)
def test_a_bent_signature_is_none(told: dict[str, Any]) -> None:
    assert signatures.signature(told) == {}
