#!/usr/bin/env python3
"""Score mlgate against labels of real files: recall, precision, and how much of what it says is only a guess.

    python tests/labels/score.py --corpora DIR [--labels DIR] [--policy FILE] [--misses]

`--corpora` holds a checkout of each labelled repository, named OWNER+NAME, at the commit that the labels name. A
finding and a row meet where file, cell and family are the same and the lines at most three apart.

    bad, hit, weak    rows that must be reported; those reported with medium or high confidence; with low only
    true, false       medium and high findings that meet a row (`bad`, `unknown`, `uri`), and that meet none
    low               findings of low confidence
    loud              `unknown` rows that only a medium or high finding meets

Rows tagged `ext` are left out of recall; `torch-load-implicit` and `yaml-full-loader` depend on versions and are
counted apart.
Exit status is 0 unless mlgate cannot be run.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEAR = 3
RULES = {
    "unsafe-load": ("unsafe-load/",),
    "trust-remote-code": ("unsafe-load/",),
    "unpinned-revision": ("unpinned/",),
    "install": ("unpinned/package", "dependency/"),
    "secret": ("secret/",),
    "prod-data": ("data/",),
    "exposure": ("exposure/",),
    "shell-download": ("download/", "unpinned/"),
}
"""Prefixes of the rules that count for a family of labels."""
FAMILIES = (
    ("unpinned/package", "install"),
    ("dependency/", "install"),
    ("unpinned/", "unpinned-revision"),
    ("unsafe-load/", "unsafe-load"),
    ("secret/", "secret"),
    ("data/", "prod-data"),
    ("exposure/", "exposure"),
    ("download/", "shell-download"),
)
"""The family that a finding without a row counts against; the first prefix that fits."""

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    rule: str
    confidence: str
    cell: str
    """0-based, as in the labels; empty for a Python file."""
    is_output: bool
    first: int
    last: int

    @property
    def is_low(self) -> bool:
        return self.confidence == "low"


@dataclass(slots=True)
class Score:
    counts: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By kind, family and tag."""
    lists: list[tuple[str, ...]] = field(default_factory=list)
    """What went wrong: miss, weak, false or loud, and where."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=HERE)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--mlgate", default="mlgate")
    parser.add_argument("--policy", type=Path, default=HERE / "policy.yaml")
    parser.add_argument("--misses", action="store_true", help="list what was missed, and what was said without reason")
    given = parser.parse_args()
    score = Score()
    for kind in ("notebooks", "python"):
        with (given.labels / f"{kind}-files.csv").open(newline="") as file:
            files = list(csv.DictReader(file))
        with (given.labels / f"{kind}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for repository in sorted({one["repo"] for one in files}):
            checkout = given.corpora / repository.replace("/", "+", 1)
            if not checkout.is_dir():
                sys.exit(f"{checkout}: no checkout of {repository}; make one at the commit that the labels name")
            paths = [one["path"] for one in files if one["repo"] == repository]
            found = scan(shlex.split(given.mlgate), given.policy.resolve(), checkout, paths)
            for path in paths:
                mine = [row for row in rows if row["repo"] == repository and row["path"] == path]
                count(score, kind, repository, path, mine, found.get(path, []))
    show(score, given.misses)


def scan(command: list[str], policy: Path, checkout: Path, paths: list[str]) -> dict[str, list[Found]]:
    argv = [*command, "check", "--format", "json", "--exit-zero", "--policy", str(policy), "--", *paths]
    done = subprocess.run(argv, cwd=checkout, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(argv[:8])} … in {checkout.name}: exit {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, list[Found]] = defaultdict(list)
    for one in json.loads(done.stdout)["findings"]:
        location = one["location"]
        cell = location["cell"]
        place = cell or location
        found[location["path"]].append(
            Found(
                one["rule"],
                one["confidence"],
                str(cell["index"] - 1) if cell else "",
                bool(cell) and cell["kind"] == "output",
                place["line"],
                max(place["line"], place["end_line"]),
            )
        )
    return found


def count(score: Score, kind: str, repository: str, path: str, rows: list[Row], found: list[Found]) -> None:
    for row in rows:
        met = [one for one in found if meets(one, row)]
        where = (repository, path, row.get("cell_index", ""), row["line"], row["family"], row["api"], row["note"])
        if row["verdict"] == "unknown" and met and not any(one.is_low for one in met):
            score.counts[kind, row["family"], "clear"]["loud"] += 1
            score.lists.append(("loud", *where))
        if row["verdict"] not in ("bad", "uri") or "ext" in re.split(r"[;,\s]+", row["note"]):
            continue
        depends = "torch-load-implicit" in row["note"] or "yaml-full-loader" in row["note"]
        said = score.counts[kind, row["family"], "implicit" if depends else "clear"]
        is_hit = any(not one.is_low for one in met)
        said["bad"] += 1
        said["hit"] += is_hit
        said["weak"] += bool(met) and not is_hit
        if not is_hit:
            score.lists.append(("weak" if met else "miss", *where))
    real = [row for row in rows if row["verdict"] != "safe"]
    for one in found:
        family = next((name for prefix, name in FAMILIES if one.rule.startswith(prefix)), None)
        if family is None:
            continue
        said = score.counts[kind, family, "clear"]
        if one.is_low:
            said["low"] += 1
        elif any(meets(one, row) for row in real):
            said["true"] += 1
        else:
            said["false"] += 1
            line = "out" if one.is_output else str(one.first)
            score.lists.append(("false", repository, path, one.cell, line, family, one.rule, one.confidence))


def meets(found: Found, row: Row) -> bool:
    if not found.rule.startswith(RULES[row["family"]]) or found.cell != row.get("cell_index", ""):
        return False
    if row["line"] == "out" or found.is_output:
        return row["line"] == "out" and found.is_output
    return found.first - NEAR <= int(row["line"]) <= found.last + NEAR


def show(score: Score, misses: bool) -> None:
    columns = ("bad", "hit", "weak", "recall", "true", "false", "precision", "low", "loud")
    print(f"{'kind':10}{'family':20}{'tag':10}" + "".join(f"{column:>10}" for column in columns))
    for (kind, family, tag), said in sorted(score.counts.items()):
        print(f"{kind:10}{family:20}{tag:10}" + "".join(f"{cell:>10}" for cell in cells(said, columns)))
    total = sum(score.counts.values(), Counter())
    print(f"{'all':40}" + "".join(f"{cell:>10}" for cell in cells(total, columns)))
    if misses:
        for entry in score.lists:
            print(*entry, sep="\t")


def cells(said: Counter[str], columns: Iterable[str]) -> list[str]:
    shares = {"recall": (said["hit"], said["bad"]), "precision": (said["true"], said["true"] + said["false"])}
    shown = []
    for column in columns:
        if column in shares:
            part, whole = shares[column]
            shown.append(f"{part / whole:.3f}" if whole else "-")
        else:
            shown.append(str(said[column]))
    return shown


if __name__ == "__main__":
    main()
