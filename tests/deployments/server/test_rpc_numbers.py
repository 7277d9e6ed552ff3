"""Our description of the Open Inference Protocol's messages beside a client's generated ones.

`OIP_STUBS` names a Python whose packages hold `tritonclient.grpc.service_pb2`; it is asked for its numbers.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from apps.deployments.server.rpc_messages import MESSAGES, message

ASK = """
import importlib.util, json, sys, types
package = types.ModuleType("tritonclient.grpc")  # its messages without its client
package.__path__ = [importlib.util.find_spec("tritonclient").submodule_search_locations[0] + "/grpc"]
sys.modules["tritonclient.grpc"] = package
from tritonclient.grpc import service_pb2
def told(kind):
    found = {f.name: [f.number, f.type, f.is_repeated] for f in kind.fields}
    return {kind.full_name: found} | {k: v for n in kind.nested_types for k, v in told(n).items()}
messages = service_pb2.DESCRIPTOR.message_types_by_name.values()
print(json.dumps({k: v for kind in messages for k, v in told(kind).items()}))
"""


def test_every_field_has_the_number_and_type_of_the_protocol() -> None:
    stubs = os.environ.get("OIP_STUBS")
    if not stubs:
        pytest.skip("a client's generated messages are not at hand (OIP_STUBS)")
    theirs = json.loads(subprocess.check_output([stubs, "-c", ASK], text=True))
    for name in MESSAGES:
        for field in message(name).DESCRIPTOR.fields:
            known = theirs[f"inference.{name}"][field.name]
            assert [field.number, field.type, field.is_repeated] == known, (name, field.name)
