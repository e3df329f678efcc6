"""`mlgate init`: what is missing is written, what is there keeps every byte."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from mlgate import codeowners
from mlgate.governance.enforcement import ATTRIBUTES, HOOKS
from mlgate.policy.documents import mapping
from mlgate.policy.sources import FILE, FOLDER
from mlgate.verbs.setup import texts
from mlgate.yaml_strict import Document, YamlProblem, read_foreign

WORKFLOW = ".github/workflows/mlgate.yml"
OTHER_PIPELINES = (".gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile", ".cirrus.yml")

Read = Callable[[str], bytes | None]


class Asked(Struct, frozen=True):
    owner: str = ""
    """Who answers for the checks, as in CODEOWNERS; empty: nobody is named, so no owners are written."""
    source: str = texts.SOURCE
    """Where pre-commit gets mlgate from."""


class Step(Struct, frozen=True):
    """One file, and what happens to it."""

    path: str
    said: str
    """What was done, or why nothing was, or what is left to a person."""
    before: bytes | None = None
    after: bytes | None = None
    """None: nothing is written."""

    def diff(self) -> str:
        """What is written, as a unified diff."""
        if self.after is None:
            return ""
        old, new = (
            (data or b"").decode("utf-8", "replace").splitlines(keepends=True) for data in (self.before, self.after)
        )
        return "".join(difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}"))


def steps(read: Read, exists: Callable[[str], bool], paths: Mapping[str, bytes], asked: Asked) -> tuple[Step, ...]:
    """What is to be done. `paths`: workflows of the repository and their content."""
    return (_policy(exists, asked), _hooks(read(HOOKS), asked), _workflow(exists, paths), *_owners(read, asked))


def _policy(exists: Callable[[str], bool], asked: Asked) -> Step:
    there = next((path for path in (FILE, FOLDER) if exists(path)), None)
    if there is not None:
        return Step(there, "is there already; `mlgate policy test` tells whether it is right")
    return Step(
        FILE, "written: the shipped policy, and where to change it", None, texts.policy(asked.owner or "@you").encode()
    )


# --- pre-commit -----------------------------------------------------------------------------------------------------


def _hooks(data: bytes | None, asked: Asked) -> Step:
    if data is None:
        return Step(
            HOOKS,
            f"written: {', '.join(texts.HOOKS)}; now: pre-commit install",
            None,
            texts.pre_commit(asked.source).encode(),
        )
    text = data.decode("utf-8", "surrogateescape")
    before = _parsed(text)
    if before is None:
        return Step(HOOKS, "cannot be read as YAML; mend it and run `mlgate init` again")
    if "mlgate" in str(mapping(before.data).get("repos")):
        return Step(HOOKS, "runs mlgate already")
    after = _with_hooks(text, before, asked.source)
    if after is None:
        return Step(
            HOOKS, "is laid out in a way that nothing can be added to; add to its repos:\n" + texts.hooks(asked.source)
        )
    return Step(
        HOOKS,
        "one repository added at the end of repos; now: pre-commit install -t pre-commit -t pre-push",
        data,
        after.encode("utf-8", "surrogateescape"),
    )


def _with_hooks(text: str, before: Document, source: str) -> str | None:
    """`text` with our entry behind the last one of `repos`; None where that cannot be done for sure."""
    repos = mapping(before.data).get("repos")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    if isinstance(repos, list) and repos:
        first = re.match(r"( *)- ", lines[before.places[("repos", 0)].line - 1])
        if first is None:
            return None
        last = before.last_line(("repos", len(repos) - 1))
        new = texts.hooks(source, first.group(1)).rstrip("\n").split("\n")
        result = "\n".join([*lines[:last], *new, *lines[last:]])
    elif repos == [] or repos is None:
        place = before.places.get(("repos",))
        if place is None:
            result = "\n".join(lines).rstrip("\n") + f"\nrepos:\n{texts.hooks(source)}"
        elif re.fullmatch(r"repos:\s*(\[\s*\])?\s*", lines[place.line - 1]):
            lines[place.line - 1 : place.line] = ["repos:", *texts.hooks(source).rstrip("\n").split("\n")]
            result = "\n".join(lines)
        else:
            return None
    else:
        return None
    if not result.endswith("\n"):
        result += "\n"
    return result.replace("\n", newline) if _is_one_more(before, _parsed(result)) else None


def _is_one_more(before: Document, after: Document | None) -> bool:
    """Whether everything is as it was, and one repository stands at the end."""
    if after is None:
        return False
    old, new = dict(mapping(before.data)), dict(mapping(after.data))
    was, now = old.pop("repos", None) or [], new.pop("repos", None)
    return (
        old == new and isinstance(was, list) and isinstance(now, list) and now[:-1] == was and len(now) == len(was) + 1
    )


def _parsed(text: str) -> Document | None:
    try:
        documents = read_foreign(text, HOOKS)
    except YamlProblem:
        return None
    if not documents:
        return Document(HOOKS, {}, {})
    return documents[0] if len(documents) == 1 and isinstance(documents[0].data, dict) else None


# --- workflow and owners --------------------------------------------------------------------------------------------


def _workflow(exists: Callable[[str], bool], workflows: Mapping[str, bytes]) -> Step:
    ours = next((path for path, data in sorted(workflows.items()) if b"mlgate" in data), None)
    if ours is not None:
        return Step(ours, "runs mlgate already")
    other = next((path for path in OTHER_PIPELINES if exists(path)), None)
    if other is not None and not workflows:
        return Step(other, "add a job with the whole history that runs: mlgate check --base auto")
    return Step(WORKFLOW, "written: judges pull requests; make it a required check", None, texts.workflow().encode())


def _owners(read: Read, asked: Asked) -> Iterator[Step]:
    place = next((path for path in codeowners.PLACES if read(path) is not None), codeowners.PLACES[0])
    if not asked.owner:
        yield Step(place, "nothing written: say who answers for the checks with --owner @org/team")
        return
    data = read(place)
    known = codeowners.parse((data or b"").decode("utf-8", "replace"), place)
    wanted = ("/.mlgate.yaml", "/.mlgate/", f"/{HOOKS}", "/.github/workflows/", f"/{ATTRIBUTES}", f"/{place}")
    missing = tuple(path for path in wanted if asked.owner not in known.owners(_sample(path)))
    if not missing:
        yield Step(place, f"asks {asked.owner} already")
        return
    text = texts.owners(missing, asked.owner).encode()
    gap = b"" if not data else b"\n" if data.endswith(b"\n") else b"\n\n"
    yield Step(
        place,
        f"{len(missing)} lines added: {asked.owner} is asked when the checks change",
        data,
        (data or b"") + gap + text,
    )


def _sample(pattern: str) -> str:
    """A file that the pattern is for."""
    path = pattern.removeprefix("/")
    return f"{path}any.yml" if path.endswith("/") else path
