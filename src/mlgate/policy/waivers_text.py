"""A waiver put into the text of a waivers file; what is there keeps its order, its comments and its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from mlgate.errors import MlgateError
from mlgate.policy.documents import mapping
from mlgate.regex import regex
from mlgate.yaml_strict import Data, Document, read

SCHEMA = "https://raw.githubusercontent.com/mlgate/mlgate/main/schemas/policy.schema.json"
"""Where editors find the schema of what mlgate writes."""

HEADER = f"""\
# yaml-language-server: $schema={SCHEMA}
# Findings that are accepted: who, why, until when. `mlgate waive` adds to it; its owners say yes on the pull request.
kind: Waivers
version: 1
waivers:
"""

_PLAIN = regex(r"\d{4}-\d{2}-\d{2}|[A-Za-z]\w*[-/][\w/-]*|emergency|mitigated", re.ASCII)
"""What YAML takes for the text that it is: days, ids and types. `TRUE` and `null` have no sign in them."""

Entry = Mapping[str, str | int | Sequence[str]]
"""Keys in the order in which they are written."""


def added(text: str, entry: Entry, name: str) -> str:
    """`text` with one more waiver; `name` is what messages call the file. Empty text: a new file.

    Raises MlgateError where the text is not laid out so that an entry can be added: nothing is lost by guessing.
    """
    if not text.strip():
        return HEADER + _spelled(entry, "  ")
    newline = "\r\n" if "\r\n" in text else "\n"
    result = _inserted(text.replace("\r\n", "\n"), entry, name).replace("\n", newline)
    _verify(text, result, entry, name)
    return result


def ids(text: str, name: str) -> tuple[str, ...]:
    """Ids of the waivers in a file."""
    return tuple(str(mapping(one)["id"]) for document in read(text.encode(), name) for one in _listed(document))


def _listed(document: Document) -> list[Data]:
    found = mapping(document.data).get("waivers")
    return found if isinstance(found, list) else []


def _inserted(text: str, entry: Entry, name: str) -> str:
    documents = [one for one in read(text.encode(), name) if mapping(one.data).get("kind") == "Waivers"]
    if not documents:
        separator = "" if text.endswith("\n") else "\n"
        return f"{text}{separator}---\n" + HEADER.partition("\n")[2].partition("\n")[2] + _spelled(entry, "  ")
    document = documents[-1]
    waivers = _listed(document)
    place = document.places.get(("waivers",))
    if place is None:
        raise _unusual(name, document.line())
    lines = text.split("\n")
    if not waivers:
        line = lines[place.line - 1]
        if not re.search(r"\[\s*\]", line):
            raise _unusual(name, place.line)
        lines[place.line - 1] = re.sub(r"\s*\[\s*\]", "", line, count=1)
        return "\n".join([*lines[: place.line], *_spelled(entry, "  ").rstrip("\n").split("\n"), *lines[place.line :]])
    first = lines[document.places[("waivers", 0)].line - 1]
    found = re.match(r"(\s*)- ", first)
    if found is None:
        raise _unusual(name, document.places[("waivers", 0)].line)
    last = document.last_line(("waivers", len(waivers) - 1))
    new = _spelled(entry, found.group(1)).rstrip("\n").split("\n")
    return "\n".join([*lines[:last], "", *new, *lines[last:]])


def _spelled(entry: Entry, indent: str) -> str:
    lines = [f"{key}: {_value(value)}" for key, value in entry.items()]
    return "".join(f"{indent}{'- ' if index == 0 else '  '}{line}\n" for index, line in enumerate(lines))


def _value(value: str | int | Sequence[str]) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else _quoted(value)
    return "[" + ", ".join(map(_quoted, value)) + "]"


def _quoted(text: str) -> str:
    """In double quotes, on one line: JSON's escapes are YAML's, which wants those of what cannot be printed too."""
    plain = json.dumps(" ".join(text.split()), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in plain)


def _verify(before: str, after: str, entry: Entry, name: str) -> None:
    """What was read is still read, and one waiver more."""
    old = [one for document in read(before.encode(), name) for one in _listed(document)]
    new = [one for document in read(after.encode(), name) for one in _listed(document)]
    if len(new) != len(old) + 1 or new[: len(old)] != old or mapping(new[-1])["id"] != entry["id"]:
        raise _unusual(name, 1)


def _unusual(name: str, line: int) -> MlgateError:
    return MlgateError(
        f"{name}:{line}: laid out in a way that nothing can be added to; write one waiver a block, as `- id: …`"
    )
