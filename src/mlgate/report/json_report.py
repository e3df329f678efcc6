"""JSON report, version 1: what programs read. Described by schemas/report.schema.json."""

from __future__ import annotations

from mlgate import __version__
from mlgate.model import AssetCount, Decision, Finding, Level, Report, Rule, Suppression, WaiverCount
from mlgate.report.escape import json_text
from mlgate.report.options import Options
from mlgate.report.order import by_place

VERSION = 1
"""Of the format. It may gain fields, never lose or change one."""


def render(report: Report, options: Options) -> str:
    """Every finding of every level but `off`, whatever `options` say about looks; ordered by place."""
    run = report.run
    return json_text(
        {
            "version": VERSION,
            "tool": {"name": "mlgate", "version": __version__},
            "run": {
                "repository": run.repository,
                "commit": run.commit,
                "ref": run.ref,
                "base": run.base,
                "date": run.date,
                "only": list(run.only),
                "branch": run.branch,
                "notes": list(run.notes),
            },
            "policies": [
                {
                    "id": policy.id,
                    "source": policy.source,
                    "digest": policy.digest,
                    "revision": policy.revision or None,
                }
                for policy in report.policies
            ],
            "assets": [_asset(asset) for asset in sorted(report.assets, key=lambda a: (a.type, a.source, a.id))],
            "findings": [
                _finding(decision, report.rules.get(decision.finding.rule))
                for decision in sorted(report.decisions, key=by_place)
            ],
            "waivers": [_waiver(one) for one in sorted(report.waivers, key=lambda one: one.waiver.id)],
            "summary": {
                "files": report.summary.files,
                "cells": report.summary.cells,
                "skipped": report.summary.skipped,
                "by_level": {
                    level.name.lower(): sum(decision.level is level for decision in report.decisions)
                    for level in (Level.BLOCK, Level.WARN, Level.RECORD)
                },
            },
        }
    )


def _asset(asset: AssetCount) -> dict[str, object]:
    return {
        "type": asset.type,
        "source": asset.source,
        "id": asset.id,
        "references": asset.references,
        "pinned": asset.pinned,
    }


def _finding(decision: Decision, rule: Rule | None) -> dict[str, object]:
    finding = decision.finding
    return {
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "confidence": finding.confidence.name.lower(),
        "level": decision.level.name.lower(),
        "status": decision.status,
        "suppression": _suppression(decision.suppression),
        "policies": list(decision.policies),
        "trace": list(decision.trace),
        "reason": finding.reason or None,
        "location": _location(finding),
        "subject": finding.subject,
        "asset": finding.asset,
        "origin": finding.origin,
        "message": finding.message,
        "fix": _fix(finding, rule),
        "fingerprint": finding.fingerprint,
        "subject_digest": finding.subject_digest,
        "dates": dict(decision.dates),
    }


def _suppression(suppression: Suppression | None) -> dict[str, object] | None:
    if suppression is None:
        return None
    return {
        "kind": suppression.kind,
        "state": suppression.state,
        "type": suppression.type,
        "reason": suppression.reason,
        "id": suppression.id,
        "until": suppression.until,
    }


def _waiver(count: WaiverCount) -> dict[str, object]:
    waiver = count.waiver
    return {
        "id": waiver.id,
        "rule": waiver.rule,
        "type": waiver.type,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "ticket": waiver.ticket or None,
        "from": waiver.start,
        "expires": waiver.expires,
        "until": count.until,
        "state": count.state,
        "proposed": waiver.proposed,
        "limit": waiver.limit or None,
        "covers": count.covers,
        "source": waiver.source,
    }


def _fix(finding: Finding, rule: Rule | None) -> dict[str, object] | None:
    """Safe only where the rule has an operation that says so: advice alone is for a person to follow."""
    if not finding.fix:
        return None
    repair = rule.repair if rule is not None and rule.repair is not None else {}
    return {"safe": repair.get("safe") is True, "title": finding.fix}


def _location(finding: Finding) -> dict[str, object]:
    location = finding.location
    cell = location.cell
    return {
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
        "commit": finding.commit,
        "cell": None
        if cell is None
        else {
            "index": cell.index,
            "id": cell.id,
            "kind": cell.kind,
            "line": cell.line,
            "column": cell.column,
            "end_line": cell.end_line,
            "end_column": cell.end_column,
            "heading": cell.heading,
            "execution_count": cell.execution_count,
            "output": cell.output,
            "mime": cell.mime,
        },
    }
