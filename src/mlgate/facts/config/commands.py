"""Commands and images of configuration files: workflows, compose files, pipelines, pods."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from mlgate.commands.repositories import image_of
from mlgate.commands.script import Word
from mlgate.facts.config.leaves import Leaf, Step
from mlgate.model import Embedded, Fact, Kind, LineMap, Unit, Value
from mlgate.regex import regex

_SCRIPTS = frozenset(
    {
        "run",
        "script",
        "before_script",
        "after_script",
        "bash",
        "install",
        "before_install",
        "onCreateCommand",
        "postCreateCommand",
        "postStartCommand",
        "updateContentCommand",
        "postAttachCommand",
        "inlineScript",
        "setup",
    }
)
"""Keys whose text is shell; each item of a list is a line."""
_ARGUMENTS = frozenset({"command", "entrypoint", "args", "cmd"})
"""Keys whose text is a command, and whose list is one command's words."""
_IMAGES = {
    # Source: ENTRYPOINT in vllm's docker/Dockerfile, text-generation-inference's and text-embeddings-inference's
    # Dockerfile, and kserve's python/huggingface_server.Dockerfile.
    "vllm-openai": "vllm serve",
    "text-generation-inference": "text-generation-launcher",
    "text-embeddings-inference": "text-embeddings-router",
    "huggingfaceserver": "python -m huggingfaceserver",
}
"""What an image starts, by the last part of its name: its command holds only options."""
_HAS_CONTAINERS = (
    r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$|(?:^|/)\.gitlab-ci[\w.-]*\.ya?ml$|(?:^|/)\.circleci/"
    r"|(?:^|/)action\.ya?ml$|(?:^|/)\.devcontainer|cloudbuild[\w.-]*\.(?:ya?ml|json)$"
)
_CONTAINERS = regex(_HAS_CONTAINERS + r"|(?:^|/)\.github/")
"""Files in which `image` names a container."""
_RUN = regex(
    _HAS_CONTAINERS + r"|(?:^|/)\.github/workflows/|(?:^|/)(?:azure|bitbucket)-pipelines[\w.-]*\.ya?ml$"
    r"|(?:^|/)\.(?:cirrus|travis)\.ya?ml$|(?:^|/)\.buildkite/|(?:^|/)\.pre-commit-(?:config|hooks)\.yaml$"
)
"""Files whose commands a service or tool runs."""


def is_run(path: str) -> bool:
    """Whether a service runs what stands in the file, by its name; in a template of a repository none does."""
    return "{{" not in path and _RUN.search(path) is not None


def is_command(leaf: Leaf) -> bool:
    """Whether a leaf is part of what a shell reads."""
    return leaf.key in _SCRIPTS or leaf.key in _ARGUMENTS


def commands(leaves: Sequence[Leaf], unit: Unit, path: str) -> tuple[list[Fact], list[Embedded]]:
    """Facts `shell` for images, and embedded shell (`origin` workflow)."""
    pod = any(leaf.path == ("apiVersion",) for leaf in leaves) and any(leaf.path == ("kind",) for leaf in leaves)
    known = pod or _CONTAINERS.search(path) is not None
    facts = list(_images(leaves, unit)) if known else []
    return facts, list(_carried(leaves, unit, path, known))


def _carried(leaves: Sequence[Leaf], unit: Unit, path: str, known: bool) -> Iterator[Embedded]:
    shells = {leaf.path[:-1]: leaf.value for leaf in leaves if leaf.path and leaf.path[-1] == "shell"}
    started = _started(leaves)
    joined: dict[tuple[Step, ...], list[Leaf]] = {}
    for leaf in leaves:
        if not isinstance(leaf.value, str) or not leaf.path or not leaf.value.strip():
            continue
        last = leaf.path[-1]
        if last in _SCRIPTS or (isinstance(last, int) and len(leaf.path) > 1 and leaf.path[-2] in _SCRIPTS):
            if not known and last not in ("run", "script"):
                continue
            kind = Kind.PYTHON if str(shells.get(leaf.path[:-1], "")).startswith("python") else Kind.SHELL
            yield Embedded(kind, _unit(leaf, leaf.value, unit), origin="workflow")
        elif last in _ARGUMENTS:
            command = _unit(leaf, leaf.value, unit)
            yield Embedded(Kind.SHELL, _begun(command, started.get(leaf.path[:-1], "")), origin="workflow")
        elif isinstance(last, int) and len(leaf.path) > 1 and leaf.path[-2] in _ARGUMENTS:
            base = leaf.path[:-2]
            joined.setdefault(base, []).append(leaf)
        elif path.endswith("package.json") and leaf.path[:1] == ("scripts",) and len(leaf.path) == 2:
            yield Embedded(Kind.SHELL, _unit(leaf, leaf.value, unit), origin="workflow")
    for base, words in joined.items():
        order = {"entrypoint": 0, "command": 0, "cmd": 1, "args": 1}
        words.sort(key=lambda leaf: (order.get(str(leaf.path[-2]), 0), leaf.line, leaf.column))
        text = " ".join(shlex.quote(str(leaf.value)) for leaf in words)
        first = words[0]
        command = Unit(unit.cell, text, LineMap(((first.line, first.column - 1),)))
        yield Embedded(Kind.SHELL, _begun(command, started.get(base, "")), origin="workflow")


def _started(leaves: Sequence[Leaf]) -> dict[tuple[Step, ...], str]:
    """The programs that images start, by the path of the container."""
    found: dict[tuple[Step, ...], str] = {}
    for leaf in leaves:
        if leaf.path[-1:] == ("image",) and isinstance(leaf.value, str):
            image = image_of(Word(leaf.value, 0, len(leaf.value)))
            program = _IMAGES.get(image.name.rpartition("/")[2]) if image is not None else None
            if program is not None:
                found[leaf.path[:-1]] = program
        elif leaf.path[-2:] == ("modelFormat", "name") and leaf.value == "huggingface":  # KServe
            found[leaf.path[:-2]] = _IMAGES["huggingfaceserver"]
    return found


def _begun(command: Unit, program: str) -> Unit:
    """The command with the program before its options, on a line of its own, so that columns stay."""
    if not program or not command.text.lstrip().startswith("-") or command.lines is None:
        return command
    places = command.lines.lines
    return Unit(command.cell, f"{program} \\\n{command.text}", LineMap((places[0], *places)))


def _unit(leaf: Leaf, text: str, unit: Unit) -> Unit:
    """Expressions of workflows are unknown parts, as `{…}`, of which a shell variable makes no word of its own."""
    text = re.sub(r"\$\{\{[^{}\n]*\}\}", "{…}", text)
    count = text.count("\n") + 1
    lines = leaf.lines or ((leaf.line, leaf.column - 1),)
    placed = tuple(lines[min(row, len(lines) - 1)] for row in range(count))
    return Unit(unit.cell, text, LineMap(placed))


def _images(leaves: Sequence[Leaf], unit: Unit) -> Iterator[Fact]:
    built = {leaf.path[: leaf.path.index("build")] for leaf in leaves if "build" in leaf.path}
    for leaf in leaves:
        if not leaf.path or not isinstance(leaf.value, str):
            continue
        last = leaf.path[-1]
        named = last in ("image", "container") or (isinstance(last, int) and leaf.key in ("images", "services"))
        if not named or leaf.path[:-1] in built or not re.fullmatch(r"[\w./:@-]+", leaf.value):
            continue
        image = image_of(Word(leaf.value, 0, len(leaf.value)))
        if image is None:
            continue
        attributes = {
            "program": Value(("docker",)),
            "origin": Value(("workflow",)),
            "image": Value((image.name,)),
        }
        if image.tag:
            attributes["tag"] = Value((image.tag,))
        if image.digest:
            attributes["digest"] = Value((image.digest,))
        yield Fact("shell", f"docker image {leaf.value}", leaf.span(unit.cell), attributes=attributes)
