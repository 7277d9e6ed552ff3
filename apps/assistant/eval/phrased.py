"""The shipped facts asked as people ask them. Of the `fresh` ones the router is not held to understand all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from apps.assistant.eval.expected import Asked, Expected
from apps.assistant.eval.workspace import Service, Workspace

# What is asked by name of the fact, each in words of its own. {slug} and {name} are of a service.
PHRASED = (
    ("serves", "Which version are callers of {slug} getting right now?"),
    ("serves", "What's currently answering at {slug}?"),
    ("serves", "{slug}: which version is out there at the moment?"),
    ("serves", "Tell me what {slug} is using to predict."),
    ("serves", "Production is on what version of {name}?"),
    ("since", "How long has {slug} been on the version it has now?"),
    ("since", "When did {slug} switch to what it has now?"),
    ("approved", "Whose sign-off did {name} version {newest} get?"),
    ("approved", "Who gave {name} v{newest} the thumbs up?"),
    ("approved", "By whom was version {newest} of {name} cleared for production?"),
    ("approved_at", "On what date did {name} v{newest} get its approval?"),
    ("accuracy_old", "How accurate is {name} v{old}?"),
    ("accuracy_newest", "{name} version {newest}: accuracy?"),
    ("log_loss_old", "I need the log loss that {name} v{old} reached."),
    ("rate_newest", "With what learning rate did we train {name} v{newest}?"),
    ("dataset_old", "What data went into {name} v{old}?"),
    ("dataset_newest", "On which data did {name} version {newest} learn?"),
    ("run_newest", "Where does {name} v{newest} originate, I mean what training run?"),
    ("run_old", "Which training produced version {old} of {name}?"),
    ("registered_old", "Who put version {old} of {name} into the registry?"),
    ("registered_old", "Who added {name} v{old}?"),
    ("requested", "Who kicked off the most recent rollout of {slug}?"),
    ("requested", "Who is behind the current release of {slug}?"),
    ("last_good", "If I had to undo the current release of {slug}, what would I go back to?"),
    ("last_good", "What ran in {slug} before the present version?"),
    ("replicas", "How many copies of {slug} are up?"),
    ("replicas", "Is {slug} at full strength, replica-wise?"),
    ("versions", "How many versions did we make of {name}?"),
    ("owner", "Who do I talk to about {name}?"),
    ("owner", "Who looks after {name}?"),
    ("owner", "Whose model is {name}?"),
    ("alias", "What does the prod alias of {name} point to?"),
    ("alias", "Which version of {name} carries the alias prod?"),
    ("monitor", "Is {monitor} happy?"),
    ("monitor", "How is {monitor} doing?"),
    ("budget", "How much room is left in the SLO of {slug}?"),
    ("budget", "What share of {slug}'s error budget remains?"),
    ("acknowledged", "Who is dealing with incident #{number}?"),
    ("acknowledged", "Who responded to incident {number}?"),
    ("state", "Where do we stand with incident #{number}?"),
    ("severity", "Is incident #{number} a serious one?"),
    ("severity", "How urgent is incident #{number}?"),
    ("alerts", "What is going off at {slug} right now?"),
    ("alerts", "Anything alarming about {slug}?"),
    ("then", "At {moment}, what was {slug} running?"),
    ("then", "Which version did {slug} have at {moment}?"),
    ("incidents", "How many incidents have we got open in {project}?"),
    ("firing", "How much is firing in {project}?"),
    ("monitors", "Count the monitors of {project}."),
    ("runs", "What is the total of runs in {project}?"),
    ("models", "How many models has {project} registered?"),
    ("deployments", "How many deployments run in {project}?"),
    ("keeper", "Who is in charge of {project}?"),
    ("role", "What may {approver} do in {project}?"),
    ("best", "Which run scored best on accuracy in {project}?"),
    ("best", "What was the most accurate run of {project}?"),
)  # fmt: skip
FRESH = (
    ("serves", "What model version sits behind {slug}?"),
    ("serves", "Could you look up which version {slug} is on?"),
    ("approved", "Did anyone sign {name} v{newest} off, and who?"),
    ("registered_old", "Under whose name was version {old} of {name} entered?"),
    ("accuracy_newest", "Give me {name} v{newest}'s accuracy please."),
    ("rate_old", "What learning rate was used for {name} version {old}?"),
    ("dataset_newest", "What was {name} v{newest} fitted on?"),
    ("run_old", "Trace {name} v{old} back to its run."),
    ("requested", "Who pushed the latest release to {slug}?"),
    ("last_good", "Which version was there before this one in {slug}?"),
    ("replicas", "Are all instances of {slug} ready?"),
    ("owner", "Who maintains {name}?"),
    ("monitor", "What's up with {monitor}?"),
    ("budget", "Error budget left for {slug}?"),
    ("acknowledged", "Who's on incident #{number}?"),
    ("state", "Status of incident #{number}, please."),
    ("severity", "What priority does incident #{number} have?"),
    ("alerts", "Are there active alerts on {slug}?"),
    ("incidents", "Number of open incidents in {project}?"),
    ("keeper", "Who runs {project}?"),
    ("keeper", "Who is {project}'s owner?"),
    ("role", "What is {approver} in {project}?"),
    ("best", "Highest accuracy of all runs in {project}?"),
    ("then", "What version was {slug} serving on {moment}?"),
)  # fmt: skip


def phrased(space: Workspace) -> Iterator[Asked]:
    """Each wording once, about one service after the other."""
    for category, wordings in (("phrased", PHRASED), ("fresh", FRESH)):
        for number, (fact, words) in enumerate(wordings):
            service = space.own.services[number % len(space.own.services)]
            cites, *says = _facts(service, space)[fact]
            anywhere = fact == "then"
            expected = Expected(says=tuple(says), cites=(cites,), anywhere=anywhere)
            yield Asked(category, words.format(**_names(service, space)), expected)


def _names(each: Service, space: Workspace) -> dict[str, Any]:
    return {
        "slug": each.deployment.slug,
        "name": each.model.name,
        "old": each.versions[0].number,
        "newest": each.versions[2].number,
        "monitor": each.monitor.name,
        "number": each.incident.number,
        "moment": f"{each.since[1] + timedelta(hours=1):%F %H:%M}",
        "project": space.own.project.slug,
        "approver": space.own.approver.username,
    }


def _facts(each: Service, space: Workspace) -> dict[str, tuple[str, ...]]:
    """The record that a right answer cites, and what it says."""
    return {**_of_versions(each, space), **_of_service(each, space), **_of_project(space)}


def _of_versions(each: Service, space: Workspace) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for age, version in (("old", each.versions[0]), ("newest", each.versions[2])):
        run, cite = version.run, f"version:{version.pk}"
        assert run is not None
        found |= {
            f"accuracy_{age}": (cite, f"{run.metrics['accuracy']:.6g}"),
            f"log_loss_{age}": (cite, f"{run.metrics['log_loss']:.6g}"),
            f"rate_{age}": (cite, run.params["learning_rate"]),
            f"dataset_{age}": (cite, run.inputs[0]["name"]),
            f"run_{age}": (cite, run.name),
            f"registered_{age}": (cite, space.own.engineer.username),
        }
    promotion = f"promotion:{each.promotion.pk}"
    return found | {
        "approved": (promotion, space.own.approver.username),
        "approved_at": (promotion, f"{each.promotion.decision.at:%F %H:%M}"),
    }


def _of_service(each: Service, space: Workspace) -> dict[str, tuple[str, ...]]:
    state, model = f"deployment:{each.deployment.slug}", f"model:{each.model.pk}"
    incident, live, before = f"incident:{each.incident.pk}", each.live, each.before
    served = f"{each.deployment.slug} in prod served version {before.version.number}"
    return {
        "serves": (state, f"version {live.version.number}"),
        "since": (state, f"{each.since[0]:%F %H:%M}"),
        "requested": (f"release:{live.pk}", space.own.engineer.username),
        "last_good": (state, f"version {before.version.number}"),
        "replicas": (state, f"{each.wanted} replicas", f"{each.ready} of them ready"),
        "versions": (model, "3 versions"),
        "owner": (model, space.own.owner.username),
        "alias": (model, f"prod is version {live.version.number}"),
        "monitor": (f"monitor:{each.monitor.pk}", "alerting"),
        "budget": (f"slo:{each.slo.pk}", f"{each.budget:.1f} %"),
        "acknowledged": (incident, space.own.engineer.username),
        "state": (incident, "acknowledged"),
        "severity": (incident, "high"),
        "alerts": (f"alert:{each.alert.pk}", each.alert.name),
        "then": (f"deployment:{before.pk}", served),
    }


def _of_project(space: Workspace) -> dict[str, tuple[str, ...]]:
    place = space.own
    slug, project = place.project.slug, f"project:{place.project.slug}"
    runs = [version.run for each in place.services for version in each.versions if version.run]
    best = max(runs, key=lambda run: run.metrics["accuracy"])
    return {
        "incidents": (f"count:incidents:{slug}", "3 incidents are open"),
        "firing": (f"count:alerts:{slug}", "3 alerts are firing"),
        "monitors": (f"count:monitors:{slug}", "3 monitors"),
        "runs": (f"count:models:{slug}", "9 runs"),
        "models": (f"count:models:{slug}", "3 registered models"),
        "deployments": (f"count:deployments:{slug}", "3 deployments"),
        "keeper": (project, place.owner.username),
        "role": (project, "maintainer"),
        "best": (f"run:{best.pk}", best.name),
    }
