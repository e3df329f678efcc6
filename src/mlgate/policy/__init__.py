"""A policy source becomes a bundle: documents found, checked one by one and against each other, compiled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlgate import __version__
from mlgate.cascade import Bundle, covers, params_for, settings_for
from mlgate.errors import PolicyError
from mlgate.model import Level, Policy, Rule, Scope, Setting, Waivable
from mlgate.policy.rules import compile_rule, frozen, parameter_problem
from mlgate.policy.shape import schema, shape_problems, suggest
from mlgate.shipped import shipped
from mlgate.yaml_strict import Data, Document, KeyPath, read

__all__ = ["Bundle", "Loaded", "load", "load_bundle", "params_for", "settings_for"]

SHIPPED_POLICY = "mlgate-default"
"""Id of the policy that mlgate ships."""

FOLDERS = ("", "rules", "policies", "teams", "waivers")
"""Where a bundle's documents stand, relative to its folder."""

_FIELDS: Mapping[str, type[Level] | type[Waivable]] = {"level": Level, "existing": Level, "waivable": Waivable}
_OURS = re.compile(rb"^kind:[ \t]*[\"']?(Policy|Rule|Waivers)\b", re.MULTILINE)
_VERSION = ".".join(__version__.split(".")[:2])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A bundle and what `mlgate policy test` wants to know of how it came to be."""

    bundle: Bundle
    documents: tuple[Document, ...]
    """The source's own; the shipped ones where no source was given."""
    not_enforced: tuple[str, ...]
    """A sentence for each thing that the documents ask for and this version does not do."""
    undecided: frozenset[tuple[str, str]]
    """Rule key and field of settings that this version does not understand, such as dated levels."""
    advice: tuple[str, ...] = ()
    """What is right and could be better: former ids in use, settings that say nothing."""


def load_bundle(source: str | Path | None = None, root: Path | None = None) -> Bundle:
    """The rules and policies that hold for the repository at `root` (default: the current folder).

    `source` is a file or folder and overrides what the repository has: `.mlgate.yaml` or `.mlgate/`; where neither is
    there, the shipped policy. Raises PolicyError, one sentence per problem: what cannot be read or is wrong, and what
    a policy asks for that this version does not enforce.
    """
    loaded = load(source, root)
    if loaded.not_enforced:
        raise PolicyError("\n".join(loaded.not_enforced))
    return loaded.bundle


def load(source: str | Path | None = None, root: Path | None = None) -> Loaded:
    """As `load_bundle`, but what is not enforced is told instead of raised, and left out of the bundle."""
    root = Path.cwd() if root is None else root
    base = _shipped()
    place = _source(source, root)
    if place is None or place.resolve() == shipped("policies"):
        return base
    files = _files(place, root)
    documents = _documents(files)
    rules = _with_rules(base.bundle, documents)
    return _load(documents, rules, _digest(files), base.bundle, named=source is not None)


@cache
def _shipped() -> Loaded:
    folder = shipped("policies")
    files = _files(folder, folder.parent, prefix="mlgate/")
    documents = _documents(files, check_schema=False)
    rules = _with_rules(Bundle({}, ()), documents)
    return _load(documents, rules, _digest(files), None)


# --- the source -----------------------------------------------------------------------------------------------------


def _source(source: str | Path | None, root: Path) -> Path | None:
    """The file or folder to read; None: the shipped policy alone."""
    if source is not None:
        place = Path(source)
        if not place.exists():
            if "@" in str(source) or "://" in str(source):
                raise PolicyError(
                    f"{source}: mlgate {_VERSION} does not fetch policies; give a file or a folder, or make the policy"
                    " repository the hook repository"
                )
            raise PolicyError(f"{source}: no such policy file or folder")
        return place
    file, folder = root / ".mlgate.yaml", root / ".mlgate"
    # A dangling link is a policy that is gone, not one that never was.
    has_file, has_folder = file.exists() or file.is_symlink(), folder.exists() or folder.is_symlink()
    if has_file and has_folder:
        raise PolicyError(".mlgate.yaml and .mlgate/ are both there; keep one, or name one with --policy")
    return file if has_file else folder if has_folder else None


def _files(place: Path, root: Path, prefix: str = "") -> dict[str, bytes]:
    """The bytes of every policy file by the name that messages give it."""
    paths = [place]
    if place.is_dir():
        found = [path for folder in FOLDERS for path in (place / folder).glob("*.y*ml") if path.name[0] != "."]
        paths = sorted(path for path in found if path.suffix == ".yaml")
        for path in sorted(path for path in found if path.suffix == ".yml"):
            if _OURS.search(_bytes(path, _name(path, root, prefix))):
                raise PolicyError(f"{_name(path, root, prefix)}: mlgate reads *.yaml; rename it to {path.stem}.yaml")
        if not paths:
            raise PolicyError(f"{_name(place, root, prefix)}: no *.yaml in this folder; a bundle has at least one")
    return {_name(path, root, prefix): _bytes(path, _name(path, root, prefix)) for path in paths}


def is_policy_file(path: Path) -> bool:
    """Whether the file looks like one of our documents: a line that begins with `kind: Policy`, Rule or Waivers."""
    return path.suffix in (".yaml", ".yml") and _OURS.search(_bytes(path, str(path))) is not None


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{name}: cannot be read: {error.strerror}") from error


def _name(path: Path, root: Path, prefix: str) -> str:
    try:
        return prefix + (path.parent.resolve() / path.name).relative_to(root.resolve()).as_posix()
    except ValueError:
        return prefix + path.as_posix()


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for content in sorted(hashlib.sha256(data).digest() for data in files.values()):
        total.update(content)
    return f"sha256:{total.hexdigest()}"


# --- the documents --------------------------------------------------------------------------------------------------


def _documents(files: Mapping[str, bytes], *, check_schema: bool = True) -> tuple[Document, ...]:
    """Every document, its shape checked. `requires` comes first: an old mlgate says "upgrade", not "unknown key"."""
    documents: list[Document] = []
    problems: list[str] = []
    for name, data in files.items():
        try:
            found = read(data, name)
        except PolicyError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(f"{name}:1: no document; write one (kind: Policy) or remove the file")
        documents += found
    _raise([problem for document in documents for problem in _requires_problems(document)])
    for document in documents:
        found_problems = shape_problems(document)
        if not found_problems and check_schema:
            found_problems = schema_problems(document)
        problems += found_problems
    _raise(problems)
    return tuple(documents)


def _requires_problems(document: Document) -> Iterator[str]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    required = document.data.get("requires") if isinstance(document.data, dict) else None
    if not isinstance(required, str):
        return
    try:
        fits = SpecifierSet(required).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        yield document.problem(
            ("requires",), f"'{required}' is no version specifier; expected for example \">=0.1,<1\""
        )
        return
    if not fits:
        yield document.problem(
            ("requires",), f"needs mlgate {required}, this is {__version__}; install a version that fits"
        )


def schema_problems(document: Document) -> list[str]:
    """The worst fault that the shipped JSON Schema finds, as a list of at most one sentence.

    What `shape_problems` says is friendlier and comes first; this is the same schema read by a second reader.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema(), format_checker=checker)
    error = best_match(validator.iter_errors(document.data))
    return [] if error is None else [document.problem(tuple(error.absolute_path), error.message)]


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise PolicyError("\n".join(problems))


def _of_kind(documents: Iterable[Document], kind: str) -> list[Document]:
    return [document for document in documents if _mapping(document.data)["kind"] == kind]


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


# --- rules ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rules:
    by_id: Mapping[str, Rule]
    renamed: Mapping[str, str]


def _with_rules(base: Bundle, documents: Sequence[Document]) -> _Rules:
    """The rules of `base` and of the documents; an id, old or new, names one rule."""
    by_id = dict(base.rules)
    renamed = dict(base.renamed)
    compiled: list[tuple[Document, Rule]] = []
    problems: list[str] = []
    for document in _of_kind(documents, "Rule"):
        try:
            rule = compile_rule(document)
        except PolicyError as error:
            problems.append(str(error))
            continue
        if rule.id in by_id:
            message = f"rule '{rule.id}' is there already ({by_id[rule.id].source}); give yours another id"
            problems.append(document.problem(("id",), message))
            continue
        by_id[rule.id] = rule
        compiled.append((document, rule))
    for document, rule in compiled:
        for index, old in enumerate(rule.formerly):
            if old in by_id or old in renamed:
                owner = by_id[renamed.get(old, old)]
                problems.append(document.problem(("formerly", index), f"'{old}' names a rule already ({owner.source})"))
            else:
                renamed[old] = rule.id
    _raise(problems)
    return _Rules(by_id, renamed)


# --- policies -------------------------------------------------------------------------------------------------------


def _load(
    documents: tuple[Document, ...], rules: _Rules, digest: str, base: Bundle | None, *, named: bool = False
) -> Loaded:
    """The policies of the documents over those of `base`; None: these are the shipped documents.

    `named`: by `--policy`. Such a policy is a root unless it says `extends: mlgate-default`: what an organisation
    does not name is not decided by us. A repository's own `.mlgate.yaml` extends the shipped policy unless it says
    `extends: none`.
    """
    not_enforced = [_waivers_sentence(document) for document in _of_kind(documents, "Waivers")]
    policies = _of_kind(documents, "Policy")
    ids = [str(_mapping(document.data)["id"]) for document in policies]
    overlays = [document for document in policies if _is_overlay(document, ids)]
    roots = [document for document in policies if document not in overlays]
    _raise(list(_identity_problems(policies, roots)))
    not_enforced += [_overlay_sentence(document) for document in overlays]
    reader = _PolicyReader(rules, digest, check_ids=base is not None)
    own = [reader.policy(document) for document in roots]
    _raise(reader.problems)
    extends = all(policy.extends == SHIPPED_POLICY or (not policy.extends and not named) for policy in own)
    inherited = base.policies if base is not None and extends else ()
    total = hashlib.sha256((digest + (base.digest if base is not None else "")).encode()).hexdigest()
    bundle = Bundle(
        rules=rules.by_id,
        policies=(*own, *inherited),
        places={**(base.places if base is not None else {}), **reader.places},
        renamed=rules.renamed,
        digest=f"sha256:{total}",
    )
    return Loaded(
        bundle,
        documents,
        tuple(not_enforced + reader.not_enforced),
        frozenset(reader.undecided),
        tuple(reader.advice),
    )


def _is_overlay(document: Document, ids: Sequence[str]) -> bool:
    data = _mapping(document.data)
    return "scope" in data or (data.get("extends") in ids and data.get("extends") != data["id"])


def _identity_problems(policies: Sequence[Document], roots: Sequence[Document]) -> Iterator[str]:
    first: dict[str, Document] = {}
    for document in policies:
        id_ = str(_mapping(document.data)["id"])
        if id_ in first:
            yield document.problem(("id",), f"policy '{id_}' is there already ({first[id_].at()})")
        first.setdefault(id_, document)
    for document in roots[1:]:
        yield document.problem(
            (),
            f"a second root policy; the first is {roots[0].at()}. One bundle has one policy without scope or extends",
        )


class _PolicyReader:
    """Reads Policy documents against the rules they speak of; gathers problems and what is not enforced."""

    def __init__(self, rules: _Rules, digest: str, *, check_ids: bool) -> None:
        self.rules = rules
        self.digest = digest
        self.check_ids = check_ids
        self.problems: list[str] = []
        self.not_enforced: list[str] = []
        self.undecided: set[tuple[str, str]] = set()
        self.advice: list[str] = []
        self.places: dict[tuple[str, str, str], str] = {}

    def policy(self, document: Document) -> Policy:
        data = _mapping(document.data)
        extends = str(data.get("extends", ""))
        if extends not in ("", "none", SHIPPED_POLICY):
            self.refuse(
                document, ("extends",), f"'extends: {extends}'", f"write none or {SHIPPED_POLICY}, or take it out"
            )
        if "waivers" in data:
            self.refuse(document, ("waivers",), "'waivers'")
        settings: dict[str, Setting] = {}
        for given, said in _mapping(data["rules"]).items():
            key = self.key(document, given)
            if key in settings:
                self.problems.append(
                    document.problem(("rules", given), f"'{key}' and its former id are both there; keep '{key}'")
                )
            settings[key] = self.setting(document, str(data["id"]), given, key, _mapping(said))
        return Policy(
            id=str(data["id"]),
            owner=str(data["owner"]),
            settings=settings,
            scope=Scope(),
            help=str(data.get("help", "")),
            extends=extends,
            source=document.path,
            digest=self.digest,
        )

    def key(self, document: Document, given: str) -> str:
        """The rule key, by its present name."""
        ids = self.rules.by_id
        key = self.rules.renamed.get(given, given)
        if key != given:
            self.advice.append(document.problem(("rules", given), f"'{given}' is called '{key}' now; write that"))
        if key == "*" or key in ids or not self.check_ids:
            return key
        if key.endswith("/*"):
            families = {f"{id_.partition('/')[0]}/*" for id_ in ids}
            if key not in families:
                self.problems.append(
                    document.problem(("rules", given), f"unknown family '{key}'{suggest(key, families)}")
                )
        else:
            known = {*ids, *self.rules.renamed}
            self.problems.append(document.problem(("rules", given), f"unknown rule '{key}'{suggest(key, known)}"))
        return key

    def setting(self, document: Document, policy: str, given: str, key: str, said: Mapping[str, Data]) -> Setting:
        at: KeyPath = ("rules", given)
        if not said:
            self.advice.append(document.problem(at, "says nothing; give it a level or take it out"))
        fields: dict[str, Level | Waivable] = {}
        for name, type_ in _FIELDS.items():
            value = said.get(name)
            if isinstance(value, str):
                fields[name] = type_[value.upper()]
                self.places[policy, key, name] = document.at((*at, name))
            elif isinstance(value, dict):
                self.undecided.add((key, name))
                self.refuse(document, (*at, name), f"a dated {name}", "write one level")
        if "loosest" in said:
            self.refuse(document, (*at, "loosest"), "'loosest'")
        params = {}
        for name, value in _mapping(said.get("params", {})).items():
            self.check_param(document, (*at, "params", name), key, name, value)
            self.places[policy, key, f"params/{name}"] = document.at((*at, "params", name))
            params[name] = frozen(value)
        return Setting(**fields, params=params, source=document.at(at))  # type: ignore[arg-type]

    def check_param(self, document: Document, path: KeyPath, key: str, name: str, value: Data) -> None:
        if name == "reviews-enforced" and value is True:
            self.refuse(document, path, "'reviews-enforced'")
        covered = [rule for id_, rule in self.rules.by_id.items() if covers(key, id_)]
        declared = [rule.params[name] for rule in covered if name in rule.params]
        if not declared:
            if covered and self.check_ids:
                known = {known for rule in covered for known in rule.params}
                near = suggest(name, known) or (f"; known: {', '.join(sorted(known))}" if known else "; it has none")
                self.problems.append(document.problem(path, f"unknown parameter '{name}' of {key}{near}"))
            return
        for type_ in sorted({parameter.type for parameter in declared}):
            if problem := parameter_problem(type_, value):
                self.problems.append(document.problem(path, problem))

    def refuse(self, document: Document, path: KeyPath, what: str, instead: str = "take it out") -> None:
        self.not_enforced.append(document.problem(path, _sentence(what, instead)))


def _sentence(what: str, instead: str) -> str:
    return f"{what} is not enforced by mlgate {_VERSION}; {instead}"


def _waivers_sentence(document: Document) -> str:
    return document.problem((), _sentence("a Waivers document", "take it out"))


def _overlay_sentence(document: Document) -> str:
    data = _mapping(document.data)
    path: KeyPath = ("scope",) if "scope" in data else ("extends",)
    what = f"overlay '{data['id']}' ({'scope' if 'scope' in data else 'extends'})"
    return document.problem(path, _sentence(what, "take the document out, or give --policy the root's file alone"))
