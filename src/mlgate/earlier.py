"""JSON reports read back, as far as later runs depend on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlgate.errors import MlgateError
from mlgate.model import CellLocation, Confidence, Finding, Location, Severity

MAX_BYTES = 500_000_000
"""Largest report read, in bytes; that of the largest repository measured has a hundredth of it."""


def read_report(path: Path) -> tuple[str, list[Finding]]:
    """Repository and findings of a JSON report. The canonical form of each is its digest: the rest is not written.

    Raises MlgateError for what is no report of version 1.
    """
    try:
        data: Any = json.loads(_bytes(path))
        if data["version"] != 1 or data["tool"]["name"] != "mlgate":
            raise MlgateError(f"{path}: no report of mlgate, version 1")
        return str(data["run"]["repository"] or path.stem), [_finding(one) for one in data["findings"]]
    except OSError as error:
        raise MlgateError(f"{path}: no such folder or report: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MlgateError(
            f"{path}: no report of mlgate; `mlgate check --format json={path.name}` writes one"
        ) from error


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise MlgateError(f"{path}: more than {MAX_BYTES:,} bytes; no report of mlgate is that long")
    return data


def _finding(said: Mapping[str, Any]) -> Finding:
    place = said["location"]
    cell = place["cell"]
    return Finding(
        rule=str(said["rule"]),
        severity=Severity[str(said["severity"]).upper()],
        confidence=Confidence[str(said["confidence"]).upper()],
        reason=str(said["reason"] or ""),
        location=Location(
            str(place["path"]),
            int(place["line"]),
            int(place["column"]),
            int(place["end_line"]),
            int(place["end_column"]),
            None
            if cell is None
            else CellLocation(int(cell["index"]), None, "code", 1, 1, 1, 1, None, None, None, None),
        ),
        subject=str(said["subject"]),
        canonical=str(said["subject_digest"]),
        fingerprint=str(said["fingerprint"]),
        subject_digest=str(said["subject_digest"]),
        asset=said["asset"],
        origin=said["origin"],
        message=str(said["message"]),
        fix="",
        line_text="",
    )
