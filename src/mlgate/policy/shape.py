"""Whether a document has the shape that the policy schema asks for, said so that its author can repair it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache

from msgspec import Struct

from mlgate.shipped import shipped
from mlgate.yaml_strict import Data, Document, KeyPath

Schema = Mapping[str, "Json"]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

KINDS = ("Policy", "Rule", "Waivers")
DEFINITIONS = {"Policy": "policy", "Rule": "rule", "Waivers": "waivers"}

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
}
_NAMES = {
    "object": "keys with values",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


class Fault(Struct, frozen=True):
    path: KeyPath
    message: str


def suggest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where nothing known is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def shape_problems(document: Document) -> list[str]:
    """What keeps the document from the schema, one sentence each with file, line and key path; empty where nothing."""
    return [document.problem(fault.path, fault.message) for fault in faults(document.data)]


def faults(data: Data) -> list[Fault]:
    """The faults of a document, in the order of the schema."""
    if not isinstance(data, dict):
        return [Fault((), f"expected a document with kind: {_listed(KINDS)}, not {_shown(data)}")]
    kind = data.get("kind")
    if kind is None:
        return [Fault((), f"no kind; a policy document says kind: {_listed(KINDS)}")]
    if not isinstance(kind, str) or kind not in KINDS:
        near = suggest(kind, KINDS) if isinstance(kind, str) else ""
        return [Fault(("kind",), f"unknown kind {_shown(kind)}{near}; expected {_listed(KINDS)}")]
    version = data.get("version")
    if version is None:
        return [Fault((), "no version; write version: 1")]
    if version != 1 or isinstance(version, bool):
        return [Fault(("version",), f"version {_shown(version)} of the format; this mlgate reads version 1")]
    return list(_check(data, _definition(DEFINITIONS[kind]), ()))


def schema() -> Schema:
    """The shipped schema of policy documents."""
    return _schema()


@cache
def _schema() -> Schema:
    loaded: Schema = json.loads(shipped("schemas/policy.schema.json").read_text(encoding="utf-8"))
    return loaded


def _definition(name: str) -> Schema:
    definitions = _schema()["$defs"]
    found = definitions[name] if isinstance(definitions, dict) else None
    return found if isinstance(found, dict) else {}


def _resolved(part: Json | Schema) -> Schema:
    """A subschema with its `$ref` followed; `true` admits everything."""
    if part is None or isinstance(part, (bool, int, float, str, list)):
        return {}
    reference = part.get("$ref")
    return _definition(reference.rpartition("/")[2]) if isinstance(reference, str) else part


def _check(data: Data, part: Json | Schema, path: KeyPath) -> Iterator[Fault]:
    """Faults of `data` against one subschema. Knows the keywords that our schema uses, and no others."""
    rules = _resolved(part)
    kind = rules.get("type")
    if isinstance(kind, str) and not _is(data, kind):
        yield Fault(path, f"expected {_NAMES[kind]}, not {_shown(data)}")
        return
    yield from _check_value(data, rules, path)
    for branch in _list(rules, "allOf"):
        yield from _check(data, branch, path)
    if "oneOf" in rules:
        yield from _check_one_of(data, [_resolved(branch) for branch in _list(rules, "oneOf")], path)
    if isinstance(data, dict):
        yield from _check_mapping(data, rules, path)
    if isinstance(data, list):
        yield from _check_list(data, rules, path)


def _check_value(data: Data, rules: Schema, path: KeyPath) -> Iterator[Fault]:
    allowed = rules.get("enum")
    if isinstance(allowed, list) and data not in allowed:
        words = [word for word in allowed if isinstance(word, str)]
        near = suggest(data, words) if isinstance(data, str) else ""
        yield Fault(path, f"unknown value {_shown(data)}{near}; expected {_listed(words)}")
    pattern = rules.get("pattern")
    if isinstance(pattern, str) and isinstance(data, str) and not re.search(pattern, data):
        yield Fault(path, f"{_shown(data)} is not {_form(pattern)}")
    elif rules.get("format") == "date" and isinstance(data, str) and not _is_date(data):
        yield Fault(path, f"{_shown(data)} is no day of the calendar")
    minimum = rules.get("minimum")
    if isinstance(minimum, int) and isinstance(data, int) and data < minimum:
        yield Fault(path, f"expected at least {minimum}, not {data}")
    shortest = rules.get("minLength")
    if isinstance(shortest, int) and isinstance(data, str) and len(data) < shortest:
        yield Fault(path, f"expected at least {shortest} characters, not {len(data)}")


def _check_mapping(data: Mapping[str, Data], rules: Schema, path: KeyPath) -> Iterator[Fault]:
    known = rules.get("properties")
    properties = known if isinstance(known, dict) else {}
    for name in _list(rules, "required"):
        if isinstance(name, str) and name not in data:
            yield Fault(path, f"no {name}")
    least = rules.get("minProperties")
    if isinstance(least, int) and len(data) < least:
        test = "a test beside its name" if "name" in data else "at least one key"
        yield Fault(path, f"expected {test}" + (f": {_listed(list(properties))}" if properties and not data else ""))
    others = rules.get("additionalProperties", True)
    names = rules.get("propertyNames")
    for key, value in data.items():
        here = (*path, key)
        if isinstance(names, dict):
            pattern = _resolved(names).get("pattern")
            if isinstance(pattern, str) and not re.search(pattern, key):
                yield Fault(here, f"'{key}' is not {_form(pattern)}")
                continue
        if key in properties:
            yield from _check(value, properties[key], here)
        elif others is False:
            near = suggest(key, properties) or f"; expected {_listed(sorted(properties))}"
            yield Fault(here, f"unknown key '{key}'{near}")
        else:
            yield from _check(value, others, here)


def _check_list(data: Sequence[Data], rules: Schema, path: KeyPath) -> Iterator[Fault]:
    least, most = rules.get("minItems"), rules.get("maxItems")
    if isinstance(least, int) and len(data) < least:
        yield Fault(path, f"expected at least {least} item{'s' if least > 1 else ''}, not {len(data)}")
    if isinstance(most, int) and len(data) > most:
        yield Fault(path, f"expected at most {most} items, not {len(data)}")
    if "items" in rules:
        for index, item in enumerate(data):
            yield from _check(item, rules["items"], (*path, index))


def _check_one_of(data: Data, branches: Sequence[Schema], path: KeyPath) -> Iterator[Fault]:
    """Exactly one branch must hold; where the type already chooses one, its faults are the ones worth reading."""
    outcomes = [list(_check(data, branch, path)) for branch in branches]
    holding = sum(not outcome for outcome in outcomes)
    if holding == 1:
        return
    if all(set(branch) == {"required"} for branch in branches):
        forms = [" and ".join(str(name) for name in _list(branch, "required")) for branch in branches]
        yield Fault(path, f"expected either {' or '.join(forms)}")
        return
    fitting = [
        outcome
        for branch, outcome in zip(branches, outcomes, strict=True)
        if isinstance(kind := branch.get("type"), str) and _is(data, kind)
    ]
    if len(fitting) == 1:
        yield from fitting[0]
    elif isinstance(data, str) and (words := [branch for branch in branches if "enum" in branch]):
        yield from _check(data, words[0], path)
    else:
        yield Fault(path, f"expected {' or '.join(_described(branch) for branch in branches)}, not {_shown(data)}")


def _described(branch: Schema) -> str:
    words = branch.get("enum")
    if isinstance(words, list):
        return _listed([str(word) for word in words])
    required = _list(branch, "required")
    kind = branch.get("type")
    if kind == "object" and required:
        return "{" + ", ".join(f"{name}: …" for name in required) + "}"
    return _NAMES.get(kind, "a value") if isinstance(kind, str) else "a value"


_FORMS = {
    r"^(\*|[a-z0-9-]+/(\*|[a-z0-9-]+))$": 'a rule key: "*", family/* or family/name',
    r"^[a-z0-9-]+/[a-z0-9-]+$": "a rule id: family/name, lower-case letters, digits and hyphens",
    r"^[a-z0-9-]+$": "a name of lower-case letters, digits and hyphens",
    r"^\d{4}-\d{2}-\d{2}$": "a date: YYYY-MM-DD",
    r"^1:[0-9a-f]{16}$": "a fingerprint: 1: and 16 hexadecimal digits",
    r"^[a-z0-9][a-z0-9-]*$": "a word of lower-case letters, digits and hyphens",
}


def _form(pattern: str) -> str:
    return _FORMS.get(pattern, f"of the form {pattern}")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is(data: Data, kind: str) -> bool:
    if isinstance(data, bool):
        return kind == "boolean"
    return isinstance(data, _TYPES[kind])


def _list(rules: Schema, name: str) -> list[Json]:
    found = rules.get(name)
    return found if isinstance(found, list) else []


def _shown(data: Data) -> str:
    """A value as its author would recognise it, short."""
    if data is None:
        return "nothing"
    if isinstance(data, dict):
        return "keys with values"
    if isinstance(data, list):
        return "a list"
    if isinstance(data, bool):
        return str(data).lower()
    text = f"'{data}'" if isinstance(data, str) else str(data)
    return text if len(text) <= 60 else f"{text[:57]}…'"


def _listed(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nothing"
