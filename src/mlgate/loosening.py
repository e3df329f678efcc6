"""What one state of the policies admits that another does not: the semantic difference, in one direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate.cascade import FIELDS, Bundle, Here, Said, bound, days, param, said, terms
from mlgate.model import Level, Policy, Ratchet, Rule, Scope, Setting, Waivable, Waiver
from mlgate.strictness import is_looser

BRAND_NEW = "brand-new"
"""Name of the rule that stands for those that an upgrade brings."""


class Loosening(Struct, frozen=True):
    """One thing that got laxer."""

    what: str
    """`rules/unsafe-load/*/level`, `overlay vision`, `waivers/max-days`, `rule acme/x`."""
    was: str
    now: str
    source: str
    """`file:line` where it is said now; where it stood, if it is gone."""
    is_gone: bool = False
    """Whether `source` is a place in the earlier state."""
    rules: tuple[str, ...] = ()
    """Ids of the rules that it is about."""


def loosenings(before: Bundle, after: Bundle, today: str) -> tuple[Loosening, ...]:
    """Everything that `after` admits and `before` does not, from `today` on; in a stable order.

    What cannot be compared counts as laxer: a parameter without a stricter way, a scope of other patterns.
    """
    compare = _Comparison(before, after, today)
    found = [
        *compare.roots(),
        *compare.overlays(),
        *compare.terms(),
        *compare.rules(),
    ]
    return tuple(sorted(_merged(found), key=lambda one: (one.source, one.what, one.was, one.now)))


def longer_waivers(before: Bundle, after: Bundle) -> tuple[Waiver, ...]:
    """Waivers of `after` that `before` does not have, or that cover more than they did."""
    known = {waiver.id: waiver for waiver in before.waivers}
    return tuple(one for one in after.waivers if one.id not in known or _covers_more(one, known[one.id]))


def _covers_more(now: Waiver, was: Waiver) -> bool:
    if (now.rule, now.type) != (was.rule, was.type) or now.expires > was.expires or now.start < was.start:
        return True
    more = any(not set(getattr(now, name)) <= set(getattr(was, name)) for name in ("paths", "fingerprints"))
    wider = bool(was.repos) and not (now.repos and set(now.repos) <= set(was.repos))
    return more or wider or now.limit > was.limit


def _merged(found: Iterable[Loosening]) -> Iterator[Loosening]:
    """One entry for what is said of many rules by one key."""
    together: dict[Loosening, set[str]] = {}
    for one in found:
        together.setdefault(replace(one, rules=()), set()).update(one.rules)
    for one, rules in together.items():
        yield replace(one, rules=tuple(sorted(rules)))


class _Comparison(Struct):
    before: Bundle
    after: Bundle
    today: str

    # -- the root

    def roots(self) -> Iterator[Loosening]:
        before, after = _root_only(self.before), _root_only(self.after)
        for rule in self._rules():
            for name in FIELDS:
                yield from self._field(before, after, rule, name)
                yield from _bounds(before, after, rule, name)
            yield from _params(before, after, rule)

    def _field(self, before: Bundle, after: Bundle, rule: str, name: str) -> Iterator[Loosening]:
        for day in self._days():
            here = Here(date=day)
            was, now = said(before, rule, name, here), said(after, rule, name, here)
            if _is_laxer(now.value, was.value):
                yield _loosening(was, now, rule, day if day > self.today else "")
                return

    def _days(self) -> list[str]:
        """Today, and each day to come on which a level of either side rises."""
        found = {
            day
            for bundle in (self.before, self.after)
            for policy in (*bundle.policies, *bundle.overlays)
            for setting in policy.settings.values()
            for levels in (setting.level, setting.existing)
            if isinstance(levels, Ratchet)
            for day in days(levels).values()
        }
        return [self.today, *sorted(day for day in found if day > self.today)]

    def _rules(self) -> list[str]:
        """Every rule of either side, and those to come: one of each family, and one of a new family."""
        known = {*self.before.rules, *self.after.rules}
        keys = {
            key
            for bundle in (self.before, self.after)
            for policy in (*bundle.policies, *bundle.overlays)
            for key in policy.settings
        }
        families = {one.partition("/")[0] for one in (*known, *keys)} - {"*"}
        return sorted(known | {f"{family}/{BRAND_NEW}" for family in (*families, BRAND_NEW)})

    # -- overlays

    def overlays(self) -> Iterator[Loosening]:
        was = {policy.id: policy for policy in self.before.overlays}
        now = {policy.id: policy for policy in self.after.overlays}
        for id_ in sorted({*was, *now}):
            if _meaning(was.get(id_)) != _meaning(now.get(id_)):
                yield from self._overlay(was.get(id_), now.get(id_))

    def _overlay(self, was: Policy | None, now: Policy | None) -> Iterator[Loosening]:
        before, after = _with(self.before, was), _with(self.after, now)
        if was is not None and now is not None and was.scope == now.scope:
            for rule in self._rules():
                for name in FIELDS:
                    yield from self._field(before, after, rule, name)
                yield from _params(before, after, rule)
            return
        narrower = was is not None and not _is_within(was.scope, now.scope if now else None)
        wider = now is not None and not _is_within(now.scope, was.scope if was else None)
        # Where it does not hold any more the root holds; where it holds now the root held.
        if narrower and was is not None and self._is_laxer_anywhere(before, _root_only(self.after)):
            what = "applies to less" if now else "is gone"
            yield Loosening(
                f"overlay {was.id}", _scope(was), _scope(now) if now else what, was.source + ":1", now is None
            )
        if wider and now is not None and self._is_laxer_anywhere(_root_only(self.before), after):
            yield Loosening(f"overlay {now.id}", _scope(was) if was else "not there", _scope(now), now.source + ":1")

    def _is_laxer_anywhere(self, before: Bundle, after: Bundle) -> bool:
        return any(
            found
            for rule in self._rules()
            for found in (
                *(one for name in FIELDS for one in self._field(before, after, rule, name)),
                *_params(before, after, rule),
            )
        )

    # -- waivers and rules

    def terms(self) -> Iterator[Loosening]:
        was, now = terms(_root_only(self.before)), terms(_root_only(self.after))
        for name, old, new in (
            ("max-days", was.max_days, now.max_days),
            ("grace-days", was.grace_days, now.grace_days),
            ("emergency/max-days", was.emergency_days, now.emergency_days),
        ):
            if old is not None and (new is None or new > old):
                yield Loosening(
                    f"waivers/{name}", str(old), "not said" if new is None else str(new), self._terms_at(name)
                )
        for field in sorted(set(was.require or ()) - set(now.require or ())):
            yield Loosening("waivers/require", field, "not required", self._terms_at("require"))

    def _terms_at(self, name: str) -> str:
        for policy in self.after.policies:
            place = self.after.places.get((policy.id, "waivers", name.partition("/")[0]))
            if place:
                return place
        return next((f"{policy.source}:1" for policy in self.after.policies), "")

    def rules(self) -> Iterator[Loosening]:
        for id_, rule in sorted(self.before.rules.items()):
            now = self.after.rules.get(self.after.renamed.get(id_, id_))
            if now is None:
                yield Loosening(f"rule {id_}", "looked for", "gone", rule.source, True, (id_,))
            elif _looks_for(now) != _looks_for(rule):
                yield Loosening(f"rule {id_}", "what it looked for", "something else", now.source, False, (id_,))
            elif now.severity < rule.severity:
                words = rule.severity.name.lower(), now.severity.name.lower()
                yield Loosening(f"rule {id_}/severity", *words, now.source, False, (id_,))


def _root_only(bundle: Bundle) -> Bundle:
    return replace(bundle, overlays=())


def _with(bundle: Bundle, overlay: Policy | None) -> Bundle:
    """The root and this overlay alone, wherever it applies."""
    return replace(bundle, overlays=() if overlay is None else (replace(overlay, scope=Scope()),))


def _meaning(policy: Policy | None) -> object:
    """An overlay less what decides nothing: where it stands, who owns it, whom to ask."""
    if policy is None:
        return None
    settings = {key: _bare(setting) for key, setting in policy.settings.items()}
    return policy.scope, policy.terms, sorted(settings.items(), key=lambda one: one[0])


def _bare(setting: Setting) -> Setting:
    return replace(setting, source="")


def _loosening(was: Said, now: Said, rule: str, day: str) -> Loosening:
    """Told by the key that says so now; where nobody says anything any more, by the one that did."""
    words = was.value.name.lower(), now.value.name.lower() + (f" on {day}" if day else "")
    if now.policy:
        return Loosening(f"rules/{now.key}/{now.field}", *words, now.source, False, (rule,))
    return Loosening(f"rules/{was.key}/{was.field}", *words, was.source, True, (rule,))


def _bounds(before: Bundle, after: Bundle, rule: str, name: str) -> Iterator[Loosening]:
    was, now = bound(before, rule, name), bound(after, rule, name)
    if now is not None and (was is None or _is_laxer(now, was)):
        # A bound that is as strict as what the root says admits nothing.
        if was is None and not _is_laxer(now, said(after, rule, name).value):
            return
        key, place = _place(after, rule, "loosest")
        yield Loosening(
            f"rules/{key}/loosest/{name}",
            was.name.lower() if was is not None else "none",
            now.name.lower(),
            place,
            False,
            (rule,),
        )


def _params(before: Bundle, after: Bundle, rule: str) -> Iterator[Loosening]:
    old, new = before.rules.get(rule), after.rules.get(rule)
    if old is None or new is None:
        return
    for name, parameter in new.params.items():
        if name not in old.params:
            continue
        was, now = param(before, rule, name, old.params[name]), param(after, rule, name, parameter)
        if is_looser(parameter, now, was):
            key, place = _place(after, rule, f"params/{name}")
            yield Loosening(f"rules/{key}/params/{name}", _words(was), _words(now), place, False, (rule,))
        more = set(_bound_globs(after, rule, name)) - set(_bound_globs(before, rule, name))
        if more:
            key, place = _place(after, rule, "loosest")
            yield Loosening(
                f"rules/{key}/loosest/params/{name}",
                _words(_bound_globs(before, rule, name)),
                _words(_bound_globs(after, rule, name)),
                place,
                False,
                (rule,),
            )


def _bound_globs(bundle: Bundle, rule: str, name: str) -> tuple[str, ...]:
    for setting in _said_of(bundle.policies, rule):
        if name in setting.loosest.params:
            return setting.loosest.params[name]
    return ()


def _said_of(policies: Sequence[Policy], rule: str) -> Iterator[Setting]:
    from mlgate.cascade import keys_for

    for policy in policies:
        for key in keys_for(rule):
            if key in policy.settings:
                yield policy.settings[key]


def _place(bundle: Bundle, rule: str, name: str) -> tuple[str, str]:
    """Key and `file:line` of what is said of a rule; of the rule itself where no policy says it."""
    from mlgate.cascade import keys_for

    for policy in (*bundle.overlays, *bundle.policies):
        for key in keys_for(rule):
            if (policy.id, key, name) in bundle.places and key in policy.settings:
                return key, bundle.places[policy.id, key, name]
    first = next((f"{policy.source}:1" for policy in bundle.policies), "")
    return rule, first


def _is_laxer(one: Level | Waivable, other: Level | Waivable) -> bool:
    return one > other if isinstance(one, Waivable) else one < other


def _is_within(inner: Scope, outer: Scope | None) -> bool:
    """Whether wherever `inner` applies `outer` does; False where that cannot be told. None: nowhere."""
    if outer is None:
        return False
    for name in ("repos", "branches", "paths"):
        patterns, admitted = getattr(inner, name), getattr(outer, name)
        if admitted and not (patterns and all(_is_covered(one, admitted) for one in patterns)):
            return False
    return True


def _is_covered(pattern: str, patterns: Sequence[str]) -> bool:
    return any(
        pattern == one or one == "**" or (one.endswith("/**") and pattern.startswith(one[:-2])) for one in patterns
    )


def _scope(policy: Policy | None) -> str:
    if policy is None:
        return "nowhere"
    scope = policy.scope
    said = [
        f"{name} {', '.join(patterns)}"
        for name, patterns in (("repos", scope.repos), ("branches", scope.branches), ("paths", scope.paths))
        if patterns
    ]
    return "; ".join(said) or "everywhere"


def _looks_for(rule: Rule) -> Mapping[str, object]:
    return {
        "any": rule.any,
        "unless": rule.unless,
        "params": {name: replace(one, description="") for name, one in rule.params.items()},
    }


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)
