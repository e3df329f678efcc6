"""Changes to what makes mlgate run and makes people look: hooks, workflows, code owners, attributes of notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from mlgate import codeowners
from mlgate.governance import Change
from mlgate.regex import regex
from mlgate.yaml_strict import Data, Document, KeyPath, YamlProblem, read_foreign

HOOKS = ".pre-commit-config.yaml"
ATTRIBUTES = ".gitattributes"

Read = Callable[[str], bytes | None]

_PIPELINE = regex(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|azure-pipelines\.yml|bitbucket-pipelines\.yml|\.cirrus\.yml"
    r"|\.buildkite/[^/]+\.ya?ml|\.circleci/config\.yml|Jenkinsfile|\.github/actions/.+\.ya?ml|(?:.+/)?[Mm]akefile"
    r"|(?:.+/)?(?:justfile|tox\.ini|noxfile\.py|Taskfile\.ya?ml|package\.json|[^/]+\.mk|[^/]+\.sh)"
)
"""Where a repository may say that it runs mlgate."""
_GOVERNED = (".mlgate.yaml", ".mlgate/waivers.yaml", HOOKS, ATTRIBUTES)
"""Files whose owners matter whether they are there yet or not."""
_HIDES = ("binary", "-diff", "-text", "linguist-generated", "linguist-vendored", "merge=ours", "diff=")


def is_governed(path: str) -> bool:
    """Whether a change of the file may change the enforcement."""
    return path in (HOOKS, ATTRIBUTES, *codeowners.PLACES) or _PIPELINE.fullmatch(path) is not None


def changes(paths: Iterable[str], base: Read, head: Read) -> Iterator[Change]:
    """What the head does to the enforcement that the base has. `paths`: every path, old or new, that differs.

    Only what the base enforces can be weakened: who adds a hook or a workflow is told nothing.
    """
    touched = sorted({path for path in paths if is_governed(path)})
    if HOOKS in touched:
        yield from _hooks(_text(base(HOOKS)), _text(head(HOOKS)))
    pipelines = [path for path in touched if _PIPELINE.fullmatch(path)]
    if pipelines:
        yield from _pipelines(pipelines, base, head)
    if any(path in codeowners.PLACES for path in touched):
        yield from _owners(base, head)
    if ATTRIBUTES in touched:
        yield from _attributes(_text(base(ATTRIBUTES)), _text(head(ATTRIBUTES)))


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def _change(path: str, line: int, what: str, was: str, now: str, *, is_gone: bool = False) -> Change:
    return Change(path, line, "enforcement-changed", (("what", what), ("was", was), ("now", now)), is_gone)


# --- documents ------------------------------------------------------------------------------------------------------


class _Part(Struct, frozen=True):
    """One thing that enforces, with what of it decides whether and how mlgate runs."""

    name: str
    line: int
    settings: Mapping[str, str]


def _documents(text: str | None, path: str) -> tuple[Document, ...] | None:
    """None: it is not there, or nobody can read it."""
    if text is None:
        return None
    try:
        return read_foreign(text, path)
    except YamlProblem:
        return None


def _compare(path: str, was: list[_Part], now: list[_Part], noun: str) -> Iterator[Change]:
    """Parts of one name are compared in order; one that is gone, and each setting of it that is another."""
    left = list(now)
    for part in was:
        match = next((one for one in left if one.name == part.name), None)
        if match is None:
            yield _change(path, part.line, f"{noun} {part.name}", "there", "gone", is_gone=True)
            continue
        left.remove(match)
        for key in sorted({*part.settings, *match.settings}):
            before, after = part.settings.get(key, "not said"), match.settings.get(key, "not said")
            if before != after and not (key == "rev" and _is_newer(before, after)):
                yield _change(path, match.line, f"{noun} {part.name}: {key}", before, after)


def _is_newer(was: str, now: str) -> bool:
    """Whether both are releases and the second is the later: what `pre-commit autoupdate` does weakens nothing."""
    try:
        return Version(now) > Version(was)
    except InvalidVersion:
        return False


# --- pre-commit -----------------------------------------------------------------------------------------------------

_HOOK_KEYS = (
    "args",
    "entry",
    "exclude",
    "files",
    "stages",
    "types",
    "types_or",
    "exclude_types",
    "always_run",
    "require_serial",
    "language",
    "additional_dependencies",
    "pass_filenames",
)
_FILE_KEYS = ("exclude", "files", "default_stages", "ci")


def _hooks(was: str | None, now: str | None) -> Iterator[Change]:
    before = _documents(was, HOOKS)
    parts = hook_parts(before)
    if not parts:
        return
    after = _documents(now, HOOKS)
    if after is None:
        why = "gone" if now is None else "not readable"
        yield _change(
            HOOKS,
            1 if now is not None else parts[0].line,
            "pre-commit's configuration",
            "there",
            why,
            is_gone=now is None,
        )
        return
    yield from _compare(HOOKS, parts, hook_parts(after), "hook")
    old, new = _top(before), _top(after)
    for key in _FILE_KEYS:
        if _spelled(old.get(key)) != _spelled(new.get(key)) and not _is_wider(key, old.get(key), new.get(key)):
            yield _change(
                HOOKS, after[-1].line((key,)), f"pre-commit: {key}", _spelled(old.get(key)), _spelled(new.get(key))
            )


def _is_wider(key: str, old: Data, new: Data) -> bool:
    """Whether pre-commit looks at no less than before."""
    if key in ("exclude", "files", "default_stages"):
        return new is None
    skipped = _listed(_map(new).get("skip"))
    return key == "ci" and not any("mlgate" in str(one) for one in skipped)


def hook_parts(documents: tuple[Document, ...] | None) -> list[_Part]:
    """The hooks of a pre-commit configuration that run mlgate."""
    found: list[_Part] = []
    # pre-commit reads one document; of several the last is no worse a guess than the first.
    for document in documents or ():
        for index, repo in enumerate(_listed(_map(document.data).get("repos"))):
            said = _map(repo)
            for number, hook in enumerate(_listed(said.get("hooks"))):
                if not _is_ours(said, _map(hook)):
                    continue
                at: KeyPath = ("repos", index, "hooks", number)
                settings = {key: _spelled(value) for key, value in _map(hook).items() if key in _HOOK_KEYS}
                settings["repo"] = str(said.get("repo", ""))
                settings["rev"] = str(said.get("rev", ""))
                found.append(_Part(str(_map(hook).get("id", "")), document.line(at), settings))
    return found


def _is_ours(repo: Mapping[str, Data], hook: Mapping[str, Data]) -> bool:
    names = (repo.get("repo"), hook.get("id"), hook.get("entry"), hook.get("alias"))
    return any("mlgate" in str(name) for name in names if name)


# --- pipelines ------------------------------------------------------------------------------------------------------


def _pipelines(paths: list[str], base: Read, head: Read) -> Iterator[Change]:
    """Workflows that run mlgate: the file, what starts it, and the jobs and steps that run it."""
    for path in paths:
        was, now = _text(base(path)), _text(head(path))
        if was is None or "mlgate" not in was:
            continue
        if now is None:
            yield _change(path, 1, "the pipeline that runs mlgate", "there", "gone", is_gone=True)
            continue
        before, after = _documents(was, path), _documents(now, path)
        if before is None or not path.endswith((".yml", ".yaml")):
            yield from _lines(path, was, now)
        elif after is None:
            yield _change(path, 1, "the pipeline that runs mlgate", "there", "not readable")
        elif path.startswith(".github/workflows/"):
            yield from _workflow(path, before[0], after[0])
        elif _spelled(before[0].data) != _spelled(after[0].data):
            yield from _lines(path, was, now)


def _lines(path: str, was: str, now: str) -> Iterator[Change]:
    """A pipeline whose language is not read: the lines that name mlgate, in order."""
    old = [line.strip() for line in was.splitlines() if "mlgate" in line and not line.strip().startswith(("#", "//"))]
    new = [line.strip() for line in now.splitlines()]
    for line in old:
        if line not in new:
            yield _change(path, 1, "a line that runs mlgate", line, "gone or another")
    for word in ("allow_failure", "continueOnError", "when: manual", "|| true"):
        if now.count(word) > was.count(word):
            yield _change(path, 1, f"'{word}'", f"{was.count(word)} times", f"{now.count(word)} times")


def _workflow(path: str, before: Document, after: Document) -> Iterator[Change]:
    old, new = _map(before.data), _map(after.data)
    was = _job_parts(before)
    if not was:
        return
    yield from _compare(path, was, _job_parts(after), "job")
    for key in ("on", "permissions", "defaults", "env"):
        if _spelled(_on(old, key)) != _spelled(_on(new, key)):
            yield _change(
                path, after.line((key,)), f"workflow: {key}", _spelled(_on(old, key)), _spelled(_on(new, key))
            )


def _on(workflow: Mapping[str, Data], key: str) -> Data:
    """YAML 1.1 reads `on` as true, and so may be written either way."""
    return workflow.get(key, workflow.get("true") if key == "on" else None)


_NOT_WHETHER = frozenset(["steps", "name", "timeout-minutes", "runs-on", "concurrency", "outputs"])
"""Keys of a job that do not decide whether mlgate runs, nor on what."""


def _job_parts(document: Document) -> list[_Part]:
    """Jobs that run mlgate: their conditions, and their steps up to the last that runs it."""
    found: list[_Part] = []
    for name, job in _map(_map(document.data).get("jobs")).items():
        said = _map(job)
        steps = [_map(step) for step in _listed(said.get("steps"))]
        ours = [index for index, step in enumerate(steps) if "mlgate" in _spelled(step)]
        if not ours and "mlgate" not in str(said.get("uses", "")):
            continue
        settings = {key: _spelled(value) for key, value in said.items() if key not in _NOT_WHETHER}
        for number, index in enumerate(ours, 1):
            for key, value in steps[index].items():
                if key != "name":
                    settings[f"step {number}: {key}"] = _spelled(value)
        for number, step in enumerate(steps[: ours[-1] + 1] if ours else ()):
            if str(step.get("uses", "")).startswith("actions/checkout"):
                settings[f"checkout {number + 1}"] = _spelled(step.get("with"))
        found.append(_Part(name, document.line(("jobs", name)), settings))
    return found


# --- code owners ----------------------------------------------------------------------------------------------------


def _owners(base: Read, head: Read) -> Iterator[Change]:
    was, now = codeowners.load(base), codeowners.load(head)
    for path in (*_GOVERNED, *codeowners.PLACES[:2]):
        before, after = was.owners(path), now.owners(path)
        lost = sorted(set(before) - set(after))
        if lost:
            line = now.line(path)
            where = now.path or was.path
            yield _change(
                where,
                line.number if line else 1,
                f"owners of {path}",
                " ".join(before),
                " ".join(after) or "nobody",
                is_gone=not now.path,
            )


# --- attributes -----------------------------------------------------------------------------------------------------


def _attributes(was: str | None, now: str | None) -> Iterator[Change]:
    """Attributes of notebooks that keep a review from seeing them, and filters that are gone."""
    before, after = _notebook_attributes(was or ""), _notebook_attributes(now or "")
    for name, (value, line) in after.items():
        if name.startswith(_HIDES) and name not in before:
            yield _change(ATTRIBUTES, line, "attributes of notebooks", "not said", value)
    for name, (value, line) in before.items():
        if name.startswith(("filter=", "diff=")) and name not in after:
            yield _change(ATTRIBUTES, line, "attributes of notebooks", value, "gone", is_gone=True)


def _notebook_attributes(text: str) -> dict[str, tuple[str, int]]:
    """Attribute → (as written, line) of the patterns that fit notebooks."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#") or not _fits_notebooks(words[0]):
            continue
        for word in words[1:]:
            negated = word.removeprefix("-").removeprefix("!")
            found.pop(negated, None)
            if not (word.startswith(("linguist-generated", "linguist-vendored")) and word.endswith("=false")):
                found[word] = (f"{words[0]} {word}", number)
    return found


def _fits_notebooks(pattern: str) -> bool:
    return pattern in ("*", "**", "**/*") or pattern.rstrip("/").endswith((".ipynb", "*.*", "/**", "/*"))


# --- values ---------------------------------------------------------------------------------------------------------


def _top(documents: tuple[Document, ...] | None) -> Mapping[str, Data]:
    return _map(documents[-1].data) if documents else {}


def _map(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _listed(data: Data) -> list[Data]:
    return data if isinstance(data, list) else []


def _spelled(data: Data) -> str:
    """One spelling of a value: keys in order, no layout."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {_spelled(data[key])}" for key in sorted(data)) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(_spelled, data)) + "]"
    if data is None:
        return "not said"
    return str(data).lower() if isinstance(data, bool) else str(data)
