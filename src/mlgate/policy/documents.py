"""Bytes become policy documents whose shape is right; `requires` is read before anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlgate import __version__
from mlgate.errors import PolicyError
from mlgate.policy import read_before
from mlgate.policy.shape import schema, shape_problems
from mlgate.yaml_strict import Data, Document, read


def parse(files: Mapping[str, bytes], folder: Path | None = None, *, check_schema: bool = True) -> tuple[Document, ...]:
    """Every document of `files` (bytes by name). Raises PolicyError with a sentence for each problem.

    An old mlgate says "upgrade", not "unknown key". What is right is kept in `folder`.
    """
    file = read_before.place(folder, files, check_schema=check_schema)
    documents = read_before.documents(file)
    if documents is None:
        documents = _parsed(files, check_schema=check_schema)
        read_before.keep(file, documents)
    return documents


def _parsed(files: Mapping[str, bytes], *, check_schema: bool) -> tuple[Document, ...]:
    documents: list[Document] = []
    problems: list[str] = []
    for name, data in files.items():
        try:
            found = read(data, name)
        except PolicyError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(f"{name}:1: no document; write one (kind: Policy) or remove the file")
        documents += found
    refuse([problem for document in documents for problem in _requires_problems(document)])
    for document in documents:
        found_problems = shape_problems(document)
        if not found_problems and check_schema:
            found_problems = schema_problems(document)
        problems += found_problems
    refuse(problems)
    return tuple(documents)


def schema_problems(document: Document) -> list[str]:
    """The worst fault that the shipped JSON Schema finds, as a list of at most one sentence.

    What `shape_problems` says is friendlier and comes first; this is the same schema read by a second reader.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema(), format_checker=checker)
    error = best_match(validator.iter_errors(document.data))
    return [] if error is None else [document.problem(tuple(error.absolute_path), error.message)]


def of_kind(documents: Iterable[Document], kind: str) -> list[Document]:
    return [document for document in documents if mapping(document.data)["kind"] == kind]


def mapping(data: Data) -> dict[str, Data]:
    """`data` as a mapping; empty where it is none."""
    return data if isinstance(data, dict) else {}


def refuse(problems: Sequence[str]) -> None:
    """Raises PolicyError where there is a problem."""
    if problems:
        raise PolicyError("\n".join(problems))


def _requires_problems(document: Document) -> Iterator[str]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    required = document.data.get("requires") if isinstance(document.data, dict) else None
    if not isinstance(required, str):
        return
    try:
        fits = SpecifierSet(required).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        yield document.problem(
            ("requires",), f"'{required}' is no version specifier; expected for example \">=0.1,<1\""
        )
        return
    if not fits:
        yield document.problem(
            ("requires",), f"needs mlgate {required}, this is {__version__}; install a version that fits"
        )
