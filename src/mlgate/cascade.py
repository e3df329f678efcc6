"""What the policies in force say of one rule: the most specific key wins, field by field, whatever the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlgate.model import Level, Policy, Rule, Setting, Waivable

UNSAID = Setting(level=Level.WARN, existing=Level.RECORD, waivable=Waivable.FILE)
"""What holds where no key of any policy matches."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The rules and policies in force."""

    rules: Mapping[str, Rule]
    policies: tuple[Policy, ...]
    """The repository's or organisation's own first, then what it extends; the first that says a field decides it."""
    places: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    """`file:line` by policy id, rule key and field: `level`, `existing`, `waivable` or `params/NAME`."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Former rule ids and what they are called now."""
    digest: str = ""
    """`sha256:…` over every document of the bundle and of what it extends."""

    @property
    def help(self) -> str:
        """Where to ask a person; empty where no policy says."""
        return next((policy.help for policy in self.policies if policy.help), "")


@dataclass(frozen=True, slots=True)
class Said:
    """Which policy and key decided a field, and where it stands."""

    field: str
    value: Level | Waivable
    policy: str = ""
    """Id of the policy; empty where no policy says anything."""
    key: str = ""
    source: str = ""
    """`file:line`."""


def keys_for(rule_id: str) -> tuple[str, ...]:
    """The keys that cover a rule, most specific first."""
    family = rule_id.partition("/")[0]
    return (rule_id, f"{family}/*", "*")


def covers(key: str, rule_id: str) -> bool:
    return key in keys_for(rule_id)


def said(bundle: Bundle, rule_id: str, name: str, path: str = "") -> Said:
    """Who decides `level`, `existing` or `waivable` of a rule in the file `path`."""
    for policy, key, setting in _settings(bundle.policies, rule_id):
        value = getattr(setting, name)
        if value is not None:
            source = bundle.places.get((policy.id, key, name), setting.source)
            return Said(name, value, policy.id, key, source)
    return Said(name, getattr(UNSAID, name))


def settings_for(bundle: Bundle, rule_id: str, path: str = "") -> Setting:
    """What holds for a rule in the file `path` (POSIX, relative to the root); every field is filled.

    `params` holds what policies set, not the rule's defaults: see `params_for`. `source` is where the level stands.
    """
    level = said(bundle, rule_id, "level", path)
    params: dict[str, object] = {}
    for _, _, setting in _settings(bundle.policies, rule_id):
        params = {**setting.params, **params}
    return Setting(
        level=Level(level.value),
        existing=Level(said(bundle, rule_id, "existing", path).value),
        waivable=Waivable(said(bundle, rule_id, "waivable", path).value),
        params=params,
        source=level.source,
    )


def params_for(rule: Rule, bundle: Bundle, path: str = "") -> Mapping[str, object]:
    """Every parameter of `rule` in the file `path`: what the policies set, else its default. Lists are tuples."""
    values = settings_for(bundle, rule.id, path).params
    return {name: values.get(name, parameter.default) for name, parameter in rule.params.items()}


def _settings(policies: Iterable[Policy], rule_id: str) -> Iterator[tuple[Policy, str, Setting]]:
    for policy in policies:
        for key in keys_for(rule_id):
            if key in policy.settings:
                yield policy, key, policy.settings[key]
