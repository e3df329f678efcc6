"""`mlgate waive`: a proposal to accept a finding, written so that nobody learns a format in order to ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from mlgate import codeowners, waiving
from mlgate.cascade import Bundle, Here, said, terms
from mlgate.errors import MlgateError
from mlgate.model import Decision, Finding, Report, Waivable, WaiverTerms
from mlgate.policy.sources import FOLDER
from mlgate.policy.waivers_text import added, ids
from mlgate.report.days import spoken
from mlgate.report.escape import visible
from mlgate.report.groups import Entry, entries

FILE = f"{FOLDER}/waivers.yaml"
"""Where waivers of a repository are written."""

TYPES = {"1": "false-positive", "2": "mitigated", "3": "emergency"}
DAYS = 90
"""How long a waiver is asked for where nobody says, in days; the policy may admit fewer."""
EMERGENCY_DAYS = 3
MIN_REASON = 15
"""Shortest reason, in characters. Source: schemas/policy.schema.json."""

Ask = Callable[[str], str]
"""Shows a question and gives the answer; the empty text where nothing was said."""


class Given(Struct, frozen=True):
    """What was said on the command line; empty is not said."""

    target: str
    """A fingerprint, or a path whose findings are offered."""
    type: str = ""
    reason: str = ""
    owner: str = ""
    until: str = ""
    ticket: str = ""


class Proposal(Struct, frozen=True):
    """A waivers file with one entry more."""

    id: str
    text: str
    said: str
    """What to tell the person."""


def propose(given: Given, report: Report, bundle: Bundle, root: Path, today: str, ask: Ask | None) -> Proposal:
    """The waiver that is asked for; nothing is written here.

    `ask` is None where nobody can be asked: what is not given is an error then. Raises MlgateError.
    """
    chosen = _chosen(given.target, report, ask)
    finding = chosen[0].finding
    here = Here(today, finding.location.path, report.run.repository, report.run.branch)
    _refuse_never(finding, bundle, here)
    rules = terms(bundle, here)
    type_ = given.type or _asked_type(ask)
    reason = given.reason or _asked(ask, "Why, in one sentence a stranger understands: ", "--reason")
    if len(reason.strip()) < MIN_REASON:
        raise MlgateError(f"--reason: at least {MIN_REASON} characters; say what makes it safe, or why it cannot wait")
    owner = given.owner or _owner(finding, root, ask)
    ticket = given.ticket or (_asked(ask, "Ticket: ", "--ticket") if _wants_ticket(type_, rules) else "")
    until = _until(given.until, type_, rules, today)
    file = root / FILE
    text = _read(file)
    id_ = _next_id(bundle, text)
    entry: dict[str, str | int | Sequence[str]] = {
        "id": id_,
        "rule": finding.rule,
        "fingerprints": sorted({one.finding.fingerprint for one in chosen}),
        "type": type_,
        "reason": reason.strip(),
        "owner": owner,
        **({"ticket": ticket} if ticket else {}),
        "from": today,
        "expires": until,
    }
    return Proposal(id_, added(text, entry, FILE), _told(id_, finding, until, today, bundle))


def _chosen(target: str, report: Report, ask: Ask | None) -> Sequence[Decision]:
    """The decisions that are meant: those of a fingerprint, or those of an entry that is picked."""
    if re.fullmatch(r"\d+:[0-9a-f]{16}", target):
        found = [one for one in report.decisions if one.finding.fingerprint == target]
        if not found:
            raise MlgateError(
                f"{target}: no finding here has this fingerprint; `mlgate check --format json` lists them"
            )
        return found
    offered = sorted(entries(report), key=lambda entry: (-entry.level, entry.first.finding.location.line))
    offered = [entry for entry in offered if not entry.finding.rule.startswith("governance/")]
    if not offered:
        raise MlgateError(f"{target}: nothing blocks or warns there, so nothing is to be waived")
    if len(offered) == 1:
        return offered[0].decisions
    if ask is None:
        listed = "; ".join(f"{entry.finding.fingerprint} {entry.finding.rule}" for entry in offered[:5])
        raise MlgateError(f"{target}: which of {len(offered)}? Name one by its fingerprint: {listed}")
    lines = [f"  {number}  {_line(entry)}" for number, entry in enumerate(offered, 1)]
    answer = ask("\n".join(["Which finding?", *lines, "Number: "]))
    if not answer.isdigit() or not 1 <= int(answer) <= len(offered):
        raise MlgateError(f"'{answer}' is none of 1 to {len(offered)}; nothing was written")
    return offered[int(answer) - 1].decisions


def _line(entry: Entry) -> str:
    place = entry.finding.location
    where = (
        f"cell {place.cell.index}, line {place.cell.line}" if place.cell and place.cell.index else f"line {place.line}"
    )
    return visible(f"{entry.level.name.lower():5}  {entry.finding.rule}  {entry.names[0]}  {where}")


def _refuse_never(finding: Finding, bundle: Bundle, here: Here) -> None:
    where = said(bundle, finding.rule, "waivable", here)
    if where.value is Waivable.NEVER:
        place = f" ({where.source})" if where.source else ""
        raise MlgateError(f"{finding.rule}: the policy admits no waiver for it{place}; ask {_whom(bundle)}")


def _whom(bundle: Bundle) -> str:
    return bundle.help or next((policy.owner for policy in bundle.policies if policy.owner), "its owner")


def _asked_type(ask: Ask | None) -> str:
    question = "\n".join(
        [
            "Why may it pass?",
            "  1  a false alarm",
            "  2  made safe elsewhere",
            "  3  urgent, for a few days",
            "Number: ",
        ]
    )
    answer = _asked(ask, question, "--type")
    if answer not in TYPES:
        raise MlgateError(f"'{answer}' is none of 1, 2 and 3; nothing was written")
    return TYPES[answer]


def _asked(ask: Ask | None, question: str, option: str) -> str:
    if ask is None:
        raise MlgateError(f"{option} is needed where nobody can be asked")
    answer = ask(question).strip()
    if not answer:
        raise MlgateError(f"no answer; nothing was written. In a script say {option}")
    return answer


def _owner(finding: Finding, root: Path, ask: Ask | None) -> str:
    """Who has to look after it: whom CODEOWNERS names for the file, else whom the person names."""

    def read(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except OSError:
            return None

    owners = codeowners.load(read).owners(finding.location.path)
    return owners[0] if owners else _asked(ask, "Who removes it again (@team or name): ", "--owner")


def _wants_ticket(type_: str, rules: WaiverTerms) -> bool:
    return type_ != waiving.EMERGENCY and "ticket" in (rules.require or ())


def _until(given: str, type_: str, rules: WaiverTerms, today: str) -> str:
    is_emergency = type_ == waiving.EMERGENCY
    most = rules.emergency_days if is_emergency else rules.max_days
    last = waiving.later(today, most or (EMERGENCY_DAYS if is_emergency else 10_000))
    if not given:
        return min(last, waiving.later(today, EMERGENCY_DAYS if is_emergency else DAYS))
    if given < today:
        raise MlgateError(f"--until {given}: that day is past")
    if given > last:
        raise MlgateError(f"--until {given}: the policy admits {most or EMERGENCY_DAYS} days, so {last} at the latest")
    return given


def _next_id(bundle: Bundle, text: str) -> str:
    taken = {waiver.id for waiver in bundle.waivers} | set(ids(text, FILE) if text.strip() else ())
    numbers = [int(found.group(1)) for one in taken if (found := re.fullmatch(r"W-(\d{1,9})", one))]
    return f"W-{max(numbers, default=0) + 1:04}"


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise MlgateError(f"{FILE}: cannot be read: {error}") from error


def _told(id_: str, finding: Finding, until: str, today: str, bundle: Bundle) -> str:
    return (
        f"{id_} in {FILE}: {finding.rule} in {visible(finding.location.path)} passes until {spoken(until, today)}.\n"
        f"Commit it: git add {FILE}\n"
        f"Your commit passes with it. The pull request counts it once {_whom(bundle)} said yes and it is merged.\n"
    )
