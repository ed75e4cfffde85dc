"""Partial answers: the `fields` parameter, `items(id,start/dateTime),nextPageToken`, held against the schema."""

from typing import Any

from tests.fakes.google.discovery import Document, Json
from tests.fakes.google.refusals import refuse

Selection = dict[str, Any]


def parse(text: str) -> Selection:
    """The tree of a selection; an empty tree selects everything below. Raises Refusal."""
    tree, at = _group(text, 0)
    if at != len(text):
        raise refuse("fields", name=text)
    return tree


def check(tree: Selection, document: Document, schema: Json, path: str = "") -> None:
    """Refuse names that the schema does not have."""
    while "$ref" in schema or schema.get("type") == "array":
        schema = document.schemas[schema["$ref"]] if "$ref" in schema else schema["items"]
    for name, inner in tree.items():
        spec = schema if name == "*" else schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if spec is None:
            raise refuse("fields", name=f"{path}{name}")
        if name != "*":
            check(inner, document, spec, f"{path}{name}/")


def select(value: Any, tree: Selection) -> Any:
    """The part of `value` that the selection names."""
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [select(one, tree) for one in value]
    if isinstance(value, dict):
        return {name: select(value[name], inner) for name, inner in tree.items() if name in value}
    return value


def _group(text: str, at: int) -> tuple[Selection, int]:
    tree: Selection = {}
    while True:
        one, at = _single(text, at)
        for name, inner in one.items():
            _merge(tree, name, inner)
        if at >= len(text) or text[at] != ",":
            return tree, at
        at += 1


def _single(text: str, at: int) -> tuple[Selection, int]:
    start = at
    while at < len(text) and text[at] not in ",/()":
        at += 1
    name = text[start:at].strip()
    if not name:
        raise refuse("fields", name=text)
    inner: Selection = {}
    if at < len(text) and text[at] == "/":
        # What follows a slash is one name, which may have a group or a slash of its own.
        inner, at = _single(text, at + 1)
    elif at < len(text) and text[at] == "(":
        inner, at = _closed(text, at + 1)
    return {name: inner}, at


def _closed(text: str, at: int) -> tuple[Selection, int]:
    tree, at = _group(text, at)
    if at >= len(text) or text[at] != ")":
        raise refuse("fields", name=text)
    return tree, at + 1


def _merge(tree: Selection, name: str, inner: Selection) -> None:
    if name in tree and tree[name] and inner:
        for key, value in inner.items():
            _merge(tree[name], key, value)
    else:
        tree[name] = inner if name not in tree else {}
