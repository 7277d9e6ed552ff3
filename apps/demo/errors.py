from __future__ import annotations

from apps.core.errors import PortalError


class DemoOff(PortalError):
    code, status = "demo_off", 409
    sentence = "The demo is off: this portal was started with DEMO=0."


class WorkspaceInUse(PortalError):
    code, status = "workspace_in_use", 409
    sentence = "This workspace holds projects of its own. The demo is only set up in an empty one."


class DemoNotReady(PortalError):
    code, status = "demo_not_ready", 409
    sentence = "The demo is not ready: it is {state}."


class StoryGoesOn(PortalError):
    code, status = "story_goes_on", 409
    sentence = "A story is under way for {deployment}. Stop it first, or wait for its end."


class StoryOver(PortalError):
    code, status = "story_over", 409
    sentence = "This story is over already."


class NoSuchWorld(PortalError):
    code, status = "no_such_world", 404
    sentence = "The demo has no deployment of that name."


class ScriptFailed(PortalError):
    code, status = "script_failed", 502
    sentence = "The training script ended with status {status}: {said}"
