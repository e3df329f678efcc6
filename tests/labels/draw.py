#!/usr/bin/env python3
"""Draw the files of the second set of labels: the same ones each time, none that the first set holds.

    python tests/labels/draw.py --corpora DIR --first DIR --out DIR

DIR of --corpora holds one checkout per repository, named OWNER+NAME; --first holds `notebooks-files.csv` and
`python-files.csv` of the first set. Strata are words that a reader would search for, not those of any rule.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import subprocess
from pathlib import Path, PurePosixPath

SEED = 20261126
MAX_BYTES = 1_000_000
"""A person reads no larger file whole."""
PER_REPOSITORY = {"notebooks": 18, "python": 8}

HUB = r"from_pretrained|load_dataset|hf_hub_download|snapshot_download|pipeline\("
LOADS = r"pickle|joblib|torch\.load|yaml\.load|load_model|hub\.load|load_from_checkpoint"
EXPOSED = r"share=True|0\.0\.0\.0|ngrok|--allow-root|debug=True|--ip"
DATA = r"s3://|gs://|bigquery|jdbc:|postgres|abfss?:"
SHELL = r"wget|curl |git clone|gdown|urlretrieve"
STRATA: dict[str, list[tuple[str, int]]] = {
    "notebooks": [(LOADS, 10), ("trust_remote_code", 6), (HUB, 18), (EXPOSED, 6), (SHELL, 8), (DATA, 6), ("", 6)],
    "python": [
        (LOADS, 10),
        ("trust_remote_code", 5),
        (HUB, 11),
        (EXPOSED, 4),
        (DATA, 4),
        (SHELL + "|pip install", 3),
        ("", 3),
    ],
}
ENDING = {"notebooks": ".ipynb", "python": ".py"}


def draw(corpora: Path, kind: str, seen: set[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(repository, commit, path) of each file drawn, sorted."""
    generator = random.Random(SEED)
    names = {PurePosixPath(path).name for _, path in seen}
    files: list[tuple[str, str, str]] = []
    for checkout in sorted(corpora.iterdir()):
        repository = checkout.name.replace("+", "/", 1)
        commit = _git(checkout, "rev-parse", "HEAD").strip()
        files.extend(
            (repository, commit, path)
            for path in sorted(_git(checkout, "ls-files", "-z").split("\0"))
            if path.endswith(ENDING[kind]) and (repository, path) not in seen and PurePosixPath(path).name not in names
        )
    generator.shuffle(files)
    drawn: list[tuple[str, str, str]] = []
    for pattern, wanted in STRATA[kind]:
        got = 0
        for file in files:
            if got == wanted:
                break
            repository, _, path = file
            same = sum(one[0] == repository for one in drawn)
            copied = any(PurePosixPath(one[2]).name == PurePosixPath(path).name for one in drawn)
            if file in drawn or copied or same >= PER_REPOSITORY[kind]:
                continue
            full = corpora / repository.replace("/", "+", 1) / path
            if not full.is_file() or not 200 < full.stat().st_size < MAX_BYTES:
                continue
            if re.search(pattern, full.read_text("utf-8", "replace")):
                drawn.append(file)
                got += 1
    return sorted(drawn)


def _git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--corpora", "--first", "--out"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    for kind in STRATA:
        with (given.first / f"{kind}-files.csv").open(newline="") as file:
            seen = {(row["repo"], row["path"]) for row in csv.DictReader(file)}
        with (given.out / f"{kind}-files.csv").open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["repo", "commit", "path"])
            writer.writerows(draw(given.corpora, kind, seen))


if __name__ == "__main__":
    main()
