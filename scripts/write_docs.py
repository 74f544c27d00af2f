"""Writes the generated documentation from `settings/`: `make docs`.

That is docs/configuration.md and .env.example as a whole, and the table of settings in README.md
between its two markers. `--check` writes nothing and fails when a file is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr

from chatkit_backend.settings import GROUPS, CommaSeparated, Settings, setting_name

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- settings: written by `make docs` -->", "<!-- end of settings -->"
GENERATED = "written by `make docs` from src/chatkit_backend/settings/"


@dataclass(frozen=True, slots=True)
class Documented:
    """A setting as the documentation shows it."""

    group: str
    name: str
    type: str
    default: str
    meaning: str

    @property
    def first_sentence(self) -> str:
        return self.meaning.split(". ")[0].removesuffix(".") + "."


def documented_settings() -> Iterator[Documented]:
    """Every setting, in the order of the code."""
    group_of = {first: title for title, first in GROUPS.items()}
    group = ""
    for field_name, field in Settings.model_fields.items():
        group = group_of.get(field_name, group)
        yield Documented(
            group=group,
            name=setting_name(field_name),
            type=_type_name(field.annotation),
            default=_as_written(field.default),
            meaning=field.description or "",
        )


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    names = {
        SecretStr: "secret",
        str: "text",
        int: "whole number",
        float: "number",
        bool: "`true` or `false`",
        get_args(CommaSeparated)[0]: "list, separated by commas",
    }
    if get_origin(annotation) is tuple:
        return names[get_args(CommaSeparated)[0]]
    if annotation in names:
        return names[annotation]
    (inner,) = [part for part in get_args(annotation) if part is not type(None)]
    return _type_name(inner)


def _as_written(default: Any) -> str:
    match default:
        case None | ():
            return ""
        case SecretStr():
            return default.get_secret_value()
        case tuple():
            return ",".join(default)
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


def settings_table(settings: list[Documented]) -> str:
    """The short table of README.md."""
    rows = [
        f"| `{s.name}` | {_code(shorten(s.default, 40, placeholder='…'))} | {s.first_sentence} |"
        for s in settings
    ]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows])


def configuration_page(settings: list[Documented]) -> str:
    """docs/configuration.md."""
    lines = [
        "# Configuration",
        "",
        f"<!-- {GENERATED} -->",
        "",
        "Settings are read from the environment and from a `.env` file in the current folder.",
        "The environment wins. An empty value counts as not set.",
        "`chatkit-backend doctor` says what is wrong with them.",
    ]
    for group in GROUPS:
        lines += ["", f"## {group}"]
        for setting in (s for s in settings if s.group == group):
            default = f"default {_code(setting.default)}" if setting.default else "not set"
            lines += ["", f"### `{setting.name}`", "", setting.meaning, ""]
            lines += [f"Type: {setting.type}; {default}."]
    return "\n".join(lines) + "\n"


def env_example(settings: list[Documented]) -> str:
    """.env.example."""
    lines = [f"# Copy to .env and set what you need. This file is {GENERATED}."]
    for group in GROUPS:
        lines += ["", f"# --- {group} ---"]
        for setting in (s for s in settings if s.group == group):
            value = f'"{setting.default}"' if " " in setting.default else setting.default
            lines += ["", f"# {setting.meaning}", f"#{setting.name}={value}"]
    return "\n".join(lines) + "\n"


def _code(value: str) -> str:
    return f"`{value}`" if value else ""


def written_files() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    settings = list(documented_settings())
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return {
        readme: f"{before}{BEGIN}\n{settings_table(settings)}\n{END}{after}",
        ROOT / "docs" / "configuration.md": configuration_page(settings),
        ROOT / ".env.example": env_example(settings),
    }


def main() -> int:
    """Writes the files, or checks them. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if outdated")
    check = parser.parse_args().check
    outdated = [
        path
        for path, text in written_files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in outdated:
        sys.stderr.write(f"{path.relative_to(ROOT)} {'is outdated' if check else 'written'}\n")
        if not check:
            path.write_text(written_files()[path], encoding="utf-8")
    return int(check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
