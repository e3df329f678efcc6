"""What the policies in force say of one rule in one place: the most specific key wins, then overlays, within bounds."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from mlgate import globs
from mlgate.model import Level, Levels, Parameter, Policy, Ratchet, Rule, Setting, Waivable, Waiver, WaiverTerms
from mlgate.strictness import combined, stricter

UNSAID = Setting(level=Level.WARN, existing=Level.RECORD, waivable=Waivable.FILE)
"""What holds where no key of any policy matches."""

FIELDS = ("level", "existing", "waivable")


class Bundle(Struct, frozen=True):
    """The rules, policies and waivers in force."""

    rules: Mapping[str, Rule]
    policies: tuple[Policy, ...]
    """The root first, then what it extends; the first that says a field decides it."""
    overlays: tuple[Policy, ...] = ()
    """What tightens the root, and loosens it within its bounds. Their order means nothing."""
    waivers: tuple[Waiver, ...] = ()
    places: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    """`file:line` by policy id, rule key and field: `level`, `existing`, `waivable`, `params/NAME`, `loosest`."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Former rule ids and what they are called now."""
    digest: str = ""
    """`sha256:…` over every document of the bundle and of what it extends."""

    @property
    def help(self) -> str:
        """Where to ask a person; empty where no policy says."""
        return next((policy.help for policy in self.policies if policy.help), "")


class Here(Struct, frozen=True):
    """Where and when a question is asked; None is unknown."""

    date: str | None = None
    """`YYYY-MM-DD`, UTC. Unknown: what is dated has come into force."""
    path: str = ""
    """POSIX, relative to the repository's root."""
    repository: str | None = None
    """`owner/name`."""
    branch: str | None = None
    """The branch that the change goes into."""


ANYWHERE = Here()


class Said(Struct, frozen=True):
    """Which policy and key decided a field, and where it stands."""

    field: str
    value: Level | Waivable
    policy: str = ""
    """Id of the policy; empty where no policy says anything."""
    key: str = ""
    source: str = ""
    """`file:line`."""
    over: str = ""
    """Where it is an overlay that decided: what the root says, as half a sentence."""


class Overreach(Struct, frozen=True):
    """What an overlay asks for beyond the root's bounds; it gets what the bounds admit."""

    policy: str
    key: str
    field: str
    """`level`, `existing`, `waivable` or `params/NAME`."""
    asked: str
    given: str
    source: str


def keys_for(rule_id: str) -> tuple[str, ...]:
    """The keys that cover a rule, most specific first."""
    family = rule_id.partition("/")[0]
    return (rule_id, f"{family}/*", "*")


def covers(key: str, rule_id: str) -> bool:
    return key in keys_for(rule_id)


def reached(levels: Levels, date: str | None) -> Level:
    """The level that holds on `date`; None: the highest that ever does."""
    if isinstance(levels, Level):
        return levels
    past = [Level[name.upper()] for name, day in days(levels).items() if date is None or day <= date]
    return max(past, default=Level.RECORD)


def days(ratchet: Ratchet) -> dict[str, str]:
    """Level name and first day, of those that are given."""
    given = {"warn": ratchet.warn, "block": ratchet.block}
    return {name: day for name, day in given.items() if day is not None}


def applies(policy: Policy, here: Here) -> bool | None:
    """Whether an overlay holds here; None: what its scope asks about is not known."""
    scope = policy.scope
    answers = [
        None if value is None else globs.matches(value, patterns)
        for patterns, value in ((scope.repos, here.repository), (scope.branches, here.branch), (scope.paths, here.path))
        if patterns
    ]
    return False if False in answers else None if None in answers else True


def said(bundle: Bundle, rule_id: str, name: str, here: Here = ANYWHERE) -> Said:
    """Who decides `level`, `existing` or `waivable` of a rule, and how."""
    root, _ = _root(bundle, rule_id, name, here)
    best: Said | None = None
    for asked, given in _overlaid(bundle, rule_id, name, here):
        word = f"{root.policy or 'no policy'} says {root.value.name.lower()}"
        if asked.value != given:
            word += f", and admits no {asked.value.name.lower()}"
        one = Said(name, given, asked.policy, asked.key, asked.source, word)
        if best is None or _is_stricter(given, best.value):
            best = one
    return root if best is None or (best.value == root.value and root.policy) else best


def overreaches(bundle: Bundle, rule_id: str, here: Here = ANYWHERE) -> Iterator[Overreach]:
    """What overlays ask for here and do not get, for one rule; of those alone that are known to apply."""
    bundle = replace(bundle, overlays=tuple(one for one in bundle.overlays if applies(one, here) is not None))
    for name in FIELDS:
        for asked, given in _overlaid(bundle, rule_id, name, here):
            if asked.value != given:
                words = asked.value.name.lower(), given.name.lower()
                yield Overreach(asked.policy, asked.key, name, *words, asked.source)
    rule = bundle.rules.get(rule_id)
    for name, parameter in (rule.params if rule else {}).items():
        root = _root_param(bundle, rule_id, name, parameter)
        bound = _bound_param(bundle, rule_id, name)
        for policy, key, value in _asked_params(bundle, rule_id, name, here):
            got = _bounded(parameter, root, value, bound)
            if got != value and sorted(map(str, _listed(got))) != sorted(map(str, _listed(value))):
                source = bundle.places.get((policy.id, key, f"params/{name}"), "")
                yield Overreach(policy.id, key, f"params/{name}", _words(value), _words(got), source)


def params_for(rule: Rule, bundle: Bundle, here: Here = ANYWHERE) -> Mapping[str, object]:
    """Every parameter of `rule` here: what the policies set, else its default. Lists are tuples."""
    return {name: param(bundle, rule.id, name, parameter, here) for name, parameter in rule.params.items()}


def param(bundle: Bundle, rule_id: str, name: str, parameter: Parameter, here: Here = ANYWHERE) -> object:
    """One parameter: the root's value, tightened by overlays, loosened by them within the root's bound."""
    root = _root_param(bundle, rule_id, name, parameter)
    bound = _bound_param(bundle, rule_id, name)
    values = []
    for policy, _, value in _asked_params(bundle, rule_id, name, here):
        given = _bounded(parameter, root, value, bound)
        # Where the scope cannot be told, an overlay tightens and does not loosen.
        values.append(given if applies(policy, here) else combined(parameter, [root, given]))
    return combined(parameter, values) if values else root


def every_value(bundle: Bundle, rule_id: str, name: str, parameter: Parameter) -> tuple[object, ...]:
    """Every entry that a parameter has for some file, for whoever looks for all of them at once."""
    values = [_root_param(bundle, rule_id, name, parameter)]
    for policy in bundle.overlays:
        values += [setting.params[name] for _, _, setting in _settings((policy,), rule_id) if name in setting.params]
    return tuple(dict.fromkeys(entry for value in values for entry in _listed(value)))


def param_said(bundle: Bundle, rule_id: str, name: str, here: Here = ANYWHERE) -> object:
    """A parameter by name, of a rule that may not exist: by its declaration, else what the root says; None: nobody."""
    rule = bundle.rules.get(rule_id)
    if rule is not None and name in rule.params:
        return param(bundle, rule_id, name, rule.params[name], here)
    return next(
        (setting.params[name] for _, _, setting in _settings(bundle.policies, rule_id) if name in setting.params), None
    )


def terms(bundle: Bundle, here: Here = ANYWHERE) -> WaiverTerms:
    """What a waiver must carry here: the root's terms, tightened by overlays."""
    roots = [policy.terms for policy in bundle.policies]
    more = [policy.terms for policy in bundle.overlays if applies(policy, here) is not False]
    return WaiverTerms(
        require=tuple(sorted({field for one in (*roots[:1], *more) for field in one.require or ()})),
        max_days=_least([_first([one.max_days for one in roots]), *(one.max_days for one in more)]),
        grace_days=_least([_first([one.grace_days for one in roots]), *(one.grace_days for one in more)]),
        emergency_days=_least([_first([one.emergency_days for one in roots]), *(one.emergency_days for one in more)]),
    )


def in_force(bundle: Bundle, repository: str | None, branch: str | None) -> tuple[Policy, ...]:
    """The policies that can hold somewhere in this repository: the root's, then overlays by id."""
    there = [
        policy
        for policy in bundle.overlays
        if applies(_without_paths(policy), Here(repository=repository, branch=branch)) is not False
    ]
    return (*bundle.policies, *sorted(there, key=lambda policy: policy.id))


# --- the root


def _root(bundle: Bundle, rule_id: str, name: str, here: Here) -> tuple[Said, Levels | Waivable]:
    """What the root says, and as what it is written."""
    for policy, key, setting in _settings(bundle.policies, rule_id):
        value = getattr(setting, name)
        if value is not None:
            source = bundle.places.get((policy.id, key, name), setting.source)
            return Said(name, _now(value, here), policy.id, key, source), value
    value = getattr(UNSAID, name)
    return Said(name, value), value


def _now(value: Levels | Waivable, here: Here) -> Level | Waivable:
    return value if isinstance(value, Waivable) else reached(value, here.date)


def bound(bundle: Bundle, rule_id: str, name: str) -> Level | Waivable | None:
    """How far the root lets overlays loosen a field; None: not at all."""
    for _, _, setting in _settings(bundle.policies, rule_id):
        value: Level | Waivable | None = getattr(setting.loosest, name)
        if value is not None:
            return value
    return None


# --- overlays


def _overlaid(bundle: Bundle, rule_id: str, name: str, here: Here) -> Iterator[tuple[Said, Level | Waivable]]:
    """What each overlay asks for here, and what it gets."""
    root, _ = _root(bundle, rule_id, name, here)
    limit = bound(bundle, rule_id, name)
    for policy in sorted(bundle.overlays, key=lambda policy: policy.id):
        where = applies(policy, here)
        if where is False:
            continue
        for _, key, setting in _settings((policy,), rule_id):
            value = getattr(setting, name)
            if value is None:
                continue
            source = bundle.places.get((policy.id, key, name), setting.source)
            asked = Said(name, _now(value, here), policy.id, key, source)
            given = _within(asked.value, root.value, limit)
            if where is None and _is_stricter(root.value, given):
                given = root.value
            yield asked, given
            break


def _within(asked: Level | Waivable, root: Level | Waivable, limit: Level | Waivable | None) -> Level | Waivable:
    """`asked` where it is as strict as the root or as its bound, else the laxer of those two."""
    if not _is_stricter(root, asked):
        return asked
    if limit is None or _is_stricter(limit, root):
        return root
    return limit if _is_stricter(limit, asked) else asked


def _is_stricter(one: Level | Waivable, other: Level | Waivable) -> bool:
    return one < other if isinstance(one, Waivable) else one > other


# --- parameters


def _root_param(bundle: Bundle, rule_id: str, name: str, parameter: Parameter) -> object:
    for _, _, setting in _settings(bundle.policies, rule_id):
        if name in setting.params:
            return setting.params[name]
    return parameter.default


def _bound_param(bundle: Bundle, rule_id: str, name: str) -> tuple[str, ...]:
    for _, _, setting in _settings(bundle.policies, rule_id):
        if name in setting.loosest.params:
            return setting.loosest.params[name]
    return ()


def _asked_params(bundle: Bundle, rule_id: str, name: str, here: Here) -> Iterator[tuple[Policy, str, object]]:
    for policy in sorted(bundle.overlays, key=lambda policy: policy.id):
        if applies(policy, here) is False:
            continue
        for _, key, setting in _settings((policy,), rule_id):
            if name in setting.params:
                yield policy, key, setting.params[name]
                break


def _bounded(parameter: Parameter, root: object, asked: object, bound: Sequence[str]) -> object:
    """What an overlay gets that asks for `asked`."""

    def admitted(entry: object) -> bool:
        return any(fnmatch.fnmatchcase(str(entry), pattern) for pattern in bound)

    return stricter(parameter, root, asked, admitted)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, tuple) else (value,)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value).lower()


def _first(values: Sequence[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _least(values: Sequence[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _without_paths(policy: Policy) -> Policy:
    return replace(policy, scope=replace(policy.scope, paths=()))


def _settings(policies: Sequence[Policy], rule_id: str) -> Iterator[tuple[Policy, str, Setting]]:
    for policy in policies:
        for key in keys_for(rule_id):
            if key in policy.settings:
                yield policy, key, policy.settings[key]
