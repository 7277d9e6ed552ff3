"""What each kind of document begins with, so that nobody faces an empty page."""

from __future__ import annotations

STARTS = {
    "runbook": """---
kind: runbook
owner:
deputy:
review_by:
applies_to:
  models: []
  monitors: []
  alerts: []
tags: []
---
# What goes wrong

## How you notice

## First five minutes

- [ ] Say in the incident that you look at it.
- [ ] Look at what changed: releases, data, dependencies.

## Find the cause

## Stop the harm

## Afterwards
""",
    "guide": """---
kind: guide
owner:
review_by:
tags: []
---
# What you will be able to do

## Before you begin

## Steps

## If it does not work
""",
    "card": """---
kind: card
owner:
applies_to:
  models: []
---
# Model card

## Intended use

## Data

## Metrics

## Limits
""",
    "post-mortem": """---
kind: post-mortem
owner:
tags: []
---
# What happened on which day

## Summary

## Impact

## Timeline

## Causes

## What went well

## What changes, by whom, until when
""",
    "decision": """---
kind: decision
owner:
tags: []
---
# What was decided

## Context

## Decision

## Alternatives

## Consequences
""",
}
