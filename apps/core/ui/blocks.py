"""Template tags that wrap what stands between their name and their end."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any
from uuid import uuid4

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, kwarg_re
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

PARTS = "ui_parts"
Values = dict[str, Any]


class BlockNode(Node):
    """Renders what it wraps, then its own template around that and the named parts inside."""

    def __init__(
        self,
        build: Callable[..., Values],
        template_name: str,
        nodelist: NodeList,
        given: tuple[list[FilterExpression], dict[str, FilterExpression]],
    ) -> None:
        self.build = build
        self.template_name = template_name
        self.nodelist = nodelist
        self.args, self.kwargs = given

    def render(self, context: Context) -> SafeString:
        args = [arg.resolve(context) for arg in self.args]
        kwargs = {name: arg.resolve(context) for name, arg in self.kwargs.items()}
        parts: dict[str, SafeString] = {}
        with context.push(**{PARTS: parts}):
            content = self.nodelist.render(context)
        values = {**self.build(*args, **kwargs), "content": content, "parts": parts}
        values.setdefault("csrf_token", context.get("csrf_token"))
        return mark_safe(get_template(self.template_name).render(values))  # noqa: S308 - a template's answer


class PartNode(Node):
    """Hands what it wraps to the block around it under a name."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        context[PARTS][self.name] = self.nodelist.render(context)
        return SafeString("")


def block(
    register: Library, template_name: str
) -> Callable[[Callable[..., Values]], Callable[..., Values]]:
    """Register `{% name … %}…{% endname %}`; the function turns arguments into the template's values."""

    def decorate(build: Callable[..., Values]) -> Callable[..., Values]:
        name = build.__name__

        def compiled(parser: Parser, token: Token) -> BlockNode:
            given = arguments(parser, token)
            try:
                signature(build).bind(*given[0], **given[1])
            except TypeError as refusal:
                raise TemplateSyntaxError(f"{name}: {refusal}") from refusal
            nodelist = parser.parse((f"end{name}",))
            parser.delete_first_token()
            return BlockNode(build, template_name, nodelist, given)

        register.tag(name, compiled)
        return build

    return decorate


def part(parser: Parser, token: Token) -> PartNode:
    """`{% part actions %}…{% endpart %}` inside a block tag fills one of its named places."""
    bits = token.split_contents()
    if len(bits) != 2:
        raise TemplateSyntaxError("part takes one name.")
    nodelist = parser.parse(("endpart",))
    parser.delete_first_token()
    return PartNode(bits[1].strip("\"'"), nodelist)


class HoldNode(Node):
    """Renders what it wraps now and keeps it for later, so that the page knows whether there is any."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308 - rendered
        return SafeString("")


def hold(parser: Parser, token: Token) -> HoldNode:
    """`{% hold name %}{% block name %}{% endblock %}{% endhold %}` in a layout."""
    nodelist = parser.parse(("endhold",))
    parser.delete_first_token()
    return HoldNode(token.split_contents()[1], nodelist)


def arguments(
    parser: Parser, token: Token
) -> tuple[list[FilterExpression], dict[str, FilterExpression]]:
    """The positional and the named arguments of a tag."""
    args: list[FilterExpression] = []
    kwargs: dict[str, FilterExpression] = {}
    for bit in token.split_contents()[1:]:
        found = kwarg_re.match(bit)
        name, value = found.groups() if found else (None, bit)
        if name:
            kwargs[name] = parser.compile_filter(value)
        else:
            args.append(parser.compile_filter(value))
    return args, kwargs


def fresh_id(kind: str) -> str:
    """An id for an element that another one on the page points at."""
    return f"{kind}-{uuid4().hex[:8]}"
