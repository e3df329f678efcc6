"""Which dangerous APIs of a table the rule catalogue does not show: each needs a rule whose bad example uses it.

    python tests/catalogue_complete.py [SINKS.tsv] [--exceptions FILE]

The table has the columns `family`, `apis` (names in back-ticks) and `evidence`; rows whose evidence begins with S
(source) or D (documentation) count. Exit code 0 where every name is shown or excepted, else 1 with a line per name.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlgate.policy import load_bundle
from mlgate.yaml_strict import read_foreign

HERE = Path(__file__).parent
SINKS = HERE / "data" / "sinks.tsv"
EXCEPTIONS = HERE / "catalogue_exceptions.yaml"

_CALL = re.compile(r"(?P<head>\.?[\w*<>]+(?:\.[\w*<>]+)*(?:/[\w.]+)*)(?:\((?P<inside>.*?)\))?(?P<rest>\.\w+(?:\(\))?)?")
_SAME_ROOT = {"tf": "(?:tf|tensorflow)", "ort": "(?:ort|onnxruntime)"}


@dataclass(frozen=True)
class Exceptions:
    """What the table's shorthand cannot say."""

    spelled: Mapping[str, Sequence[str]]
    """By name: texts that bad examples hold, all of them somewhere."""
    left_out: Mapping[str, str]
    """By name: why no rule shows it."""


def names(sinks: Path) -> Iterator[tuple[str, str]]:
    """(family, back-ticked name) of every row that was read in a source or a documentation."""
    with sinks.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["evidence"][:1] in ("S", "D"):
                for name in re.findall(r"`([^`]+)`", row["apis"]):
                    yield row["family"], name


def exceptions(path: Path) -> Exceptions:
    data: Any = read_foreign(path.read_text(encoding="utf-8"), path.name)[0].data
    return Exceptions(data["spelled"], data["left-out"])


def bad_examples() -> Iterator[str]:
    """The text of each bad example of each shipped rule, files of one example together."""
    for rule in load_bundle().rules.values():
        for example in rule.bad:
            yield "\n".join(f"{name}\n{text}" for name, text in example.files.items())


def spellings(name: str) -> list[tuple[re.Pattern[str], ...]]:
    """What an example must hold to use `name`: for each alternative that it lists, patterns that meet in one example.

    `a.b.load/loads` lists two; `a.b(key=True)` asks for `a`, `b` and `key=True`; `*` and `<Any>` stand for anything.
    What is no call is looked for as it stands, whatever the blanks.
    """
    found = _CALL.fullmatch(name)
    if found is None:
        return [(_literal(name),)]
    inside = found["inside"] or ""
    heads = [head + found["rest"] if found["rest"] else head for head in _heads(found["head"])]
    if inside == "s":  # load(s)
        heads += [f"{head}s" for head in heads]
        inside = ""
    return [(*_words(head), *_arguments(inside)) for head in heads]


def _heads(text: str) -> list[str]:
    first, *others = text.split("/")
    stem = first.rpartition(".")[0]
    return [first, *(f"{stem}.{other}" if stem else other for other in others)]


def _words(head: str) -> Iterator[re.Pattern[str]]:
    segments = [one.removesuffix("()") for one in head.split(".") if one]
    for place, segment in enumerate(segments):
        if "<" in segment or segment == "*":
            continue
        if place in (0, len(segments) - 1) or segment[:1].isupper():
            word = _SAME_ROOT.get(segment, re.escape(segment).replace(r"\*", r"\w*"))
            end = r"(?!\w)" if len(segments) > 1 else ""  # a bare word may be the prefix of a token: `hf_`
            yield re.compile(rf"(?<!\w){word}{end}")


def _arguments(inside: str) -> Iterator[re.Pattern[str]]:
    for keyword, value in re.findall(r"(\w+)=(True|False)?", inside):
        yield re.compile(rf"(?<!\w){keyword}[\"']?\s*[=:]\s*{value or ''}")


def _literal(text: str) -> re.Pattern[str]:
    return re.compile(r"\s*".join(re.escape(piece) for piece in text.split()))


def missing(sinks: Path, known: Exceptions) -> Iterator[str]:
    """A line per name that no bad example uses, and per exception that is not needed or names nothing."""
    examples = list(bad_examples())
    asked = dict.fromkeys(names(sinks))
    for family, name in asked:
        shown = _is_shown(name, known, examples)
        if name in known.left_out and shown:
            yield f"{family}: `{name}` is shown by now; take it out of the exceptions"
        elif name not in known.left_out and not shown:
            yield f"{family}: no rule's bad example uses `{name}`"
    every = {name for _, name in asked}
    for name in (*known.spelled, *known.left_out):
        if name not in every:
            yield f"exception for `{name}`, which the table does not hold"


def _is_shown(name: str, known: Exceptions, examples: Iterable[str]) -> bool:
    texts = list(examples)
    if name in known.spelled:
        return all(any(_literal(wanted).search(text) for text in texts) for wanted in known.spelled[name])
    return all(any(all(one.search(text) for one in words) for text in texts) for words in spellings(name))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sinks", nargs="?", type=Path, default=SINKS)
    parser.add_argument("--exceptions", type=Path, default=EXCEPTIONS)
    given = parser.parse_args(arguments)
    lines = list(missing(given.sinks, exceptions(given.exceptions)))
    print("\n".join(lines) or "every name is shown")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
