"""Prints docs/rules.md from the rules that mlgate ships; `--check` says whether the file is what would be printed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from mlgate.cascade import Bundle, said
from mlgate.model import Example, Level, Parameter, Rule
from mlgate.policy import load_bundle
from mlgate.report.references import link
from mlgate.shipped import shipped

TARGET = Path(__file__).resolve().parents[1] / "docs" / "rules.md"

FAMILIES: Mapping[str, str] = {
    "unsafe-load": "Loading a file or a model runs code that it carries.",
    "unpinned": "What is loaded or installed may be something else next time.",
    "secret": "A credential stands in the repository.",
    "data": "Code reaches production data.",
    "exposure": "A server or a tunnel lets others in.",
    "download": "A file comes from the network and nothing says that it is the right one.",
    "dependency": "Packages come from where somebody else may put theirs.",
    "input": "mlgate could not look, or not everywhere.",
    "governance": "The change weakens the checks themselves.",
}
"""What a family is about, in the order in which they are printed; others follow in alphabetical order."""

LEVELS: Mapping[Level, str] = {
    Level.OFF: "not looked for",
    Level.RECORD: "recorded",
    Level.WARN: "warns",
    Level.BLOCK: "blocks",
}

_MARKUP = re.compile(r"[\\*<]|(?<=\])\(|(?<!\w)_|_(?!\w)|(?<=_)_|_(?=_)")
"""Signs that Markdown would take for its own; an underscore inside a word it leaves alone."""


def page(bundle: Bundle) -> str:
    """The whole of docs/rules.md."""
    rules = sorted(bundle.rules.values(), key=lambda rule: (*_rank(_family(rule)), rule.id))
    families = {family: list(members) for family, members in groupby(rules, key=_family)}
    parts = [
        "# Rules",
        "<!-- Printed from policies/ by scripts/print_rules.py: change the rules, then print again. -->",
        f"{len(rules)} rules that mlgate ships. `mlgate explain RULE` shows one in the terminal, `mlgate rules` lists"
        " them with the level that holds in a repository. The levels below are those of the shipped policy, for"
        " findings that are certain; what is only likely warns at most.",
        *(_contents(family, members, bundle) for family, members in families.items()),
    ]
    for family, members in families.items():
        parts += [f"## {family}", FAMILIES.get(family, ""), *(_rule(rule, bundle) for rule in members)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _family(rule: Rule) -> str:
    return rule.id.partition("/")[0]


def _rank(family: str) -> tuple[int, str]:
    known = list(FAMILIES)
    return (known.index(family), "") if family in FAMILIES else (len(known), family)


def _contents(family: str, rules: Sequence[Rule], bundle: Bundle) -> str:
    lines = [f"**[{family}](#{family})**", "", "| Rule | | Severity | Level |", "|---|---|---|---|"]
    for rule in rules:
        level = LEVELS[Level(said(bundle, rule.id, "level").value)]
        title = _cell(rule.title)
        lines.append(f"| [{rule.id}](#{_anchor(rule.id)}) | {title} | {rule.severity.name.lower()} | {level} |")
    return "\n".join(lines)


def _anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading: lower case, blanks to hyphens, other signs dropped."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """One line in which names such as `__reduce__` or `<commit>` are not taken for markup."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(piece if piece.startswith("`") else _MARKUP.sub(r"\\\g<0>", piece) for piece in pieces)


def _rule(rule: Rule, bundle: Bundle) -> str:
    level = LEVELS[Level(said(bundle, rule.id, "level").value)]
    parts = [
        f"### {rule.id}",
        f"**{_prose(rule.title)}** · {rule.severity.name.lower()} severity · {level}",
        *(["Formerly " + ", ".join(f"`{name}`" for name in rule.formerly) + "."] if rule.formerly else []),
        _prose(rule.why),
        f"**Do:** {_prose(rule.fix)}",
        *_examples("Found:", rule.bad),
        *_examples("Not found:", rule.good),
        *_examples("Known misses:", rule.gap),
        _parameters(rule.params),
        _references(rule.references),
    ]
    return "\n\n".join(part for part in parts if part)


def _examples(label: str, examples: Iterable[Example]) -> list[str]:
    shown = [_example(example) for example in examples]
    return [label, *shown] if shown else []


def _example(example: Example) -> str:
    parts = []
    if example.base:
        parts += ["Before:", *(_fenced(path, text) for path, text in sorted(example.base.items())), "After:"]
    parts += [_fenced(path, text) for path, text in sorted(example.files.items())]
    if example.unread:
        parts.append(f"A file that is `{example.unread}`.")
    return "\n\n".join(parts)


def _fenced(path: str, text: str) -> str:
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    body = "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
    block = f"{fence}{_language(path)}\n{body}{fence}"
    return f"`{path}`\n\n{block}" if path else block


def _language(path: str) -> str:
    if not path:
        return "python"
    name = Path(path).name.lower()
    if name.startswith("dockerfile"):
        return "dockerfile"
    suffixes = {".py": "python", ".ipynb": "json", ".sh": "sh", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
    return suffixes.get(Path(name).suffix, "text")


def _parameters(params: Mapping[str, Parameter]) -> str:
    if not params:
        return ""
    lines = ["| Parameter | Type | Default | Stricter | |", "|---|---|---|---|---|"]
    for name, parameter in sorted(params.items()):
        default = _default(parameter.default)
        lines.append(
            f"| `{name}` | {parameter.type} | {default} | {parameter.stricter} | {_cell(parameter.description)} |"
        )
    return "\n".join(lines)


def _default(value: object) -> str:
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(_code(str(each).lower() if isinstance(each, bool) else str(each)) for each in values) or "none"


def _code(text: str) -> str:
    """As code inside a table's cell, where a bar ends the cell even between backticks."""
    text = text.replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _references(references: Sequence[str]) -> str:
    lines = []
    for reference in references:
        target = link(reference)
        if target is None:
            lines.append(f"* {_prose(reference)}")
        elif target == reference:
            lines.append(f"* <{target}>")
        else:
            lines.append(f"* [{_prose(reference.replace(target, '').strip())}]({target})")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where docs/rules.md is not current")
    check = parser.parse_args().check
    text = page(load_bundle(shipped("policies")))
    if not check:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/rules.md is not what the rules say; run scripts/print_rules.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
