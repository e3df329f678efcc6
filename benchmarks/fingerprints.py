"""Whether fingerprints of real notebooks survive what people do to notebooks, and die with what findings depend on.

    python benchmarks/fingerprints.py FOLDER [--count 200] [--seed 1] [--write FILE] [--compare FILE]

FOLDER holds checkouts, each a folder with a `.git`. Notebooks with findings are drawn by the seed; each is changed in
every way below and judged again in the place where it stands. `--write` keeps what was found, place and all, so that
another Python can `--compare`. Exit code 1 where a fingerprint changed that should not have, or the other way round.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mlgate.cache import Cache
from mlgate.examine import Examiner
from mlgate.git.repository import Git
from mlgate.law import derive, reexports
from mlgate.model import Finding, Kind, Source
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.shipped import shipped
from mlgate.trees import WorkTree

Notebook = dict[str, Any]
Judge = Callable[[bytes], tuple[Finding, ...]]

INSERTED: tuple[Mapping[str, Any], ...] = (
    {"cell_type": "markdown", "metadata": {}, "source": ["# Another heading\n", "\n", "And words."]},
    {"cell_type": "raw", "metadata": {}, "source": "raw"},
    {"cell_type": "code", "metadata": {}, "source": "", "outputs": [], "execution_count": None},
    {"cell_type": "code", "metadata": {}, "source": ["# nothing\n", "pass"], "outputs": [], "execution_count": 7},
    {"cell_type": "code", "metadata": {}, "source": "a_name_nobody_uses = 7", "outputs": [], "execution_count": None},
    {"cell_type": "code", "metadata": {}, "source": "%matplotlib inline", "outputs": [], "execution_count": None},
    {"cell_type": "code", "metadata": {}, "source": "print(1 + 1)", "outputs": [], "execution_count": None},
)
"""Cells without meaning."""

REPLACEMENT = "evil-org/another-thing"


# -- notebooks


def sheets(notebook: Notebook) -> list[list[dict[str, Any]]]:
    found = [notebook] if isinstance(notebook.get("cells"), list) else notebook.get("worksheets", [])
    return [sheet["cells"] for sheet in found]


def cells(notebook: Notebook) -> Iterator[dict[str, Any]]:
    for sheet in sheets(notebook):
        yield from (cell for cell in sheet if isinstance(cell, dict))


def source_of(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(source) if isinstance(source, list) else source or ""


def set_source(cell: dict[str, Any], text: str) -> None:
    key = "source" if "source" in cell else "input"
    cell[key] = text.splitlines(keepends=True)


def written(notebook: Notebook, **options: Any) -> bytes:
    options = {"indent": 1, "ensure_ascii": False, **options}
    return (json.dumps(notebook, **options) + "\n").encode("utf-8", "surrogatepass")


# -- what people do to notebooks


def reordered(notebook: Notebook, chance: random.Random) -> bytes:
    for sheet in sheets(notebook):
        chance.shuffle(sheet)
    return written(notebook)


def turned_round(notebook: Notebook, chance: random.Random) -> bytes:
    for sheet in sheets(notebook):
        sheet.reverse()
    return written(notebook)


def interspersed(notebook: Notebook, chance: random.Random) -> bytes:
    for sheet in sheets(notebook):
        sheet[:] = [one for cell in sheet for one in (copy.deepcopy(dict(chance.choice(INSERTED))), cell)]
        sheet.append(copy.deepcopy(dict(chance.choice(INSERTED))))
    return written(notebook)


def cleared(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in cells(notebook):
        if "outputs" in cell:
            cell["outputs"] = []
            cell["execution_count"] = None
    return written(notebook)


def renumbered(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in cells(notebook):
        if "execution_count" in cell:
            cell["execution_count"] = chance.randrange(1000)
        if "id" in cell:
            cell["id"] = f"{chance.getrandbits(32):08x}"
        if "id" in cell.get("metadata", {}):
            cell["metadata"]["id"] = f"{chance.getrandbits(48):012x}"
        for output in cell.get("outputs", ()):
            if "execution_count" in output:
                output["execution_count"] = cell.get("execution_count")
    return written(notebook)


def one_string(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in cells(notebook):
        for holder in (cell, *cell.get("outputs", ())):
            for key in ("source", "input", "text"):
                if isinstance(holder.get(key), list):
                    holder[key] = "".join(holder[key])
    return written(notebook, indent=None, separators=(",", ":"), ensure_ascii=True)


def split_in_lines(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in cells(notebook):
        if isinstance(cell.get("source"), str):
            set_source(cell, cell["source"])
    return written(notebook, indent=4, sort_keys=True).replace(b"\n", b"\r\n")


CHANGES: Mapping[str, Callable[[Notebook, random.Random], bytes]] = {
    "cells reordered": reordered,
    "cells turned round": turned_round,
    "cells inserted": interspersed,
    "outputs cleared": cleared,
    "renumbered": renumbered,
    "one string, ASCII, no blanks": one_string,
    "indent 4, sorted keys, CRLF": split_in_lines,
}

STYLES = {
    "formatted, single quotes, 50 columns": ("line-length=50", "format.quote-style='single'"),
    "formatted, double quotes, 300 columns": ("line-length=300", "format.quote-style='double'"),
}


def formatted(notebooks: Sequence[Notebook], style: Sequence[str]) -> list[bytes]:
    """Each code cell by itself through `ruff format`; those with an error stay as they are."""
    ruff = shutil.which("ruff") or str(Path(sys.executable).parent / "ruff")
    shell = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"language_info": {"name": "python"}}}
    with tempfile.TemporaryDirectory() as folder:
        for number, notebook in enumerate(notebooks):
            for place, cell in enumerate(cells(notebook)):
                if cell.get("cell_type") == "code":
                    code: dict[str, object] = {
                        "cell_type": "code",
                        "metadata": {},
                        "outputs": [],
                        "execution_count": None,
                    }
                    alone = {**shell, "cells": [{**code, "source": source_of(cell)}]}
                    (Path(folder) / f"{number}-{place}.ipynb").write_text(json.dumps(alone), encoding="utf-8")
        options = [part for one in style for part in ("--config", one)]
        subprocess.run([ruff, "format", "--isolated", "--quiet", *options, folder], capture_output=True, check=False)
        results = []
        for number, notebook in enumerate(copy.deepcopy(list(notebooks))):
            for place, cell in enumerate(cells(notebook)):
                file = Path(folder) / f"{number}-{place}.ipynb"
                if file.exists():
                    set_source(cell, source_of(json.loads(file.read_text(encoding="utf-8"))["cells"][0]))
            results.append(written(notebook))
    return results


# -- what a finding depends on


def with_another_constant(notebook: Notebook, wanted: str) -> bytes | None:
    """The notebook with `NAME = "wanted"` replaced wherever that is a whole statement; None where it never is."""
    changed = False
    for cell in cells(notebook):
        if cell.get("cell_type") != "code" or wanted not in (text := source_of(cell)):
            continue
        lines = text.split("\n")
        for at, line in enumerate(lines):
            if _is_assignment_of(line, wanted):
                lines[at] = line.replace(wanted, REPLACEMENT)
                changed = True
        set_source(cell, "\n".join(lines))
    return written(notebook) if changed else None


def _is_assignment_of(line: str, wanted: str) -> bool:
    try:
        body = ast.parse(line.strip()).body
    except (SyntaxError, ValueError):
        return False
    return (
        len(body) == 1
        and isinstance(body[0], ast.Assign)
        and isinstance(body[0].targets[0], ast.Name)
        and isinstance(body[0].value, ast.Constant)
        and body[0].value.value == wanted
        and repr(wanted)[1:-1] in line
    )


def depends_on_a_name(finding: Finding) -> bool:
    """Whether what is found does not itself spell the asset: then a name, defined elsewhere, does."""
    return finding.asset is not None and finding.asset not in finding.canonical.partition("|")[0]


# -- the run


@dataclass(frozen=True)
class Sample:
    path: str
    data: bytes
    judge: Judge
    found: tuple[Finding, ...]

    def notebook(self) -> Notebook:
        return json.loads(self.data.decode("utf-8-sig"))  # type: ignore[no-any-return]


def judges(folder: Path) -> Iterator[tuple[str, Path, Callable[[str], Judge]]]:
    """Name of each checkout, its folder, and how a notebook at a path of it is judged."""
    law = derive(load_bundle(shipped("policies")), (), None)
    for root in sorted(one for one in folder.iterdir() if (one / ".git").exists()):
        git = Git(str(root), os.environ)
        tree = WorkTree(str(root), git)
        examiner = Examiner(law, Repository(tree), reexports(law, tree.read), Cache(None), 0)

        def judge_at(path: str, examiner: Examiner = examiner) -> Judge:
            return lambda data: examiner.examine(Source(path, Kind.NOTEBOOK, data)).findings

        yield root.name, root, judge_at


def samples(folder: Path, count: int, seed: int) -> Iterator[Sample]:
    """`count` notebooks that have findings, the same ones for the same seed and checkouts."""
    everything = [
        (f"{name}/{path}", root / path, judge_at(path))
        for name, root, judge_at in judges(folder)
        for path in sorted(one.relative_to(root).as_posix() for one in root.rglob("*.ipynb") if one.is_file())
    ]
    random.Random(seed).shuffle(everything)
    for path, file, judge in everything:
        data = file.read_bytes()
        if _is_notebook(data) and (found := judge(data)):
            yield Sample(path, data, judge, found)
            count -= 1
            if not count:
                return


def _is_notebook(data: bytes) -> bool:
    try:
        return isinstance(notebook := json.loads(data.decode("utf-8-sig")), dict) and bool(sheets(notebook))
    except (ValueError, KeyError, TypeError):
        return False


def fingerprints(found: Sequence[Finding]) -> Counter[str]:
    return Counter(finding.fingerprint for finding in found)


def told(path: str, before: Sequence[Finding], after: Sequence[Finding], lost: Counter[str]) -> None:
    for finding in before:
        if lost[finding.fingerprint]:
            print(f"  {path}  {finding.rule}\n    - {finding.canonical[:400]}")
    old = fingerprints(before)
    for finding in after:
        if not old[finding.fingerprint]:
            print(f"    + {finding.rule}  {finding.canonical[:400]}")


def compare_change(name: str, chosen: Sequence[Sample], changed: Sequence[bytes]) -> int:
    """Prints and counts the fingerprints that a change without meaning took away or brought."""
    total = lost = brought = 0
    for sample, data in zip(chosen, changed, strict=True):
        before = sample.found
        if name == "outputs cleared":
            before = tuple(one for one in before if not (one.location.cell and one.location.cell.kind == "output"))
        after = sample.judge(data)
        gone = fingerprints(before) - fingerprints(after)
        new = fingerprints(after) - fingerprints(before)
        total, lost, brought = total + len(before), lost + gone.total(), brought + new.total()
        if gone or new:
            told(sample.path, before, after, gone)
    print(f"{name:40} {total:6} findings {lost:4} lost {brought:4} new", flush=True)
    return lost + brought


def compare_constants(chosen: Sequence[Sample]) -> int:
    """Prints and counts the findings that kept their fingerprint although what they depend on was replaced."""
    tried = kept = 0
    for sample in chosen:
        for asset in sorted({one.asset for one in sample.found if one.asset and depends_on_a_name(one)}):
            data = with_another_constant(sample.notebook(), asset)
            if data is None:
                continue
            after = fingerprints(sample.judge(data))
            for finding in sample.found:
                if finding.asset == asset and depends_on_a_name(finding):
                    tried += 1
                    if after[finding.fingerprint]:
                        kept += 1
                        print(f"  {sample.path}  {finding.rule}  {asset}\n    = {finding.canonical[:400]}")
    print(f"{'constants replaced':40} {tried:6} findings {kept:4} kept", flush=True)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="keep what was found, for another Python to compare with")
    parser.add_argument("--compare", type=Path, help="only compare with what another Python wrote")
    asked = parser.parse_args()
    chosen = list(samples(asked.folder, asked.count, asked.seed))
    print(f"{len(chosen)} notebooks, {sum(len(one.found) for one in chosen)} findings, seed {asked.seed}", flush=True)
    plain = {one.path: msgspec.to_builtins(one.found) for one in chosen}
    if asked.write:
        asked.write.write_text(json.dumps(plain, indent=1), encoding="utf-8")
    if asked.compare:
        theirs = json.loads(asked.compare.read_text(encoding="utf-8"))
        return 1 if differences(theirs, plain) else 0
    wrong = 0
    for name, change in CHANGES.items():
        chance = random.Random(asked.seed)
        wrong += compare_change(name, chosen, [change(one.notebook(), chance) for one in chosen])
    for name, style in STYLES.items():
        wrong += compare_change(name, chosen, formatted([one.notebook() for one in chosen], style))
    wrong += compare_constants(chosen)
    return 1 if wrong else 0


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> int:
    count = 0
    for path in sorted({*theirs, *ours}):
        left, right = theirs.get(path, []), ours.get(path, [])
        if left != right:
            for mark, one, other in (("-", left, right), ("+", right, left)):
                for finding in one:
                    if finding not in other:
                        count += 1
                        print(f"  {mark} {path} {json.dumps(finding)[:900]}")
    print(f"{count} differences")
    return count


if __name__ == "__main__":
    sys.exit(main())
