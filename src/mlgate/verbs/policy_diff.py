"""`mlgate policy diff`: what another policy would newly block, warn about or release."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mlgate.cascade import Bundle
from mlgate.decide import Context, decide
from mlgate.earlier import read_report
from mlgate.errors import MlgateError
from mlgate.git.processes import find_root
from mlgate.git.repository import Git
from mlgate.loosening import Loosening, loosenings
from mlgate.model import Decision, Finding, Level
from mlgate.policy import Loaded, Pins, load
from mlgate.policy.pins import read_pin
from mlgate.policy.sources import FILE, FOLDER, InCommit

MOST_EXAMPLES = 3
"""Places that are shown of each rule and repository."""

Load = Callable[[Path], Loaded]
"""The policy as it would hold for the repository at a root."""


class Side(Struct, frozen=True):
    """OLD or NEW."""

    name: str
    load: Load
    repository: Path | None = None
    """Where it is a state of a repository's own policy: that repository."""


class Move(Struct, frozen=True):
    """One finding whose level would be another."""

    repository: str
    rule: str
    path: str
    line: int
    cell: int | None
    """Number of the notebook's cell."""
    subject: str
    was: Level
    now: Level

    @property
    def kind(self) -> str:
        """`blocked`, `warned`, `released` (it blocks or warns less than it did), or empty: nobody would notice."""
        if self.now > self.was and self.now >= Level.WARN:
            return "blocked" if self.now is Level.BLOCK else "warned"
        return "released" if self.now < self.was and self.was >= Level.WARN else ""


class Difference(Struct, frozen=True):
    """What the change does."""

    old: str
    new: str
    stricter: tuple[Loosening, ...]
    """Told from NEW's point of view: `was` is NEW's value."""
    looser: tuple[Loosening, ...]
    moves: tuple[Move, ...]
    repositories: tuple[str, ...]
    notes: tuple[str, ...] = ()


def side(spec: str, folder: Path, environment: Mapping[str, str], pins: Pins) -> Side:
    """A file, a folder, `URL@<40-hex commit>`, or a commit of the repository at `folder`. Raises MlgateError."""
    if Path(folder, spec).exists():
        place = str(Path(folder, spec))
        here = find_root(str(folder))
        if here is not None and Path(place).resolve() in (Path(here), Path(here, FILE), Path(here, FOLDER)):
            # The repository's own policy as it is on disk, with what it builds on.
            mine = Path(here)
            return Side(spec, lambda root: load(None if root.resolve() == mine else place, root, pins), mine)
        return Side(spec, lambda root: load(place, root, pins))
    if read_pin(spec) is not None:
        return Side(spec, lambda root: load(spec, root, pins))
    root = find_root(str(folder))
    git = Git(root, environment) if root else None
    commit = git.commit(spec) if git else None
    if git is None or root is None or commit is None:
        raise MlgateError(f"{spec}: no file, no folder, no URL@<commit>, and no commit of this repository")
    files = InCommit(git, commit)
    own = next((place for place in (FILE, FOLDER) if files.has(place)), None)
    if own is None:
        return Side(spec, lambda other: load(spec, other, pins, source_files=(files, "")))

    def of(other: Path) -> Loaded:
        if other.resolve() == Path(root).resolve():
            return load(None, other, pins, files)
        return load(spec, other, pins, source_files=(files, own))

    return Side(spec, of, Path(root))


def difference(
    old: Side, new: Side, targets: Sequence[str], context: Context, examine: Callable[[Path, Loaded], Sequence[Finding]]
) -> Difference:
    """What NEW does to the findings of `targets`: checkouts, which are examined under both, or JSON reports.

    Everything is judged as new: what a base has already is no reason to see less of what a policy does.
    """
    moves: list[Move] = []
    notes: list[str] = []
    names: list[str] = []
    first: tuple[Bundle, Bundle] | None = None
    for target in targets or [str(old.repository or new.repository or Path.cwd())]:
        path = Path(target)
        if path.is_dir():
            root = Path(find_root(str(path)) or path)
            before, after = old.load(root), new.load(root)
            name = root.name
            found = [_below(path, root, examine(root, one)) for one in (before, after)]
        else:
            before, after = old.load(Path.cwd()), new.load(Path.cwd())
            name, findings = read_report(path)
            found = [_renamed(findings, one.bundle) for one in (before, after)]
            if _finds_otherwise(before.bundle, after.bundle):
                notes.append(
                    "Rules or parameters differ. A report says what the rules of its day found: for what others would"
                    " find, give checkouts."
                )
        first = first or (before.bundle, after.bundle)
        names.append(name)
        moves += _moves(name, found[0], before.bundle, found[1], after.bundle, context)
    assert first is not None
    today = context.date or ""
    return Difference(
        old.name,
        new.name,
        stricter=loosenings(first[1], first[0], today),
        looser=loosenings(first[0], first[1], today),
        moves=tuple(sorted(moves, key=lambda one: (one.repository, one.rule, one.path, one.line))),
        repositories=tuple(names),
        notes=tuple(dict.fromkeys(notes)),
    )


def _renamed(findings: Sequence[Finding], bundle: Bundle) -> Sequence[Finding]:
    """By the names that rules have now."""
    return [replace(one, rule=bundle.renamed.get(one.rule, one.rule)) for one in findings]


def _below(folder: Path, root: Path, findings: Sequence[Finding]) -> Sequence[Finding]:
    """Those in `folder`, where it is part of a repository."""
    inside = folder.resolve().relative_to(root.resolve()).as_posix()
    return [one for one in findings if inside == "." or one.location.path.startswith(f"{inside}/")]


def _moves(
    name: str, old: Sequence[Finding], before: Bundle, new: Sequence[Finding], after: Bundle, context: Context
) -> Iterator[Move]:
    was = {_identity(one): one for one in _decided(old, before, context)}
    now = {_identity(one): one for one in _decided(new, after, context)}
    for key in {**was, **now}:
        first, then = was.get(key), now.get(key)
        known = then or first
        assert known is not None
        move = Move(
            repository=name,
            rule=known.finding.rule,
            path=known.finding.location.path,
            line=known.finding.location.line,
            cell=known.finding.location.cell.index if known.finding.location.cell else None,
            subject=known.finding.asset or known.finding.subject,
            was=first.level if first else Level.OFF,
            now=then.level if then else Level.OFF,
        )
        if move.kind:
            yield move


def _identity(decision: Decision) -> tuple[str, str]:
    return decision.finding.fingerprint, decision.finding.location.path


def _decided(findings: Sequence[Finding], bundle: Bundle, context: Context) -> tuple[Decision, ...]:
    return decide(findings, ["new"] * len(findings), bundle, context)


def _finds_otherwise(before: Bundle, after: Bundle) -> bool:
    """Whether the rules, or the parameters that they are given, differ."""

    def looked_for(bundle: Bundle) -> object:
        rules = {id_: (rule.any, rule.unless) for id_, rule in bundle.rules.items()}
        params = [
            (policy.id, key, sorted(setting.params.items()))
            for policy in (*bundle.policies, *bundle.overlays)
            for key, setting in policy.settings.items()
            if setting.params
        ]
        return rules, sorted(params, key=str)

    return looked_for(before) != looked_for(after)


# --- as text


VERBS = {"blocked": "newly blocks", "warned": "newly warns about", "released": "releases"}


def text(difference: Difference) -> str:
    """For a terminal."""
    over = _counted(len(difference.repositories), "repository", "repositories")
    lines = [
        f"{difference.old} → {difference.new}, over {over}",
        "",
    ]
    lines += [f"  stricter  {one.what}: {one.now} → {one.was}{_about(one)}" for one in difference.stricter]
    lines += [f"  looser    {one.what}: {one.was} → {one.now}{_about(one)}" for one in difference.looser]
    if not difference.stricter and not difference.looser:
        lines.append("  The policies say the same.")
    for kind, verb in VERBS.items():
        chosen = [one for one in difference.moves if one.kind == kind]
        if chosen:
            lines += ["", f"{difference.new} {verb} {_counted(len(chosen), 'finding', 'findings')}:"]
            for (repository, rule), group in _grouped(chosen).items():
                lines.append(f"  {len(group):>4}  {rule}  {repository}")
                lines += [f"        {_place(one)}" for one in group[:MOST_EXAMPLES]]
    if not difference.moves:
        lines += ["", "No finding changes its level."]
    lines += [line for note in difference.notes for line in ("", note)]
    return "\n".join(lines) + "\n"


def markdown(difference: Difference) -> str:
    """Ready for a message: a section for each repository."""
    lines = [f"## Policy change {_code(difference.old)} → {_code(difference.new)}", ""]
    for heading, found, turn in (("Stricter", difference.stricter, True), ("Looser", difference.looser, False)):
        if found:
            lines += [f"**{heading}**", ""]
            for one in found:
                was, now = (one.now, one.was) if turn else (one.was, one.now)
                lines.append(f"* {_code(one.what)}: {_code(was)} → {_code(now)}")
            lines.append("")
    for repository in dict.fromkeys(difference.repositories):
        mine = [one for one in difference.moves if one.repository == repository]
        counts = Counter(one.kind for one in mine)
        said = ", ".join(f"{VERBS[kind]} {counts[kind]}" for kind in VERBS if counts[kind]) or "nothing changes"
        lines += [f"### {_plain(repository)}: {said}", ""]
        if mine:
            lines += ["| | Rule | Findings | For example |", "|---|---|---|---|"]
            for kind in VERBS:
                for (_, rule), group in _grouped(one for one in mine if one.kind == kind).items():
                    shown = "<br>".join(_code(_place(one)) for one in group[:MOST_EXAMPLES])
                    lines.append(f"| {kind} | {_code(rule)} | {len(group)} | {shown} |")
            lines.append("")
    lines += [f"{note}\n" for note in difference.notes]
    return "\n".join(lines).rstrip() + "\n"


def as_json(difference: Difference) -> str:
    """For programs."""
    return (
        json.dumps(
            {
                "version": 1,
                "old": difference.old,
                "new": difference.new,
                "repositories": list(difference.repositories),
                "stricter": [{"what": one.what, "was": one.now, "now": one.was} for one in difference.stricter],
                "looser": [{"what": one.what, "was": one.was, "now": one.now} for one in difference.looser],
                "moves": [
                    {
                        "repository": one.repository,
                        "rule": one.rule,
                        "path": one.path,
                        "line": one.line,
                        "cell": one.cell,
                        "subject": one.subject,
                        "was": one.was.name.lower(),
                        "now": one.now.name.lower(),
                    }
                    for one in difference.moves
                ],
                "notes": list(difference.notes),
            },
            indent=2,
            ensure_ascii=True,
        )
        + "\n"
    )


FORMATS: Mapping[str, Callable[[Difference], str]] = {"text": text, "markdown": markdown, "json": as_json}


def _grouped(moves: Iterator[Move] | Sequence[Move]) -> dict[tuple[str, str], list[Move]]:
    groups: dict[tuple[str, str], list[Move]] = {}
    for one in moves:
        groups.setdefault((one.repository, one.rule), []).append(one)
    return groups


def _place(move: Move) -> str:
    where = f"cell {move.cell}" if move.cell else f"line {move.line}"
    return f"{move.path}, {where}: {move.subject} ({move.was.name.lower()} → {move.now.name.lower()})"


def _about(one: Loosening) -> str:
    if not one.rules:
        return ""
    return f" ({one.rules[0]})" if len(one.rules) == 1 else f" ({len(one.rules)} rules)"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _plain(text: str) -> str:
    """Text of a repository in which nothing is markup."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~&@" else char for char in " ".join(text.split()))


def _code(text: str) -> str:
    """In backquotes, more of them than it holds."""
    flat = " ".join(text.split()).replace("|", "\\|")
    runs = max((len(run) for run in _backquotes(flat)), default=0)
    fence = "`" * (runs + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") or not flat else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _backquotes(text: str) -> list[str]:
    return re.findall("`+", text)
