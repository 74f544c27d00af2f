"""What the web component has to show, as JSON: the SDK's widget components, and built templates.

`python -m tests.widget_catalogue` prints `{"components": {TYPE: {PROPERTY: {"values": [...],
"kinds": [...]}}}, "templates": {FILE: WIDGET}}`. Values are those that a property may have where
they can be counted; kinds are `boolean`, `number`, `string`, `array`, `object` and the names of the
SDK's own types. Templates are those of `tests/widgets`, each with the example of its schema.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

# All but a template is deprecated, and still what templates are made of.
warnings.simplefilter("ignore", DeprecationWarning)

from chatkit import widgets  # noqa: E402
from pydantic import BaseModel  # noqa: E402


def components() -> dict[str, type[BaseModel]]:
    """Every component with a type of its own, by that type."""
    found: dict[str, type[BaseModel]] = {}
    for value in vars(widgets).values():
        if not isinstance(value, type) or not issubclass(value, widgets.WidgetComponentBase):
            continue
        name = value.model_fields["type"].default
        if isinstance(name, str):
            found[name] = value
    return found


def properties(component: type[BaseModel]) -> dict[str, dict[str, list[Any]]]:
    """Values and kinds of each property of a component."""
    schema = component.model_json_schema()
    if "$ref" in schema:
        schema |= schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    definitions = schema.get("$defs", {})
    return {name: _choices(value, definitions) for name, value in schema["properties"].items()}


def _choices(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, list[Any]]:
    values: list[Any] = []
    kinds: list[str] = []
    for one in schema.get("anyOf", [schema]):
        if "const" in one or "enum" in one:
            values += one.get("enum", [one.get("const")])
        elif "$ref" in one:
            name = one["$ref"].rsplit("/", 1)[1]
            of = definitions[name]
            values += of.get("enum", [])
            kinds += [] if "enum" in of else [name]
        elif one.get("type") != "null":
            kinds.append({"integer": "number"}.get(one.get("type"), one.get("type", "object")))
    return {"values": values, "kinds": kinds}


def templates() -> dict[str, dict[str, Any]]:
    """Every template of the tests, built as a server builds it."""
    built = {}
    for file in sorted((Path(__file__).parent / "widgets").glob("*.widget")):
        template = widgets.WidgetTemplate.from_file(str(file))
        widget = template.build(template.data_schema["examples"][0])
        built[file.stem] = widget.model_dump(mode="json", exclude_none=True)
    return built


if __name__ == "__main__":
    shown = {name: properties(one) for name, one in components().items()}
    sys.stdout.write(json.dumps({"components": shown, "templates": templates()}))
