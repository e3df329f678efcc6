"""A Rule document becomes a rule: clauses, predicates, tests, parameters, each checked where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlgate.errors import PolicyError
from mlgate.model import (
    Clause,
    Confidence,
    Example,
    Literal,
    Param,
    Parameter,
    ParamValue,
    Predicate,
    Rule,
    Severity,
    Test,
)
from mlgate.policy.shape import suggest
from mlgate.yaml_strict import Data, Document, KeyPath

FACTS = ("call", "import", "class", "string", "shell", "package", "setting", "server", "secret", "input", "change")
"""The kinds of fact that a clause may ask for."""

_REGEX_FACTS = ("string", "shell")
_TESTS = ("in", "regex", "present", "is", "refers-to")
_KEEPS_SECRETS_APART = "\u2016"
"""Stands inside made-up secrets of examples, so that no scanner takes the YAML for a leak."""


def compile_rule(document: Document) -> Rule:
    """The rule of a document whose shape is right.

    Raises PolicyError, a sentence per problem: a regular expression that does not compile, an unknown parameter,
    a default of the wrong type, a clause without its fact, a version specifier that is none.
    """
    return _Compiler(document).rule()


def parameter_problem(type_: str, value: object) -> str:
    """Why `value` cannot be the value of a parameter of this type, as `expected …`; empty where it can."""
    if type_ == "boolean":
        return "" if isinstance(value, bool) else "expected true or false"
    if type_ == "integer":
        return "" if isinstance(value, int) and not isinstance(value, bool) else "expected a whole number"
    if type_ in ("strings", "patterns"):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            return "expected a list of texts"
        if type_ == "patterns":
            return next(filter(None, map(regex_problem, value)), "")
        return ""
    if not isinstance(value, str):
        quoted = "; quote it" if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
        return f"expected a {'version' if type_ == 'version' else 'text'}{quoted}"
    return version_problem(value) if type_ == "version" else ""


def version_problem(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        Version(text)
    except InvalidVersion:
        return f"expected a version such as 2.5, not '{text}'"
    return ""


def regex_problem(pattern: str) -> str:
    """Why the text is no regular expression; empty where it is one."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"'{pattern}' is no regular expression: {error}"
    return ""


def frozen(value: Data) -> ParamValue:
    """A parameter's value, whose type was checked, with its lists as tuples."""
    return _texts(value) if isinstance(value, list) else value  # type: ignore[return-value]


class _Compiler:
    """Walks one document; the shape was checked, so only meaning is left to check."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[str] = []
        self.params: dict[str, Parameter] = {}

    def fail(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.document.problem(path, message))

    def rule(self) -> Rule:
        data = _mapping(self.document.data)
        self.params = dict(self._params(_mapping(data.get("params", {}))))
        match = _mapping(data["match"])
        examples = _mapping(data["examples"])
        asset = _texts(data.get("asset", []))
        repair = data.get("repair")
        compiled = Rule(
            id=str(data["id"]),
            title=str(data["title"]),
            severity=Severity[str(data["severity"]).upper()],
            message=str(data["message"]).strip(),
            why=str(data["why"]).strip(),
            fix=str(data["fix"]).strip(),
            any=tuple(self._clauses(match.get("any", []), ("match", "any"), inside_unless=False)),
            unless=tuple(self._clauses(match.get("unless", []), ("match", "unless"), inside_unless=True)),
            references=_texts(data.get("references", [])),
            params=self.params,
            bad=tuple(map(_example, _list(examples.get("bad", [])))),
            good=tuple(map(_example, _list(examples.get("good", [])))),
            gap=tuple(map(_example, _list(examples.get("gap", [])))),
            formerly=_texts(data.get("formerly", [])),
            repair=_mapping(repair) if repair is not None else None,
            asset=(asset[0], asset[1]) if len(asset) == 2 else None,
            source=self.document.at(),
        )
        self._check_template(compiled.message)
        if self.problems:
            raise PolicyError("\n".join(self.problems))
        return compiled

    def _params(self, data: Mapping[str, Data]) -> Iterator[tuple[str, Parameter]]:
        for name, given in data.items():
            said = _mapping(given)
            type_ = str(said["type"])
            problem = parameter_problem(type_, said["default"])
            if problem:
                self.fail(("params", name, "default"), problem)
            yield (
                name,
                Parameter(
                    type=type_,
                    default=frozen(said["default"]),
                    description=str(said["description"]),
                    stricter=str(said.get("stricter", "none")),
                ),
            )

    def _clauses(self, data: Data, path: KeyPath, *, inside_unless: bool) -> Iterator[Clause]:
        for index, item in enumerate(_list(data)):
            yield self._clause(_mapping(item), (*path, index), inside_unless=inside_unless)

    def _clause(self, data: Mapping[str, Data], path: KeyPath, *, inside_unless: bool) -> Clause:
        kinds = [kind for kind in FACTS if kind in data]
        if len(kinds) > 1:
            self.fail(path, f"a clause asks for one fact, not for {' and '.join(kinds)}")
        if not kinds and not inside_unless:
            self.fail(path, f"no fact; expected one of {', '.join(FACTS)}")
        kind = kinds[0] if kinds else ""
        if inside_unless and "confidence" in data:
            self.fail((*path, "confidence"), "an exemption exempts or does not; confidence belongs to a clause of any")
        if "confidence" in data and data["confidence"] != "high" and "why" not in data:
            self.fail((*path, "confidence"), "no why beside it; say in half a sentence what is not certain")
        if "args" in data and kind not in ("", "call"):
            self.fail((*path, "args"), f"only a call has args; test a {kind} with where")
        return Clause(
            kind=kind,
            patterns=self._patterns(kind, data.get(kind), (*path, kind)) if kind else (),
            args=tuple(self._predicates(data.get("args", []), (*path, "args"))),
            where=tuple(self._predicates(data.get("where", []), (*path, "where"))),
            installed=tuple(self._installed(_mapping(data.get("installed", {})), (*path, "installed"))),
            unless=tuple(self._clauses(data.get("unless", []), (*path, "unless"), inside_unless=True)),
            confidence=Confidence[str(data.get("confidence", "high")).upper()],
            why=str(data.get("why", "")),
        )

    def _patterns(self, kind: str, data: Data, path: KeyPath) -> Param | tuple[str, ...]:
        if kind not in _REGEX_FACTS:
            return _texts(data)
        if isinstance(data, dict):
            return self._param(data, path, ("string", "patterns"))
        self._check_regex(str(data), path)
        return (str(data),)

    def _predicates(self, data: Data, path: KeyPath) -> Iterator[Predicate]:
        for index, item in enumerate(_list(data)):
            here = (*path, index)
            said = _mapping(item)
            tests = tuple(self._test(op, said[op], (*here, op)) for op in _TESTS if op in said)
            if not tests:
                self.fail(here, f"no test; expected one of {', '.join(_TESTS)}")
            position, part = said.get("pos"), said.get("part")
            if position is not None and path[-1] == "where":
                self.fail((*here, "pos"), "attributes have no position; pos belongs to args")
            yield Predicate(
                name=str(said["name"]),
                tests=tests,
                pos=position if isinstance(position, int) else None,
                part=str(part) if part is not None else None,
            )

    def _test(self, op: str, data: Data, path: KeyPath) -> Test:
        if isinstance(data, dict):
            return Test(op, self._param(data, path, ("string", "patterns") if op == "regex" else ()))
        if op == "present":
            return Test(op, data is True)
        if op == "regex":
            self._check_regex(str(data), path)
        if op in ("regex", "is"):
            return Test(op, str(data))
        return Test(op, tuple(self._literals(_list(data), path)))

    def _literals(self, data: list[Data], path: KeyPath) -> Iterator[Literal]:
        for index, item in enumerate(data):
            if isinstance(item, (list, dict)):
                self.fail((*path, index), "expected a text, a number, true, false or null")
            else:
                yield item

    def _installed(self, data: Mapping[str, Data], path: KeyPath) -> Iterator[tuple[str, str]]:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        for package, specifier in data.items():
            try:
                SpecifierSet(str(specifier))
            except InvalidSpecifier:
                self.fail((*path, package), f"'{specifier}' is no version specifier; expected for example \"<2.6\"")
            yield package, str(specifier)

    def _param(self, data: Mapping[str, Data], path: KeyPath, types: tuple[str, ...]) -> Param:
        name = str(data["param"])
        declared = self.params.get(name)
        if declared is None:
            self.fail(path, f"unknown parameter '{name}'{suggest(name, self.params)}; declare it under params")
        elif types and declared.type not in types:
            self.fail(path, f"parameter '{name}' is of type {declared.type}; expected {' or '.join(types)}")
        return Param(name)

    def _check_regex(self, pattern: str, path: KeyPath) -> None:
        if problem := regex_problem(pattern):
            self.fail(path, problem)

    def _check_template(self, message: str) -> None:
        bare = re.sub(r"\{[a-z][a-z-]*\}", "", message)
        if "{" in bare or "}" in bare:
            self.fail(("message",), "a brace that is no {placeholder} of lower-case letters")


def _example(data: Data) -> Example:
    if isinstance(data, dict):
        files, base = _contents(data.get("files", {})), _contents(data.get("base", {}))
        return Example(files, base, str(data.get("unread", "")))
    return Example(files={"": str(data).replace(_KEEPS_SECRETS_APART, "")})


def _contents(data: Data) -> Mapping[str, str]:
    return {path: str(text).replace(_KEEPS_SECRETS_APART, "") for path, text in _mapping(data).items()}


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _list(data: Data) -> list[Data]:
    return data if isinstance(data, list) else []


def _texts(data: Data) -> tuple[str, ...]:
    return tuple(str(item) for item in _list(data))
