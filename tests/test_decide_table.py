"""What is decided, to the letter, of one finding under each policy, waiver and circumstance; kept in decided.txt.

`MLGATE_SNAPSHOTS=write` accepts what is decided now: read the diff like prose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from msgspec.structs import replace

from mlgate.cascade import Bundle
from mlgate.decide import EXISTING, NEW, Context, decide
from mlgate.model import (
    Confidence,
    Decision,
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
)

KEPT = Path(__file__).parent / "data" / "decided.txt"
TODAY = "2026-06-15"

LEVELS = {
    "says nothing": Setting(),
    "off": Setting(level=Level.OFF),
    "blocks": Setting(level=Level.BLOCK, existing=Level.WARN, source="org.yaml:3"),
    "blocks what is new": Setting(level=Level.BLOCK, source="org.yaml:3"),
    "is going to block": Setting(
        level=Ratchet("2026-01-01", "2026-07-01"), existing=Ratchet("2026-07-02", "2026-08-01")
    ),
    "is going to warn and block": Setting(level=Ratchet("2026-06-16", "2026-06-17"), existing=Level.RECORD),
}
WAIVABLE = {
    "": Setting(),
    "never": Setting(waivable=Waivable.NEVER, source="org.yaml:9"),
    "inline": Setting(waivable=Waivable.INLINE),
    "file": Setting(waivable=Waivable.FILE),
}


def waiver(name: str, start: str, expires: str, **more: object) -> Waiver:
    given = {"paths": ("**",), "limit": 5, "source": f".mlgate/waivers/{name}.yaml:4", **more}
    return Waiver(name, "a/x", "accepted-risk", "looked at by hand", "@o", start, expires, **given)  # type: ignore[arg-type]


WAIVERS: dict[str, tuple[Waiver, ...]] = {
    "none": (),
    "in force": (waiver("W-1", "2026-06-01", "2026-07-15"),),
    "expiring": (waiver("W-1", "2026-06-01", "2026-06-20"),),
    "in grace": (waiver("W-1", "2026-03-01", "2026-06-10"),),
    "expired": (waiver("W-1", "2026-01-01", "2026-02-01"),),
    "not begun": (waiver("W-1", "2026-07-01", "2026-08-01"),),
    "of something else": (waiver("W-1", "2026-06-01", "2026-07-15", paths=("b.py",)),),
    "too many": (waiver("W-1", "2026-06-01", "2026-07-15", limit=1),),
    "proposed": (waiver("W-1", "2026-06-01", "2026-07-15", proposed=True),),
    "without a source": (waiver("W-1", "2026-06-01", "2026-07-15", source=""),),
    "several": (
        waiver("W-3", "2026-01-01", "2026-02-01"),
        waiver("W-2", "2026-03-01", "2026-06-10"),
        waiver("W-4", "2026-06-01", "2026-07-15", proposed=True),
        waiver("W-1", "2026-06-01", "2026-07-15"),
    ),
}


def finding(confidence: Confidence, *, ignored: bool = False, rule: str = "a/x", line: int = 3) -> Finding:
    return Finding(
        rule=rule, severity=Severity.HIGH, confidence=confidence, reason="", subject="",
        location=Location("a.py", line, 1, line, 9), canonical="", fingerprint=f"1:{rule}{line}", subject_digest="",
        asset=None, origin=None, message="", fix="", line_text="",
        ignores=(Ignore((rule,), "mitigated", "checked by hand", 2),) if ignored else (),
    )  # fmt: skip


def law(*settings: Setting, waivers: tuple[Waiver, ...] = (), overlays: tuple[Policy, ...] = ()) -> Bundle:
    merged = Setting()
    for one in settings:
        changes = {
            name: getattr(one, name) for name in ("level", "existing", "waivable") if getattr(one, name) is not None
        }
        merged = replace(merged, **changes, source=one.source or merged.source)
    root = Policy("org", "@o", {"a/*": merged, "governance/*": Setting(level=Level.BLOCK, params=GOVERNED)})
    return Bundle({}, (root,), overlays, waivers)


SCOPES = {
    "a.py": Scope(paths=("a.py",)),
    "b.py": Scope(paths=("b.py",)),
    "acme": Scope(repos=("acme/*",)),
    "else": Scope(repos=("else/*",)),
    "main": Scope(branches=("main",)),
    "release": Scope(branches=("release/*",)),
}
GOVERNED = {"reviews-enforced": True, "reviewers": ("@sec", "@lead")}


def _cases() -> Iterator[tuple[str, Bundle, Context, list[tuple[Finding, str]]]]:
    here = Context("acme/ranker", "main", TODAY)
    for (name, setting), confidence, status in product(LEVELS.items(), Confidence, (NEW, EXISTING)):
        yield f"{name} · {confidence.name.lower()}", law(setting), here, [(finding(confidence), status)]
    for (name, setting), date in product(LEVELS.items(), (None, "2026-06-16", "2026-07-01", "2026-08-01")):
        seen = [(finding(Confidence.HIGH), NEW), (finding(Confidence.HIGH, line=9), EXISTING)]
        yield f"{name} · on {date}", law(setting), replace(here, date=date), seen
    blocks = LEVELS["blocks"]
    for (name, waivers), (how, where), confidence in product(WAIVERS.items(), WAIVABLE.items(), Confidence):
        bundle = law(blocks, where, waivers=waivers)
        yield f"waiver {name} · waivable {how} · {confidence.name.lower()}", bundle, here, [(finding(confidence), NEW)]
    for (name, waivers), (how, where) in product(WAIVERS.items(), WAIVABLE.items()):
        bundle = law(LEVELS["is going to block"], where, waivers=waivers)
        seen = [(finding(Confidence.HIGH, ignored=True), NEW), (finding(Confidence.HIGH, line=9), NEW)]
        yield f"waiver {name} · waivable {how} · with a comment", bundle, here, seen
    for name, waivers in WAIVERS.items():
        for proposal, owners in product((True, False), ((), ("@sec", "@lead"), ("@else",))):
            files = {f".mlgate/waivers/W-{number}.yaml": owners for number in range(1, 5)}
            context = replace(here, is_proposal=proposal, owners={**files, "a.py": owners})
            seen = [(finding(Confidence.HIGH), NEW), (finding(Confidence.HIGH, rule="governance/rule-loosened"), NEW)]
            known = Parameter("strings", (), "")
            bundle = replace(
                law(blocks, waivers=waivers),
                rules={"governance/waiver-added": _rule("governance/waiver-added", reviewers=known)},
            )
            yield f"waiver {name} · {'proposal' if proposal else 'forge'} · owned by {owners}", bundle, context, seen
    team = Policy("team", "@t", {"a/x": Setting(level=Level.BLOCK, source="team.yaml:2")}, scope=Scope(paths=("a.py",)))
    late = replace(team, settings={"a/x": Setting(level=Ratchet(None, "2026-07-01"), source="team.yaml:2")})
    for (name, setting), overlay in product(LEVELS.items(), (team, late)):
        seen = [(finding(Confidence.HIGH), NEW), (finding(Confidence.HIGH, line=9), EXISTING)]
        yield f"{name} · with a team's policy", law(setting, overlays=(overlay,)), here, seen
    for name, scope in SCOPES.items():
        strict = Setting(level=Level.BLOCK, waivable=Waivable.NEVER, source="team.yaml:2")
        overlay = Policy("team", "@t", {"a/x": strict}, scope=scope)
        for level in ("says nothing", "is going to warn and block"):
            bundle = law(LEVELS[level], waivers=WAIVERS["in force"], overlays=(overlay,))
            yield f"{level} · team for {name}", bundle, here, [(finding(Confidence.HIGH), NEW)]
    for repos in (("acme/*",), ("else/*",)):
        waivers = (waiver("W-1", "2026-06-01", "2026-07-15", repos=repos),)
        yield f"waiver for {repos}", law(blocks, waivers=waivers), here, [(finding(Confidence.HIGH), NEW)]
    other = replace(finding(Confidence.HIGH), location=Location("b.py", 1, 1, 1, 9))
    yield (
        "in order",
        law(blocks),
        here,
        [(other, NEW), (finding(Confidence.HIGH, line=9), NEW), (finding(Confidence.LOW), NEW)],
    )
    twice = [replace(finding(Confidence.HIGH), fingerprint=name) for name in ("1:b", "1:a")]
    yield "in order at one place", law(blocks), here, [(one, status) for one in twice for status in (NEW, EXISTING)]


def _rule(name: str, **params: Parameter) -> Rule:
    return Rule(name, "t", Severity.HIGH, "m", "w", "f", any=(), params=params)


def _shown(decision: Decision) -> str:
    finding, suppression = decision.finding, decision.suppression
    lines = [
        f"  {finding.location.path}:{finding.location.line} {finding.rule} {finding.fingerprint} {decision.status}"
        f" → {decision.level.name.lower()} by {', '.join(decision.policies) or 'nobody'}"
    ]
    lines += [f"    {line}" for line in decision.trace]
    if suppression is not None:
        said = (
            suppression.kind,
            suppression.state,
            suppression.type,
            suppression.reason,
            suppression.id,
            suppression.until,
        )
        lines.append(f"    no: {' · '.join(map(str, said))}")
    lines += [f"    {level} from {day}" for level, day in decision.dates]
    return "\n".join(lines)


def _told() -> str:
    told = []
    for name, bundle, context, seen in _cases():
        decisions = decide([one for one, _ in seen], [status for _, status in seen], bundle, context)
        told.append("\n".join([name, *map(_shown, decisions)]))
    return "\n".join(told) + "\n"


def test_what_is_decided() -> None:
    told = _told()
    if os.environ.get("MLGATE_SNAPSHOTS") == "write":
        KEPT.write_text(told, encoding="utf-8", newline="\n")
    assert told == KEPT.read_text(encoding="utf-8")
