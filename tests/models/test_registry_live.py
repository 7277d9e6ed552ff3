"""Facts and clean-up against a real MLflow: its own client logs the model, a job reads and removes the files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.site import Site
from tests.portal.polling import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

LOG = """
import json
import mlflow, numpy as np
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
mlflow.set_experiment("facts")
x, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
with mlflow.start_run():
    mlflow.sklearn.log_model(
        LogisticRegression().fit(x, y), name="model", signature=infer_signature(x, y),
        registered_model_name="facts", pip_requirements=["scikit-learn==1.7.2"],
    )
print(json.dumps("logged"))
"""


def test_a_logged_model_is_read_and_can_be_removed(site: Site) -> None:
    site.script("cora", LOG, site.slug)
    [version] = site.ask("carol", "GET", "/api/v1/model-versions/?name=facts").json["results"]
    path = f"/api/v1/model-versions/{version['id']}"

    def facts() -> dict[str, Any] | None:
        answer = site.ask("carol", "GET", f"{path}/facts/")
        return dict(answer.json) if answer.status == 200 else None

    told = until(facts, seconds=300, what="the facts are read")
    assert told is not None
    assert told["trouble"] == ""
    assert [each["type"] for each in told["signature"]["inputs"]] == ["float64(-1, 2)"]
    assert "sklearn" in told["flavours"]
    assert "MLmodel" in [each["path"] for each in told["files"]]
    assert told["digest_whole"] is True
    assert told["size"] == sum(each["size"] for each in told["files"])

    retired = site.ask("max", "POST", f"{path}/retire/", {"reason": "old", "clean_up": True})
    assert retired.status == 200, retired.body
    gone = until(
        lambda: site.ask("carol", "GET", f"{path}/").status == 404, seconds=300, what="it is gone"
    )
    assert gone
    api = "/mlflow/api/2.0/mlflow"
    found = site.ask("cora", "GET", f"{api}/model-versions/get?name=facts&version=1")
    assert found.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    done = site.ask("max", "GET", "/api/v1/jobs/?kind=models.clean_up").json["results"]
    assert done[0]["result"]["bytes"] == told["size"], done[0]
