"""Policy and Waivers documents become records, checked against the rules that they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlgate.cascade import covers
from mlgate.errors import PolicyError
from mlgate.model import Bound, Level, Levels, Policy, Ratchet, Rule, Scope, Setting, Waivable, Waiver, WaiverTerms
from mlgate.policy.documents import mapping, of_kind, refuse
from mlgate.policy.rules import compile_rule, frozen, parameter_problem
from mlgate.policy.shape import suggest
from mlgate.yaml_strict import Data, Document, KeyPath


class Rules(Struct, frozen=True):
    """The rules that policies may speak of."""

    by_id: Mapping[str, Rule]
    renamed: Mapping[str, str]
    """Former ids and what they are called now."""


class Reader:
    """Reads documents against the rules they speak of; gathers what is wrong and what could be better."""

    def __init__(self, rules: Rules, *, check_ids: bool) -> None:
        self.rules = rules
        self.check_ids = check_ids
        self.problems: list[str] = []
        """What makes the policy unusable."""
        self.slips: list[str] = []
        """What has no effect and fails `policy test`: a champion's slip must not break every pull request."""
        self.advice: list[str] = []
        """What is right and could be better."""
        self.places: dict[tuple[str, str, str], str] = {}
        self._waivers: dict[str, str] = {}

    # -- policies

    def policy(self, document: Document, digest: str, revision: str = "", *, is_root: bool) -> Policy:
        data = mapping(document.data)
        id_ = str(data["id"])
        settings: dict[str, Setting] = {}
        for given, said in mapping(data["rules"]).items():
            key = self.key(document, ("rules", given), given)
            if key in settings:
                self.problems.append(
                    document.problem(("rules", given), f"'{key}' and its former id are both there; keep '{key}'")
                )
            settings[key] = self.setting(document, id_, given, key, mapping(said), is_root=is_root)
        return Policy(
            id=id_,
            owner=str(data["owner"]),
            settings=settings,
            scope=_scope(mapping(data.get("scope", {}))),
            terms=self.terms(document, id_, mapping(data.get("waivers", {}))),
            help=str(data.get("help", "")),
            extends=str(data.get("extends", "")),
            source=document.path,
            digest=digest,
            revision=revision,
        )

    def key(self, document: Document, path: KeyPath, given: str) -> str:
        """The rule key, by its present name."""
        ids = self.rules.by_id
        key = self.rules.renamed.get(given, given)
        if key != given:
            self.advice.append(document.problem(path, f"'{given}' is called '{key}' now; write that"))
        if key == "*" or key in ids or not self.check_ids:
            return key
        if key.endswith("/*"):
            families = {f"{id_.partition('/')[0]}/*" for id_ in ids}
            if key not in families:
                self.problems.append(document.problem(path, f"unknown family '{key}'{suggest(key, families)}"))
        else:
            known = {*ids, *self.rules.renamed}
            self.problems.append(document.problem(path, f"unknown rule '{key}'{suggest(key, known)}"))
        return key

    def setting(
        self, document: Document, policy: str, given: str, key: str, said: Mapping[str, Data], *, is_root: bool
    ) -> Setting:
        at: KeyPath = ("rules", given)
        if not said:
            self.advice.append(document.problem(at, "says nothing; give it a level or take it out"))
        for name in said:
            if name not in ("params", "loosest"):
                self.places[policy, key, name] = document.at((*at, name))
        params = {}
        for name, value in mapping(said.get("params", {})).items():
            path = (*at, "params", name)
            declared = self.check_param(document, path, key, name, value)
            if declared == "none" and not is_root:
                self.slips.append(
                    document.problem(path, f"only the root policy may set '{name}'; it has no effect here")
                )
            self.places[policy, key, f"params/{name}"] = document.at(path)
            params[name] = frozen(value)
        loosest = mapping(said.get("loosest", {}))
        if loosest:
            self.places[policy, key, "loosest"] = document.at((*at, "loosest"))
            if not is_root:
                self.slips.append(
                    document.problem((*at, "loosest"), "only the root policy sets bounds; it has no effect here")
                )
        return Setting(
            level=self.levels(document, (*at, "level"), said.get("level")),
            existing=self.levels(document, (*at, "existing"), said.get("existing")),
            waivable=_waivable(said.get("waivable")),
            params=params,
            loosest=_bound(loosest) if is_root else Bound(),
            source=document.at(at),
        )

    def levels(self, document: Document, path: KeyPath, value: Data) -> Levels | None:
        if isinstance(value, str):
            return Level[value.upper()]
        if not isinstance(value, dict):
            return None
        warn, block = value.get("warn"), value.get("block")
        if isinstance(warn, str) and isinstance(block, str) and block < warn:
            self.problems.append(
                document.problem(path, f"blocks from {block}, before it warns from {warn}; a level only rises")
            )
        return Ratchet(_text(warn), _text(block))

    def check_param(self, document: Document, path: KeyPath, key: str, name: str, value: Data) -> str:
        """Which way is stricter, `none` where no way is; empty where the parameter is not known."""
        covered = [rule for id_, rule in self.rules.by_id.items() if covers(key, id_)]
        declared = [rule.params[name] for rule in covered if name in rule.params]
        if not declared:
            if covered and self.check_ids:
                known = {known for rule in covered for known in rule.params}
                near = suggest(name, known) or (f"; known: {', '.join(sorted(known))}" if known else "; it has none")
                self.problems.append(document.problem(path, f"unknown parameter '{name}' of {key}{near}"))
            return ""
        for type_ in sorted({parameter.type for parameter in declared}):
            if problem := parameter_problem(type_, value):
                self.problems.append(document.problem(path, problem))
        return declared[0].stricter

    def terms(self, document: Document, policy: str, said: Mapping[str, Data]) -> WaiverTerms:
        for name in said:
            self.places[policy, "waivers", name] = document.at(("waivers", name))
        require = said.get("require")
        return WaiverTerms(
            require=tuple(map(str, require)) if isinstance(require, list) else None,
            max_days=_number(said.get("max-days")),
            grace_days=_number(said.get("grace-days")),
            emergency_days=_number(mapping(said.get("emergency", {})).get("max-days")),
        )

    # -- waivers

    def waivers(self, document: Document) -> tuple[Waiver, ...]:
        given = mapping(document.data)["waivers"]
        return tuple(
            self.waiver(document, index, mapping(one))
            for index, one in enumerate(given if isinstance(given, list) else ())
        )

    def waiver(self, document: Document, index: int, said: Mapping[str, Data]) -> Waiver:
        at: KeyPath = ("waivers", index)
        id_, rule = str(said["id"]), str(said["rule"])
        here = document.at((*at, "id"))
        if id_ in self._waivers:
            self.problems.append(
                document.problem((*at, "id"), f"waiver '{id_}' is there already ({self._waivers[id_]})")
            )
        self._waivers.setdefault(id_, here)
        start, expires = str(said["from"]), str(said["expires"])
        if expires < start:
            self.problems.append(document.problem((*at, "expires"), f"ends on {expires}, before it begins on {start}"))
        known = self.rules.renamed.get(rule, rule)
        if known != rule:
            self.advice.append(document.problem((*at, "rule"), f"'{rule}' is called '{known}' now; write that"))
        elif rule not in self.rules.by_id:
            near = suggest(rule, self.rules.by_id)
            self.slips.append(document.problem((*at, "rule"), f"unknown rule '{rule}'{near}; it waives nothing"))
        return Waiver(
            id=id_,
            rule=known,
            type=str(said["type"]),
            reason=str(said["reason"]).strip(),
            owner=str(said["owner"]),
            start=start,
            expires=expires,
            fingerprints=_texts(said.get("fingerprints")),
            paths=_texts(said.get("paths")),
            repos=_texts(said.get("repos")),
            limit=_number(said.get("limit")) or 0,
            ticket=str(said.get("ticket", "")),
            source=here,
        )


def _scope(said: Mapping[str, Data]) -> Scope:
    return Scope(_texts(said.get("repos")), _texts(said.get("branches")), _texts(said.get("paths")))


def _bound(said: Mapping[str, Data]) -> Bound:
    level, existing = said.get("level"), said.get("existing")
    return Bound(
        level=Level[level.upper()] if isinstance(level, str) else None,
        existing=Level[existing.upper()] if isinstance(existing, str) else None,
        waivable=_waivable(said.get("waivable")),
        params={name: _texts(globs) for name, globs in mapping(said.get("params", {})).items()},
    )


def _waivable(value: Data) -> Waivable | None:
    return Waivable[value.upper()] if isinstance(value, str) else None


def _text(value: Data) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Data) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _number(value: Data) -> int | None:
    return value if isinstance(value, int) else None


def with_rules(base: Rules, documents: Sequence[Document]) -> Rules:
    """The rules of `base` and of the documents; an id, old or new, names one rule."""
    by_id = dict(base.by_id)
    renamed = dict(base.renamed)
    compiled: list[tuple[Document, Rule]] = []
    problems: list[str] = []
    for document in of_kind(documents, "Rule"):
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
    refuse(problems)
    return Rules(by_id, renamed)
