"""What holds for every policy: bounds, ratchets, waivers, overlays; found by trying, not by example."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mlgate.cascade import FIELDS, Bundle, Here, bound, param, said
from mlgate.decide import EXISTING, NEW, Context, decide
from mlgate.model import (
    Bound,
    Confidence,
    Finding,
    Ignore,
    Level,
    Location,
    Parameter,
    Policy,
    Ratchet,
    Rule,
    Scope,
    Setting,
    Severity,
    Waivable,
    Waiver,
    WaiverTerms,
)
from mlgate.strictness import is_looser

KEYS = ("*", "a/*", "a/x", "b/*", "b/x")
RULES = ("a/x", "a/y", "b/x", "c/z")
PATHS = ("a.py", "services/b.py", "lab/c.ipynb")
DAYS = ("2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
REPOSITORIES = ("acme/ranker", "acme/vision")


def finding(rule: str, confidence: Confidence, path: str, number: int, ignored: bool) -> Finding:
    return Finding(
        rule=rule, severity=Severity.HIGH, confidence=confidence, reason="", subject="",
        location=Location(path, number, 1, number, 9), canonical="",
        fingerprint=f"1:{rule}{path}{number}", subject_digest="", asset=None, origin=None,
        message="", fix="", line_text="",
        ignores=(Ignore((rule,), "mitigated", "checked by hand", number),) if ignored else (),
    )  # fmt: skip


days = st.sampled_from(DAYS)
ratchets = (
    st.builds(lambda one, other: Ratchet(min(one, other), max(one, other)), days, days)
    | st.builds(Ratchet, st.none(), days)
    | st.builds(Ratchet, days, st.none())
)
levels = st.sampled_from(list(Level))
bounds = st.builds(
    Bound, level=st.none() | levels, existing=st.none() | levels, waivable=st.none() | st.sampled_from(list(Waivable))
)
said_of_rule = st.builds(
    Setting,
    level=st.none() | levels | ratchets,
    existing=st.none() | levels | ratchets,
    waivable=st.none() | st.sampled_from(list(Waivable)),
    loosest=bounds,
)
all_settings = st.dictionaries(st.sampled_from(KEYS), said_of_rule, max_size=len(KEYS))
scopes = st.builds(
    Scope,
    repos=st.sampled_from([(), ("acme/*",), ("acme/vision",)]),
    branches=st.sampled_from([(), ("main",), ("release/*",)]),
    paths=st.sampled_from([(), ("services/**",), ("lab/**", "a.py")]),
)
terms = st.builds(
    WaiverTerms,
    require=st.none() | st.just(("ticket",)),
    max_days=st.none() | st.integers(1, 200),
    grace_days=st.none() | st.integers(0, 60),
    emergency_days=st.none() | st.integers(1, 5),
)


def policy(name: str) -> st.SearchStrategy[Policy]:
    scope = st.just(Scope()) if name == "root" else scopes
    return st.builds(Policy, id=st.just(name), owner=st.just("@o"), settings=all_settings, scope=scope, terms=terms)


def waiver(number: int) -> st.SearchStrategy[Waiver]:
    def made(
        rule: str, start: str, expires: str, limit: int, paths: tuple[str, ...], kind: str, ticket: str, proposed: bool
    ) -> Waiver:
        return Waiver(
            f"W-{number}", rule, kind, "a reason that is long enough", "@o", min(start, expires), max(start, expires),
            paths=paths, limit=limit, ticket=ticket, proposed=proposed,
        )  # fmt: skip

    return st.builds(
        made,
        st.sampled_from(RULES),
        days,
        days,
        st.integers(1, 3),
        st.sampled_from([("**",), ("a.py",), ("services/**",)]),
        st.sampled_from(["accepted-risk", "emergency"]),
        st.sampled_from(["", "SEC-1"]),
        st.booleans(),
    )


def bundle(root: Policy, overlays: list[Policy], waivers: list[Waiver]) -> Bundle:
    return Bundle({}, (root,), tuple(overlays), tuple(waivers))


overlays = st.lists(st.integers(1, 3), unique=True, max_size=3).flatmap(
    lambda numbers: st.tuples(*(policy(f"team-{number}") for number in numbers)).map(list)
)
waivers = st.lists(st.integers(1, 4), unique=True, max_size=3).flatmap(
    lambda numbers: st.tuples(*map(waiver, numbers)).map(list)
)
bundles = st.builds(bundle, policy("root"), overlays, waivers)
contexts = st.builds(
    Context,
    repository=st.none() | st.sampled_from(REPOSITORIES),
    branch=st.none() | st.sampled_from(["main", "release/1"]),
    date=days,
    is_proposal=st.booleans(),
)
findings = st.builds(
    finding,
    st.sampled_from(RULES),
    st.sampled_from(list(Confidence)),
    st.sampled_from(PATHS),
    st.integers(1, 4),
    st.booleans(),
)
seen = st.lists(
    st.tuples(findings, st.sampled_from([NEW, EXISTING])), max_size=8, unique_by=lambda one: one[0].fingerprint
)
Seen = list[tuple[Finding, str]]

examples = settings(max_examples=300)


def decided(seen: Seen, law: Bundle, context: Context) -> dict[str, Level]:
    """Level by fingerprint; what is left out is off."""
    decisions = decide([one for one, _ in seen], [status for _, status in seen], law, context)
    found = {one.fingerprint: Level.OFF for one, _ in seen}
    return found | {one.finding.fingerprint: one.level for one in decisions}


def here(context: Context, path: str) -> Here:
    return Here(context.date, path, context.repository, context.branch)


@examples
@given(bundles, contexts, st.sampled_from(RULES), st.sampled_from(PATHS))
def test_an_overlay_never_ends_below_the_root_s_bound(law: Bundle, context: Context, rule: str, path: str) -> None:
    alone = replace(law, overlays=())
    for name in FIELDS:
        place = here(context, path)
        value, root = said(law, rule, name, place).value, said(alone, rule, name, place).value
        limit = bound(law, rule, name)
        if isinstance(value, Waivable):
            assert value <= max(root, root if limit is None else limit)
        else:
            assert value >= min(root, root if limit is None else limit)


@examples
@given(seen, bundles, contexts, st.sampled_from(KEYS), st.sampled_from(["level", "existing"]), st.booleans())
def test_tightening_a_level_never_lowers_a_decision(
    seen: Seen, law: Bundle, context: Context, key: str, name: str, in_overlay: bool
) -> None:
    """One level of the root or of an overlay, raised to block."""
    policies = law.overlays if in_overlay else law.policies
    if not policies or key not in policies[0].settings or getattr(policies[0].settings[key], name) is None:
        return
    raised = replace(policies[0].settings[key], **{name: Level.BLOCK})
    changed = replace(policies[0], settings={**policies[0].settings, key: raised})
    tightened = replace(law, **{"overlays" if in_overlay else "policies": (changed, *policies[1:])})
    before, after = decided(seen, law, context), decided(seen, tightened, context)
    assert all(after[one] >= before[one] for one in before)


@examples
@given(seen, bundles, contexts, st.data())
def test_removing_a_waiver_never_lowers_a_decision(
    seen: Seen, law: Bundle, context: Context, data: st.DataObject
) -> None:
    if not law.waivers:
        return
    gone = data.draw(st.sampled_from(law.waivers))
    fewer = replace(law, waivers=tuple(one for one in law.waivers if one is not gone))
    before, after = decided(seen, law, context), decided(seen, fewer, context)
    assert all(after[one] >= before[one] for one in before)


@examples
@given(seen, bundles, contexts, st.randoms(use_true_random=False))
def test_order_never_matters(seen: Seen, law: Bundle, context: Context, chance: object) -> None:
    import random

    assert isinstance(chance, random.Random)

    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        mixed = list(items)
        chance.shuffle(mixed)
        return tuple(mixed)

    def mixed(one: Policy) -> Policy:
        return replace(one, settings=dict(shuffled(tuple(one.settings.items()))))  # type: ignore[arg-type]

    other = replace(
        law,
        policies=tuple(map(mixed, law.policies)),
        overlays=tuple(map(mixed, shuffled(law.overlays))),  # type: ignore[arg-type]
        waivers=shuffled(law.waivers),  # type: ignore[arg-type]
    )
    pairs = list(shuffled(tuple(seen)))

    def whole(pairs: list[object], law: Bundle) -> object:
        return decide([one for one, _ in pairs], [status for _, status in pairs], law, context)  # type: ignore[attr-defined, misc]

    assert whole(list(seen), law) == whole(pairs, other)


@examples
@given(seen, bundles, contexts, days)
def test_time_only_ratchets_up(seen: Seen, law: Bundle, context: Context, later: str) -> None:
    """Policies alone: a waiver that begins lowers a level, which is what it is for."""
    law = replace(law, waivers=())
    assert context.date is not None
    first, second = sorted((context.date, later))
    before, after = (decided(seen, law, replace(context, date=day)) for day in (first, second))
    assert all(after[one] >= before[one] for one in before)


@examples
@given(seen, bundles, contexts, days)
def test_a_waiver_that_has_begun_only_ends(seen: Seen, law: Bundle, context: Context, later: str) -> None:
    assert context.date is not None
    first, second = sorted((context.date, later))
    law = replace(law, waivers=tuple(one for one in law.waivers if one.start <= first))
    before, after = (decided(seen, law, replace(context, date=day)) for day in (first, second))
    assert all(after[one] >= before[one] for one in before)


@examples
@given(seen, bundles, contexts)
def test_no_confidence_and_no_policy_makes_a_doubt_block(seen: Seen, law: Bundle, context: Context) -> None:
    reached = decided(seen, law, context)
    for one, _ in seen:
        most = {Confidence.HIGH: Level.BLOCK, Confidence.MEDIUM: Level.WARN, Confidence.LOW: Level.RECORD}[
            one.confidence
        ]
        assert reached[one.fingerprint] <= most


@examples
@given(seen, bundles, contexts)
def test_what_is_not_known_never_loosens(seen: Seen, law: Bundle, context: Context) -> None:
    """A repository or branch that cannot be told is judged at least as strictly as the root judges it."""
    blind = replace(context, repository=None, branch=None)
    law = replace(law, waivers=(), overlays=tuple(one for one in law.overlays if one.scope.repos or one.scope.branches))
    root = replace(law, overlays=())
    bare = [(replace(one, ignores=()), status) for one, status in seen]
    with_overlays, alone = decided(bare, law, blind), decided(bare, root, blind)
    assert all(with_overlays[one] >= alone[one] for one in alone)


@examples
@given(seen, bundles, contexts)
def test_the_days_that_are_announced_are_those_on_which_it_rises(seen: Seen, law: Bundle, context: Context) -> None:
    for decision in decide([one for one, _ in seen], [status for _, status in seen], replace(law, waivers=()), context):
        pairs = [(one, status) for one, status in seen if one.fingerprint == decision.finding.fingerprint]
        for name, day in decision.dates:
            assert context.date is not None and day > context.date
            reached = decided(pairs, replace(law, waivers=()), replace(context, date=day))
            assert reached[decision.finding.fingerprint] >= Level[name.upper()] > decision.level


# --- parameters -----------------------------------------------------------------------------------------------------

WAYS = {"fewer": "strings", "more": "strings", "lower": "version", "higher": "version", "none": "strings"}
entries = st.lists(st.sampled_from(["acme", "acme-labs", "timm", "jdoe"]), unique=True, max_size=3).map(tuple)
versions = st.sampled_from(["1.0", "2.0", "2.6", "10.1"])


@examples
@given(st.sampled_from(sorted(WAYS)), st.data())
def test_a_parameter_is_loosened_within_its_bound_alone(way: str, data: st.DataObject) -> None:
    values: st.SearchStrategy[object] = versions if WAYS[way] == "version" else entries
    parameter = Parameter(WAYS[way], data.draw(values), "", way)
    globs = data.draw(st.sampled_from([(), ("acme*",), ("timm", "2.*")]))
    root = Policy("root", "@o", {"a/x": Setting(params={"p": data.draw(values)}, loosest=Bound(params={"p": globs}))})
    teams = [
        Policy(f"t{n}", "@o", {"*": Setting(params={"p": data.draw(values)})})
        for n in range(data.draw(st.integers(0, 3)))
    ]
    rule = Rule("a/x", "", Severity.HIGH, "", "", "", (), params={"p": parameter})
    alone, law = Bundle({"a/x": rule}, (root,)), Bundle({"a/x": rule}, (root,), tuple(teams))
    before, after = param(alone, "a/x", "p", parameter), param(law, "a/x", "p", parameter)
    if not globs or way == "none":
        assert before == after if way == "none" else not is_looser(parameter, after, before)
    elif way == "fewer":
        assert isinstance(after, tuple) and isinstance(before, tuple)
        assert all(one in before or one.startswith(("acme", "timm")) for one in after)
    mixed = Bundle({"a/x": rule}, (root,), tuple(reversed(teams)))
    other = param(mixed, "a/x", "p", parameter)
    assert (set(other) == set(after)) if isinstance(after, tuple) and isinstance(other, tuple) else other == after
