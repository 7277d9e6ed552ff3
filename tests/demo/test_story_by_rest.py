"""A fresh portal sets its demo up by itself, and one of its stories is walked through REST alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.demo.story import ASKED_FOR
from tests.thread.client import Person, WholePortal

pytestmark = ASKED_FOR


def walk(person: Person, *, world: str, fault: str) -> dict[str, Any]:
    """Begin a story and follow it to its end, by what anybody can read."""
    begun = person.post("stories/", world=world, fault=fault)
    told: dict[str, Any] = person.wait(f"stories/{begun['id']}/", lambda s: s["state"] != "running")
    assert told["state"] == "done", told
    stages = [scene["stage"] for scene in told["scenes"]]
    assert stages == [
        "calm", "fault", "alert", "incident", "acknowledged", "ticket", "runbook", "answer",
        "recovery", "resolved",
    ]  # fmt: skip
    incident = person.get(f"incidents/{told['incident']}/")
    assert incident["state"] in {"resolved", "closed"}
    kinds = {piece["kind"] for piece in person.get(f"incidents/{told['incident']}/evidence/")}
    assert {"release", "owner"} <= kinds
    tickets = person.get("tickets/", incident=told["incident"])["results"]
    assert len(tickets) == 2
    assert all(ticket["remote_closed"] for ticket in tickets)
    assert told["score"]["detect"] is not None
    return told


@contextmanager
def signed_in(portal: WholePortal, name: str) -> Iterator[Person]:
    person = Person(portal, portal.token(name))
    try:
        yield person
    finally:
        person.close()


def test_a_story_from_an_empty_folder_to_the_recovery(portal: WholePortal) -> None:
    with signed_in(portal, "admin") as admin:
        told(admin)
    with signed_in(portal, "stan") as stranger:
        for name in ("runs", "models", "deployments", "incidents", "stories", "tickets"):
            assert stranger.get(f"{name}/")["results"] == [], name
        assert stranger.http.get("/api/v1/demo/").status_code == 404
    verified = portal.manage("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def told(admin: Person) -> None:
    """Set up, released with approval, and walked through one story."""
    admin.wait("demo/", lambda demo: demo["state"] == "running")
    assert len(admin.get("runs/", limit=100)["results"]) >= 40
    served = admin.get("ledger/served/", environment="prod")["models"]
    assert {(s["model"], s["version"], s["approved_by"]) for s in served} == {
        (name, 2, "oscar") for name in ("tumour", "progression", "digit")
    }
    walk(admin, world="tumour-screening", fault="units")
