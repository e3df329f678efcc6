"""SARIF 2.1.0, for GitHub code scanning and every other tool that collects findings.

GitHub refuses a file with more than 20 runs, 25,000 results a run, 25,000 rules, 1,000 locations a result, 20 tags a
rule or 10 MB compressed, and shows 5,000 results, 10 tags and 1,024 characters of a description.
Source: docs.github.com, "SARIF support for code scanning" and "SARIF results exceed one or more limits".

Where `primaryLocationLineHash` is given GitHub keeps it; its upload action says in the log that its own, a hash of the
physical line and thus of nothing that survives a notebook's next save, would be another.
Source: src/fingerprints.ts of github/codeql-action.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from mlgate import __version__
from mlgate.model import (
    CellLocation,
    Decision,
    Example,
    Level,
    Location,
    Policy,
    Report,
    Rule,
    Run,
    Severity,
    Suppression,
)
from mlgate.report.escape import json_text, visible
from mlgate.report.options import Options
from mlgate.report.order import worst_first
from mlgate.report.references import link, tag

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

MOST_TAGS = 10
MOST_CHARACTERS = 1024
"""Of a description. Source of both: see above."""

LEVELS: Mapping[Level, str] = {Level.OFF: "none", Level.RECORD: "note", Level.WARN: "warning", Level.BLOCK: "error"}

_DEFAULTS = {Severity.LOW: "note", Severity.MEDIUM: "warning", Severity.HIGH: "error", Severity.CRITICAL: "error"}
"""Level of a rule for whoever shows rules without results; what a result meets here is its own `level`."""

_SCORES = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
"""Middle of what GitHub calls low (below 4.0), medium (below 7.0), high (to 8.9) and critical."""

_ROOT = "SRCROOT"


def render(report: Report, options: Options) -> str:
    """One run; the worst results first, because GitHub shows a part only where there are very many."""
    rules = [report.rules[name] for name in sorted(report.rules)]
    indices = {rule.id: index for index, rule in enumerate(rules)}
    results = [_result(decision, indices, report.run) for decision in sorted(report.decisions, key=worst_first)]
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": "mlgate",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_descriptor(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": _category(report.run)},
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": _known(
            {
                "repository": report.run.repository,
                "commit": report.run.commit,
                "ref": report.run.ref,
                "base": report.run.base,
                "date": report.run.date,
                "only": list(report.run.only),
                "files": report.summary.files,
                "cells": report.summary.cells,
                "skipped": report.summary.skipped,
            }
        ),
    }
    if report.policies:
        run["policies"] = [_policy(policy) for policy in report.policies]
    if provenance := _provenance(report.run):
        run["versionControlProvenance"] = [provenance]
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _known(properties: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None and value != []}


def _category(run: Run) -> str:
    """GitHub reads `category/run`; a report of some rules must not replace the report of all."""
    only = re.sub(r"[^a-z0-9]+", "-", ",".join(run.only).lower()).strip("-")
    return f"mlgate{'-only-' if only else ''}{only}/{run.commit or ''}"


def _provenance(run: Run) -> dict[str, object] | None:
    """Only where the repository is known by an absolute address, which the standard asks for."""
    if run.repository is None or not re.match(r"[a-z][a-z0-9+.-]*://", run.repository):
        return None
    details = {"repositoryUri": quote(run.repository, safe=":/?#[]@!$&'()*+,;=%~", errors="backslashreplace")}
    if run.commit:
        details["revisionId"] = run.commit
    if run.ref and run.ref.startswith("refs/heads/"):
        details["branch"] = run.ref.removeprefix("refs/heads/")
    return {**details, "mappedTo": {"uriBaseId": _ROOT}}


def _policy(policy: Policy) -> dict[str, object]:
    named: dict[str, object] = {"name": policy.id}
    if policy.digest:
        named["version"] = policy.digest
    return {**named, "properties": {"source": policy.source}}


# --- rules -----------------------------------------------------------------------------------------------------------


def _descriptor(rule: Rule) -> dict[str, object]:
    family, _, name = rule.id.partition("/")
    descriptor: dict[str, object] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in re.split(r"\W+", f"{family} {name}") if word),
        "shortDescription": {"text": _clipped(rule.title or rule.id)},
        "fullDescription": {"text": _clipped(rule.why or rule.title or rule.id)},
        "help": {"text": _help(rule), "markdown": _help_markdown(rule)},
        "defaultConfiguration": {"enabled": True, "level": _DEFAULTS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "severity": rule.severity.name.lower(),
            "tags": _tags(rule),
        },
    }
    if rule.formerly:
        descriptor["deprecatedIds"] = sorted(set(rule.formerly))
    if links := [target for target in map(link, rule.references) if target]:
        descriptor["helpUri"] = links[0]
    return descriptor


def _tags(rule: Rule) -> list[str]:
    named = [found for found in map(tag, rule.references) if found]
    return list(dict.fromkeys(["security", rule.id.partition("/")[0], *named]))[:MOST_TAGS]


def _clipped(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _help(rule: Rule) -> str:
    parts = [rule.title, rule.why, f"Do: {rule.fix}"]
    parts += [f"{label}:\n{_code(example)}" for label, example in _shown(rule)]
    parts += ["\n".join(_reference(reference) for reference in rule.references)]
    parts += [f"More: mlgate explain {rule.id}"]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _help_markdown(rule: Rule) -> str:
    parts = [rule.why, f"**Do:** {rule.fix}"]
    for label, example in _shown(rule):
        code = _code(example)
        fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", code))])
        parts.append(f"**{label}**\n\n{fence}python\n{code}\n{fence}")
    parts.append("\n".join(f"* {_reference_markdown(reference)}" for reference in rule.references))
    parts.append(f"More: `mlgate explain {rule.id}`")
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _shown(rule: Rule) -> list[tuple[str, Example]]:
    """The first bad and the first good example."""
    return [("Found", example) for example in rule.bad[:1]] + [("Instead", example) for example in rule.good[:1]]


def _code(example: Example) -> str:
    """The cell, or each file under a comment with its path."""
    if set(example.files) == {""}:
        return example.files[""].strip("\n")
    return "\n\n".join(f"# {path}\n{text.strip()}" for path, text in sorted(example.files.items()))


def _reference(reference: str) -> str:
    target = link(reference)
    return reference if target is None or target in reference else f"{reference} {target}"


def _reference_markdown(reference: str) -> str:
    target = link(reference)
    if target is None:
        return reference
    return f"<{target}>" if target == reference else f"[{reference.replace(target, '').strip() or target}]({target})"


# --- results ---------------------------------------------------------------------------------------------------------


def _result(decision: Decision, indices: Mapping[str, int], run: Run) -> dict[str, object]:
    finding = decision.finding
    text = _plain(finding.message) or finding.rule
    if finding.fix:
        text += f"\nDo: {_plain(finding.fix)}"
    result: dict[str, object] = {"ruleId": finding.rule}
    if finding.rule in indices:
        result["ruleIndex"] = indices[finding.rule]
    result |= {
        "level": LEVELS[decision.level],
        "message": {"text": text},
        "locations": [_location(finding.location)],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint, "mlgate/v1": finding.fingerprint},
    }
    if run.base is not None:
        result["baselineState"] = "new" if decision.status == "new" else "unchanged"
    if decision.suppression is not None:
        result["suppressions"] = [_suppression(decision.suppression)]
    result["properties"] = _known(
        {
            "severity": finding.severity.name.lower(),
            "confidence": finding.confidence.name.lower(),
            "reason": finding.reason or None,
            "level": decision.level.name.lower(),
            "status": decision.status,
            "subject": finding.subject,
            "subjectDigest": finding.subject_digest,
            "asset": finding.asset,
            "origin": finding.origin,
            "commit": finding.commit,
            "policies": list(decision.policies),
            "trace": list(decision.trace),
        }
    )
    return result


_STATUSES = {"accepted": "accepted", "expiring": "accepted", "proposed": "underReview", "lapsed": "rejected"}
"""Source: SARIF 2.1.0, 3.35.3: a result whose suppressions are not all accepted is not suppressed."""


def _suppression(suppression: Suppression) -> dict[str, object]:
    named = f"{suppression.id}, " if suppression.id else ""
    until = f" (until {suppression.until})" if suppression.until else ""
    return {
        "kind": "inSource" if suppression.kind == "inline" else "external",
        "status": _STATUSES[suppression.state],
        "justification": f"{named}{suppression.type}: {suppression.reason}{until}",
    }


def _plain(text: str) -> str:
    """A message in which nothing that a repository says becomes a link. Source: SARIF 2.1.0, 3.11.6."""
    return visible(text).replace("](", "] (")


def _location(place: Location) -> dict[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place.path), "uriBaseId": _ROOT},
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        }
    }
    if place.cell is not None:
        location["logicalLocations"] = [_cell(place.cell, place.path)]
        location["message"] = {"text": _spot(place.cell)}
    return location


def _uri(path: str) -> str:
    """A relative reference by RFC 3986; bytes of a file name that are no UTF-8 keep their value."""
    try:
        return quote(path, safe="/", errors="surrogateescape")
    except UnicodeEncodeError:
        return quote(path, safe="/", errors="surrogatepass")


def _spot(cell: CellLocation) -> str:
    spot = f"cell {cell.index}, " + (f"line {cell.line}" if cell.output is None else f"output {cell.output}")
    return f'{spot}, under "{_plain(cell.heading.strip())}"' if cell.heading else spot


def _cell(cell: CellLocation, path: str) -> dict[str, object]:
    name = f"cell {cell.index}"
    return {
        "name": name,
        "fullyQualifiedName": f"{_uri(path)}#{quote(name)}",
        "kind": "cell",
        "properties": _known(
            {
                "id": cell.id,
                "kind": cell.kind,
                "line": cell.line,
                "column": cell.column,
                "endLine": cell.end_line,
                "endColumn": cell.end_column,
                "heading": cell.heading,
                "executionCount": cell.execution_count,
                "output": cell.output,
                "mime": cell.mime,
            }
        ),
    }
