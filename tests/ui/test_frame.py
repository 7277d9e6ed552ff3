"""The rail, vendored files, block tags, and every template of the portal."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders as static
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import get_template
from django.test import RequestFactory

from apps.core.ui import finders, navigation
from apps.core.ui.navigation import Item

TEMPLATES = Path(settings.TEMPLATES[0]["DIRS"][0])
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
SCRIPTS = TEMPLATES.parent / "static" / "ui"


def shown(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles_and_keeps_to_the_policy(name: str) -> None:
    get_template(name)
    source = (TEMPLATES / name).read_text()

    assert " style=" not in source
    assert "<style" not in source
    assert not any(
        f' on{event}="' in source for event in ("click", "change", "submit", "load", "input")
    )
    assert "hx-on" not in source
    assert source.count("<script") == source.count('type="application/json"') + source.count(
        "<script src="
    )


@pytest.fixture
def rail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_items", {})
    for item in (
        Item("Home", "home", "core:home", order=1),
        Item("Nowhere", "model", "nowhere:list"),
        Item("Components", "table", "ui:living", order=2, count=lambda user: 3),
        Item("Hidden", "lock", "ui:dense", visible=lambda user: False),
        Item("Jobs", "job", "ui:slow", section="house"),
    ):
        navigation.register(item)


@pytest.mark.usefixtures("rail")
def test_the_rail_shows_what_exists_and_is_visible() -> None:
    work, house = navigation.sections(AnonymousUser(), "/ui/parts/toast/")

    assert [(link.label, link.current, link.count) for link in work] == [
        ("Home", False, 0),
        ("Components", True, 3),
    ]
    assert [link.label for link in house] == ["Jobs"]


@pytest.mark.usefixtures("rail")
def test_home_is_current_only_at_home() -> None:
    work, _ = navigation.sections(AnonymousUser(), "/")

    assert [link.current for link in work] == [True, False]


def test_a_theme_that_does_not_exist_is_the_systems() -> None:
    assert shown("{% theme_name %}", theme='"><script>') == "system"


def test_parts_fill_the_places_of_their_own_block() -> None:
    html = shown(
        '{% card "Outer" %}{% card "Inner" %}{% part foot %}inner foot{% endpart %}{% endcard %}'
        "{% part foot %}outer foot{% endpart %}{% endcard %}"
    )

    assert html.index("inner foot") < html.index("outer foot")
    assert html.count("card-foot") == 2


def test_a_tag_with_a_wrong_argument_fails_where_it_is_written() -> None:
    with pytest.raises(TemplateSyntaxError, match="card"):
        Template('{% load ui %}{% card "Title" colour="red" %}{% endcard %}')


def test_a_verb_that_is_not_allowed_says_why() -> None:
    html = shown(
        '{% button "Release" url="/x/" disabled="Needs the maintainer role." hx_post="/y/" %}'
    )

    assert 'title="Needs the maintainer role."' in html
    assert "href" not in html


def test_vendored_files_are_served_by_name_only(tmp_path: Path, settings: SimpleNamespace) -> None:
    settings.NODE_MODULES = tmp_path
    assert not finders.found("uplot/uPlot.iife.min.js")
    assert [message.id for message in finders.missing()] == ["ui.I001"]
    assert "vendor" not in shown("{% vendor_styles %}")

    source = tmp_path / "uplot" / "dist" / "uPlot.iife.min.js"
    source.parent.mkdir(parents=True)
    source.write_text("1")
    assert static.find("vendor/uplot/uPlot.iife.min.js") == str(source)
    assert static.find("vendor/uplot/package.json") is None
    assert static.find("vendor/../package.json") is None


def test_each_icon_that_is_asked_for_is_drawn() -> None:
    drawn = (SCRIPTS / "icons.svg").read_text()
    from apps.core.ui import states

    assert [name for name, state in states.known() if f'id="{state.icon}"' not in drawn] == []


def test_a_page_without_anybody_signed_in_still_has_a_frame() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    html = get_template("base.html").render({"request": request}, request=request)

    assert "Your account" not in html
    assert "Sign in" in html
