"""Rules about the shape of the code that no linter knows."""

from __future__ import annotations

import ast
import re
import statistics

import pytest
from django.apps import apps as installed
from django.db import models

from tests.architecture.sources import (
    FACES,
    AnyFunction,
    Module,
    length,
    modules,
    texts,
)

LONGEST_FUNCTION = 60
LONGEST_FILE = 400
MEDIAN, P90 = 9, 30
MOST_ARGUMENTS = 5
DEEPEST = 3
EXPLAINED = {"services", "access", "selectors"}
BRANCHES = ast.If | ast.For | ast.While | ast.With | ast.Try | ast.AsyncFor | ast.AsyncWith
# Where naming many things, each with a default, is the point.
MANY_ARGUMENTS = ("apps/core/ui/tags/",)  # the attributes of a component
# Tables that no person asks for directly.
WITHOUT_VISITORS = {
    "ledger.Unsealed": "the sealer's list",
}


def refuse(faults: list[str]) -> None:
    """Fail with every fault at once."""
    assert not faults, "\n" + "\n".join(faults)


def test_other_apps_are_entered_by_the_front_door() -> None:
    faults = []
    for module in modules():
        for name in module.imported():
            app, _, inside = name.removeprefix("apps.").partition(".")
            foreign = name.startswith("apps.") and app not in {module.app, "core"}
            if foreign and module.app and inside.split(".")[0] in FACES:
                faults.append(f"{module.name} reaches into {name}")
            if foreign and "._" in name:
                faults.append(f"{module.name} uses the private {name}")
    refuse(faults)


def test_faces_do_not_query() -> None:
    refuse(
        [
            f"{module.name}:{node.lineno} queries; ask access or a selector"
            for module in modules()
            if module.is_face
            and module.app != "core"
            and not {"tasks", "management"} & module.inside
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}
            if "objects.none()" not in module.text.splitlines()[node.lineno - 1]
        ]
    )


def test_functions_are_short() -> None:
    found = [
        (length(node), module.name, node.name)
        for module in modules()
        for node in module.functions()
    ]
    refuse(
        [
            f"{name}: {function} has {lines} lines"
            for lines, name, function in found
            if lines > LONGEST_FUNCTION
        ]
    )
    lengths = sorted(lines for lines, _, _ in found)
    assert statistics.median(lengths) <= MEDIAN
    assert lengths[len(lengths) * 9 // 10] <= P90


def test_files_are_short() -> None:
    ours = ("apps", "portal", "tests", "bench", "templates", "static")
    refuse(
        [
            f"{path} has {text.count(chr(10))} lines"
            for path, text in texts(".py", ".html", ".css", ".js", under=ours)
            if "migrations" not in path.parts and text.count("\n") > LONGEST_FILE
        ]
    )


def test_functions_take_few_arguments() -> None:
    refuse(
        [
            f"{module.name}:{node.lineno} {node.name} takes {count} arguments"
            for module in modules()
            if not module.name.startswith(MANY_ARGUMENTS)
            for node in module.functions()
            if (count := _arguments(node)) > MOST_ARGUMENTS
        ]
    )


def _arguments(node: AnyFunction) -> int:
    """Arguments without `self`, and without keyword-only ones that have a default."""
    given = node.args
    plain = [each for each in (*given.posonlyargs, *given.args) if each.arg not in {"self", "cls"}]
    needed = [default for default in given.kw_defaults if default is None]
    return len(plain) + len(needed)


def test_nesting_is_shallow() -> None:
    refuse(
        [
            f"{module.name}:{node.lineno} {node.name} nests {depth} deep"
            for module in modules()
            for node in module.functions()
            if (depth := _depth(node.body)) > DEEPEST
        ]
    )


def _depth(body: list[ast.stmt]) -> int:
    """How deep branches stand inside branches; `elif` is no deeper than its `if`."""
    deepest = 0
    for node in body:
        if isinstance(node, AnyFunction | ast.ClassDef) or not isinstance(node, BRANCHES):
            continue
        inner = [*node.body]
        below = list(getattr(node, "orelse", [])) + list(getattr(node, "finalbody", []))
        for handler in getattr(node, "handlers", []):
            below += handler.body
        chained = (
            isinstance(node, ast.If)
            and len(node.orelse) == 1
            and isinstance(node.orelse[0], ast.If)
        )
        beside = _depth(node.orelse) if chained else 1 + _depth(below)
        deepest = max(deepest, 1 + _depth(inner), beside)
    return deepest


def test_a_broad_except_says_why() -> None:
    faults = []
    for module in modules():
        lines = module.text.splitlines()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node):
                said = (
                    lines[node.lineno - 1].partition("#")[2].removeprefix(" noqa: BLE001").strip()
                )
                logged = "logger.exception(" in "\n".join(lines[node.lineno - 1 : node.lineno + 2])
                if not said and not logged:
                    faults.append(f"{module.name}:{node.lineno} catches everything without a word")
    refuse(faults)


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}


def test_verbs_and_reads_are_annotated_and_explained() -> None:
    faults = []
    for module in modules():
        if not module.app or not EXPLAINED & module.inside:
            continue
        for node in module.tree.body:
            if isinstance(node, AnyFunction) and not node.name.startswith("_"):
                faults += [
                    f"{module.name}:{node.lineno} {node.name} {lack}" for lack in _lacks(node)
                ]
    refuse(faults)


def _lacks(node: AnyFunction) -> list[str]:
    found = [] if ast.get_docstring(node) else ["has no docstring"]
    given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    found += [f"does not annotate {each.arg}" for each in given if each.annotation is None]
    return found if node.returns is not None else [*found, "does not annotate its result"]


def test_verbs_take_their_arguments_by_name() -> None:
    refuse(
        [
            f"{module.name}:{node.lineno} {node.name}: keyword-only from the second argument on"
            for module in modules()
            if module.app and module.app != "core" and "services" in module.inside
            for node in module.tree.body
            if isinstance(node, AnyFunction) and not node.name.startswith("_")
            if len(node.args.args) > 2
        ]
    )


def test_imports_stand_at_the_top() -> None:
    refuse(
        [
            f"{module.name}:{node.lineno} {node.name} imports inside"
            for module in modules()
            for node in module.functions()
            if any(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.walk(node))
        ]
    )


INLINE = re.compile(
    r"""\sstyle\s*=\s*["']          # a style of its own
      | \son[a-z]+\s*=\s*["']       # an inline handler
      | <style\b
      | <script(?![^>]*\b(?:src=|type="application/json"))[^>]*>
      | javascript:""",
    re.VERBOSE | re.IGNORECASE,
)


def test_templates_hold_no_inline_code() -> None:
    """The Content-Security-Policy would refuse it."""
    faults = []
    for path, text in texts(".html", under=("templates", "apps")):
        for found in INLINE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            faults.append(f"{path}:{line} holds {found.group().strip()}")
    refuse(faults)


def test_templates_read_names_and_values_by_pairs() -> None:
    """`.items` of a template is the value that somebody called `items`, where there is one."""
    refuse(
        [
            f"{path} reads {found}: write |pairs"
            for path, text in texts(".html", under=("templates", "apps"))
            for found in re.findall(r"\bin [\w.]+\.items\b", text)
        ]
    )


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
    refuse(
        [f"{module.name}: {found}" for module in modules() for found in words.findall(module.text)]
    )


@pytest.mark.django_db(databases=[])
def test_every_table_of_a_project_says_who_sees_it() -> None:
    faults = []
    for model in installed.get_models():
        names = {field.name for field in model._meta.concrete_fields}
        ours = model.__module__.startswith("apps.") and model._meta.label not in WITHOUT_VISITORS
        if ours and {"project", "project_id"} & names and not _says_who_sees_it(model):
            faults.append(f"{model._meta.label} has a project and no queryset method visible_to")
    refuse(faults)


def _says_who_sees_it(model: type[models.Model]) -> bool:
    return hasattr(model._default_manager.all(), "visible_to")


def test_the_rules_see_what_they_look_for() -> None:
    """A rule that cannot fail is no rule."""
    wrong = ast.parse(
        "def f(a, b, c, d, e, g):\n"
        "  for x in a:\n    if x:\n      while b:\n        with c:\n          pass\n"
        "  try:\n    pass\n  except Exception:\n    pass\n"
    )
    function = wrong.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert _arguments(function) == 6
    assert _depth(function.body) == 4
    assert any(isinstance(node, ast.ExceptHandler) and _is_broad(node) for node in ast.walk(wrong))
    assert len(_lacks(function)) == 8
    for text in (' style="x"', " onclick='x'", "<script>", '<script type="module">', "<style>"):
        assert INLINE.search(text), text
    for text in ('<script src="x">', '<script type="application/json">', ' data-style="x"'):
        assert not INLINE.search(text), text
    assert all(isinstance(module, Module) for module in modules())
    assert len(modules()) > 100
