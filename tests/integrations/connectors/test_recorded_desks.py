"""PagerDuty and Zendesk against exchanges in the shapes of their public references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.integrations.connectors.pagerduty import PagerDuty
from apps.integrations.connectors.zendesk import Zendesk
from apps.integrations.errors import Overtaken
from apps.integrations.ports import Alarm, File, Phase, TicketChange, TicketDraft
from tests.core.loopback import always, loopback
from tests.integrations.connectors.player import Player

KEY = "signalbox-7-3"
URL = "https://portal.example.org/incidents/7/"


@pytest.fixture
def player(request: Any, settings: Any) -> Iterator[Player]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    played = Player(request.param)
    with loopback(played) as server:
        played.url = server.url  # type: ignore[attr-defined]
        yield played
    assert played.faults == []


def pagerduty(url: str) -> PagerDuty:
    return PagerDuty(
        {
            "events": url, "api": url, "routing_key": "r0uting-key", "api_token": "api-t0ken",
            "email": "bot@example.org",
        }
    )  # fmt: skip


def zendesk(url: str) -> Zendesk:
    return Zendesk({"address": url, "email": "bot@example.org", "api_token": "t0ken"})


@pytest.mark.parametrize("player", ["pagerduty"], indirect=True)
def test_pagerduty_says_and_hears_what_is_on_record(player: Any) -> None:
    pager = pagerduty(player.url)
    pager.trigger(Alarm(KEY, "Income drifts", "- income moved", "high", URL))
    found = pager.find_alarm(KEY)
    assert found is not None
    assert (found.id, found.phase, found.notes[0].text) == (
        "PT4KHLK", Phase.WORKING, "Looking at the feed.",
    )  # fmt: skip
    pager.acknowledge(found, "")
    pager.resolve(found, "")
    pager.note(found, "Rolled back.")
    assert pager.on_call()[0].person == "Tim Wright"
    assert "Signed in" in pager.check()


@pytest.mark.parametrize("player", ["zendesk"], indirect=True)
def test_zendesk_says_and_hears_what_is_on_record(player: Any) -> None:
    desk = zendesk(player.url)
    found = desk.find_ticket(KEY)
    assert found is not None
    assert (found.key, found.label) == ("35436", "#35436")
    draft = TicketDraft("Income drifts", "- income moved", KEY, ("signalbox",), URL, "high")
    assert desk.open_ticket(draft).key == "35436"
    seen = desk.read_ticket("35436")
    assert (seen.phase, seen.priority, seen.assignee) == (Phase.WORKING, "urgent", "235323")
    assert [each.text for each in seen.comments] == ["We changed the feed."]
    assert seen.files == ("evidence-7-abc.md",)
    desk.change_ticket(seen, TicketChange(Phase.DONE, priority="low", assignee="88"))
    desk.comment("35436", "Rolled back.")
    desk.attach("35436", File("evidence-7-abc.md", "text/markdown", b"# Evidence"))
    assert desk.check() == "Signed in as Robot (agent)."


@pytest.mark.parametrize("player", ["zendesk"], indirect=True)
def test_zendesk_refuses_what_somebody_changed_meanwhile(player: Any) -> None:
    seen = zendesk(player.url).read_ticket("35436")
    with loopback(always(409, b'{"error": "UpdateConflict"}')) as server, pytest.raises(Overtaken):
        zendesk(server.url).change_ticket(seen, TicketChange(priority="low"))
