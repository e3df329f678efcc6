"""Dockerfiles: images, settings, downloads, and the shell that RUN, CMD and ENTRYPOINT carry."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from mlgate.addresses import address
from mlgate.commands.content import content_of
from mlgate.commands.repositories import image_of
from mlgate.commands.requirements import COMMIT, without_password
from mlgate.commands.script import Word
from mlgate.model import Embedded, Extraction, Fact, Items, Kind, LineMap, Span, Unit, Value, Vocabulary
from mlgate.neighbours import described
from mlgate.regex import regex

_INSTRUCTION = regex(r"[ \t]*([A-Za-z]+)(?:[ \t]+|$)")
_DIRECTIVE = regex(r"[ \t]*#[ \t]*escape[ \t]*=[ \t]*(\S)", re.IGNORECASE)
_FLAG = regex(r"--[a-z][\w-]*(?:=(?:\"[^\"]*\"|\S)*)?[ \t]*")
_HEREDOC = regex(r"<<(-?)([\"']?)([A-Za-z_]\w*)\2")
_PAIR = regex(r"""([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)""")
_VARIABLE = regex(r"\$(?:(\w+)|\{(\w+)(?::?([-+])([^}]*))?\})")


class _Instruction(Struct, frozen=True):
    name: str
    """Upper case."""
    text: str
    """What follows the name, continuation lines put together with `\n` for each line's end."""
    places: tuple[tuple[int, int], ...]
    """For each line of `text`: 1-based line of the file, and what to add to a column."""
    bodies: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = ()
    """Heredocs: their delimiter, text and places."""

    def span(self, cell: int) -> Span:
        lines = self.text.split("\n")
        first, last = self.places[0], self.places[-1]
        return Span(cell, first[0], first[1] + 1, last[0], last[1] + len(lines[-1].rstrip()) + 1)


def extract(units: Sequence[Unit], vocabulary: Vocabulary) -> Extraction:
    """Facts `shell` for FROM and ADD of addresses, `setting` and `string` (addresses) for ENV and ARG, and shell."""
    facts: list[Fact] = []
    embedded: list[Embedded] = []
    for unit in units:
        first = len(facts)
        stages: set[str] = set()
        known: dict[str, str] = {}
        said: dict[str, Value] = {}
        for one in _instructions(unit.text):
            match one.name:
                case "FROM":
                    facts += _from(one, unit.cell, stages, known)
                case "ENV" | "ARG":
                    facts += _settings(one, unit.cell, vocabulary, known, said)
                case "ADD":
                    facts += _added(one, unit.cell, known)
                case "RUN" | "CMD" | "ENTRYPOINT":
                    embedded += _carried(one, unit.cell)
                case "HEALTHCHECK":
                    continue
                case _:
                    continue
        facts[first:] = [_described(fact, said, vocabulary) for fact in facts[first:]]
    return Extraction(tuple(facts), tuple(embedded))


def _instructions(text: str) -> Iterator[_Instruction]:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    directive = _DIRECTIVE.match(lines[0]) if lines else None
    escape = directive.group(1) if directive is not None else "\\"
    index = 0
    while index < len(lines):
        match = _INSTRUCTION.match(lines[index])
        if match is None:
            index += 1
            continue
        name, start = match.group(1).upper(), match.end()
        pieces: list[str] = []
        places: list[tuple[int, int]] = []
        while index < len(lines):
            line = lines[index]
            if places and (not line.strip() or line.lstrip().startswith("#")):  # allowed between continuation lines
                index += 1
                continue
            piece = line[start:]
            places.append((index + 1, start))
            start = 0
            index += 1
            if not piece.rstrip().endswith(escape):
                pieces.append(piece)
                break
            pieces.append(piece.rstrip()[: -len(escape)])
        bodies: list[tuple[str, str, tuple[tuple[int, int], ...]]] = []
        if name in ("RUN", "COPY", "ADD"):
            for here in _HEREDOC.finditer("\n".join(pieces)):
                body, index = _heredoc(lines, index, here.group(3), here.group(1) == "-")
                bodies.append((here.group(3), *body))
        yield _Instruction(name, "\n".join(pieces), tuple(places), tuple(bodies))


def _heredoc(
    lines: Sequence[str], index: int, delimiter: str, strip: bool
) -> tuple[tuple[str, tuple[tuple[int, int], ...]], int]:
    texts: list[str] = []
    places: list[tuple[int, int]] = []
    while index < len(lines):
        line = lines[index]
        taken = len(line) - len(line.lstrip("\t")) if strip else 0
        index += 1
        if line[taken:].rstrip() == delimiter:
            break
        texts.append(line[taken:])
        places.append((index, taken))
    return ("\n".join(texts), tuple(places)), index


# --- FROM, ADD


def _from(one: _Instruction, cell: int, stages: set[str], known: dict[str, str]) -> Iterator[Fact]:
    text = (
        _FLAG.sub("", one.text.replace("\n", " "), count=4).strip() if one.text.lstrip().startswith("--") else one.text
    )
    words = text.split()
    if not words:
        return
    name, held = _expand(words[0], known)
    held = held or "{" in name  # a template of something else
    earlier = name in stages
    if len(words) > 2 and words[1].upper() == "AS":
        stages.add(words[2])
    if earlier or name.lower() == "scratch":
        return
    attributes = {
        "program": Value(("docker",)),
        "origin": Value(("dockerfile",)),
        "words": Value((Items(tuple(Value((word,)) for word in ["FROM", *words])),)),
    }
    image = image_of(Word(name, 0, len(name)))
    if held or image is None:
        attributes["image"] = Value((), f"`{words[0]}` is given by who builds it")
    else:  # ARG's default is what is built unless someone says otherwise
        attributes["image"] = Value((image.name,))
    if image is not None and not held:
        if image.tag:
            attributes["tag"] = Value((image.tag,))
        if image.digest:
            attributes["digest"] = Value((image.digest,))
    yield Fact("shell", f"docker FROM {name}", one.span(cell), attributes=attributes)


def _added(one: _Instruction, cell: int, known: dict[str, str]) -> Iterator[Fact]:
    """`ADD https://… target`, with or without `--checksum=`."""
    flags = one.text[: len(one.text) - len(re.sub(r"^(?:\s*--[a-z][\w-]*(?:=\S*)?\s*)+", "", one.text))]
    words = one.text[len(flags) :].replace("\n", " ").split()
    for word in words[:-1]:
        address, held = _expand(word.strip('[]",'), known)
        if re.match(r"(?:https?|ftp)://|git@", address) is None:
            continue
        target = words[-1].strip('[]",')
        attributes = {
            "program": Value(("ADD",)),
            "origin": Value(("dockerfile",)),
            "transfer": Value(("download",)),
            "url": Value((), f"`{word}` is given by who builds it") if held else Value((without_password(address),)),
            "target": Value((target,)),
            "content": Value((content_of(address, target),)),
        }
        if "--checksum=" in flags:
            attributes["verified"] = Value((True,))
        commit = COMMIT.search(address)
        if commit is not None:
            attributes["revision"] = Value((commit.group(),))
        yield Fact("shell", f"ADD {without_password(address)} {target}", one.span(cell), attributes=attributes)


def _expand(text: str, known: dict[str, str]) -> tuple[str, bool]:
    """`text` with variables replaced, and whether one of them is not known."""
    held = False

    def one(match: re.Match[str]) -> str:
        nonlocal held
        value = known.get(match.group(1) or match.group(2))
        if value is None and match.group(3) == "-":
            value = match.group(4)
        if value is None:
            held = True
            return match.group()
        return value

    return _VARIABLE.sub(one, text), held


# --- ENV, ARG


def _settings(
    one: _Instruction, cell: int, vocabulary: Vocabulary, known: dict[str, str], said: dict[str, Value]
) -> Iterator[Fact]:
    """States what ENV and ARG set; fills `known` for later variables, and `said` with every value."""
    pairs: list[tuple[str, str, int, int]] = []
    if one.name == "ENV" and re.match(r"\s*[A-Za-z_]\w*[ \t]+[^=\s]", one.text) and "=" not in one.text.split()[0]:
        match = re.match(r"\s*([A-Za-z_]\w*)[ \t]+(.*?)\s*$", one.text, re.DOTALL)
        if match is not None:
            pairs.append((match.group(1), match.group(2), match.start(1), match.end(2)))
    else:
        pairs += [(m.group(1), _unquoted(m.group(2)), m.start(1), m.end(2)) for m in _PAIR.finditer(one.text)]
    for name, raw, start, end in pairs:
        value, held = _expand(raw, known)
        if held:
            known.pop(name, None)
        else:
            known[name] = value
        said[name] = Value((), f"`{raw[:60]}` holds it") if held else Value((value,))
        line, column = _place(one, start)
        end_line, end_column = _place(one, end)
        span = Span(cell, line, column, end_line, end_column)
        found = address(value, name, span, vocabulary.strings)
        if found is not None:
            yield found
        if not any(fnmatchcase(f"env:{name}", pattern) for pattern in vocabulary.settings):
            continue
        yield Fact("setting", f"env:{name}", span, attributes={"value": said[name]})


def _described(fact: Fact, said: Mapping[str, Value], vocabulary: Vocabulary) -> Fact:
    """A setting with what the file says besides: it holds for the image, wherever it stands."""
    if fact.kind != "setting":
        return fact
    key, value = fact.name.removeprefix("env:"), fact.attributes["value"]
    return replace(fact, attributes=described(key, value, said, vocabulary.beside))


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text.replace("\\ ", " ")


def _place(one: _Instruction, index: int) -> tuple[int, int]:
    before = one.text[:index]
    row = before.count("\n")
    line, add = one.places[row]
    return line, index - (before.rfind("\n") + 1) + add + 1


# --- RUN, CMD, ENTRYPOINT


def _carried(one: _Instruction, cell: int) -> Iterator[Embedded]:
    flags = re.match(r"(?:\s*--[a-z][\w-]*(?:=\S*)?)*\s*", one.text)
    skipped = flags.end() if flags is not None else 0
    blank = re.sub(r"[^\n]", " ", one.text[:skipped])
    text = blank + one.text[skipped:]
    for delimiter, body, places in one.bodies:
        first = text[skipped:].split("<<")[0].strip()
        kind = Kind.PYTHON if re.match(r"(?:\S*/)?python[\d.]*$", first) else Kind.SHELL
        if body.startswith("#!") and "python" in body.split("\n", 1)[0]:
            kind = Kind.PYTHON
        yield Embedded(kind, Unit(cell, body, LineMap(places)), origin="dockerfile")
        text = re.sub(r"<<-?[\"']?" + delimiter + r"[\"']?", "", text)
    words = _exec_form(text[skipped:])
    if words is not None:
        joined = " ".join(shlex.quote(word) for word in words)
        yield Embedded(Kind.SHELL, Unit(cell, joined, LineMap((one.places[0],))), origin="dockerfile")
        return
    if text.strip():
        # Each line but the last goes on: the shell sees one.
        lines = text.split("\n")
        script = "\n".join([f"{line}\\" for line in lines[:-1]] + lines[-1:])
        yield Embedded(Kind.SHELL, Unit(cell, script, LineMap(one.places)), origin="dockerfile")


def _exec_form(text: str) -> list[str] | None:
    text = text.strip()
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [str(word) for word in words] if isinstance(words, list) else None
