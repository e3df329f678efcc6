"""Dockerfiles: images, settings, downloads and the shell they carry, each at its place."""

from __future__ import annotations

import pytest
from facts_of import EVERYTHING, attributes, code, covered, of_kind, plain

from mlgate.facts.dockerfile import extract
from mlgate.model import Extraction, Unit, Vocabulary


def read(text: str) -> Extraction:
    return extract([Unit(0, text)], EVERYTHING)


def images(text: str) -> list[tuple[object, ...]]:
    return [
        tuple(plain(fact.attributes.get(key)) for key in ("image", "tag", "digest"))
        for fact in of_kind(read(text), "shell")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python", [("python", None, None)]),
        ("from python:3.11-slim AS base", [("python", "3.11-slim", None)]),
        ("FROM --platform=linux/amd64 x.example:5000/o/i:1@sha256:ab", [("x.example:5000/o/i", "1", "sha256:ab")]),
        ("FROM a:1 AS base\nFROM base\nFROM scratch", [("a", "1", None)]),
        ("ARG TAG=latest\nFROM a:$TAG", [("a", "latest", None)]),
        ("ARG BASE\nFROM ${BASE}", [("?", None, None)]),
        ("FROM a:${V:-2.0}", [("a", "2.0", None)]),
        ("FROM {{ base }}", [("?", None, None)]),
    ],
)
def test_from_names_an_image(text: str, expected: list[tuple[object, ...]]) -> None:
    assert images(text) == expected


def test_env_and_arg_are_settings() -> None:
    text = 'ENV A=1 B="x y" \\\n    C=z\nENV OLD the rest\nARG D=e\nENV F=$UNKNOWN G=$A\n'
    found = of_kind(read(text), "setting")
    assert [(fact.name, plain(fact.attributes["value"])) for fact in found] == [
        ("env:A", "1"),
        ("env:B", "x y"),
        ("env:C", "z"),
        ("env:OLD", "the rest"),
        ("env:D", "e"),
        ("env:F", "?"),
        ("env:G", "1"),
    ]
    assert [covered(text, fact) for fact in found][:4] == ["A=1", 'B="x y"', "C=z", "OLD the rest"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ADD https://x.example/a.tgz /opt/", ("https://x.example/a.tgz", "archive", None)),
        (
            "ADD --checksum=sha256:ab --chown=1 https://x.example/m.onnx /m/",
            ("https://x.example/m.onnx", "model", True),
        ),
    ],
)
def test_add_of_an_address_is_a_download(text: str, expected: tuple[object, ...]) -> None:
    (fact,) = read(text).facts
    assert tuple(plain(fact.attributes.get(key)) for key in ("url", "content", "verified")) == expected
    assert plain(fact.attributes["transfer"]) == "download"


@pytest.mark.parametrize(
    "text", ["ADD a.tgz /opt/", "COPY https://x.example/a /b", "# FROM a", "LABEL a=b", "EXPOSE 80"]
)
def test_what_stays_inside_is_no_fact(text: str) -> None:
    assert read(text).facts == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN pip install a", [("shell", "pip install a", "")]),
        ('CMD ["jupyter", "lab", "--ip=0.0.0.0"]', [("shell", "jupyter lab --ip=0.0.0.0", "")]),
        ('ENTRYPOINT [ "sh", "-c", "a && b" ]', [("shell", "sh -c 'a && b'", "")]),
        ("CMD [broken", [("shell", "[broken", "")]),
        ("RUN <<EOF\npip install a\nEOF\nRUN b", [("shell", "pip install a", ""), ("shell", "b", "")]),
        ("RUN python3 <<E\nimport a\nE", [("python", "import a", ""), ("shell", "python3 ", "")]),
    ],
)
def test_run_cmd_and_entrypoint_carry_shell(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert code(read(text).embedded) == expected


def test_a_continued_run_keeps_its_lines() -> None:
    text = "FROM a\nRUN --mount=type=cache,target=/x pip install a && \\\n    # a comment\n\n    pip install b\nUSER c"
    (shell,) = read(text).embedded
    assert shell.unit.text.split("\n") == [" " * 29 + "pip install a && \\", "    pip install b"]
    assert shell.unit.lines is not None and shell.unit.lines.lines == ((2, 4), (5, 0))


def test_the_escape_directive_is_heard() -> None:
    (shell,) = read("# escape=`\nRUN a `\n  b").embedded
    assert shell.unit.text == "a \\\n  b"


def test_what_one_instruction_sets_stands_beside_what_another_sets() -> None:
    text = "ARG REV\nENV MODEL_ID=acme/chat\nENV MODEL_REVISION=$REV LAKE=s3://acme/x\n"
    found = extract([Unit(0, text)], Vocabulary(settings=frozenset({"env:MODEL_ID"}), strings=("^s3://",)))
    setting, address = found.facts
    assert (setting.name, plain(setting.attributes["revision"]), covered(text, setting)) == (
        "env:MODEL_ID", "?", "MODEL_ID=acme/chat",
    )  # fmt: skip
    assert (address.kind, address.name, covered(text, address)) == ("string", "s3://acme/x", "LAKE=s3://acme/x")


@pytest.mark.parametrize(
    "text", ["", "\\", "FROM", "ENV", "ADD", "RUN \\", "RUN <<", "FROM --x", "ARG =", "CMD [1, null]", "RUN <<E"]
)
def test_what_is_broken_does_not_raise(text: str) -> None:
    read(text)


def test_a_download_says_its_program() -> None:
    (fact,) = read("ADD https://x.example/a.csv /d").facts
    assert attributes(fact, "url", "target", "content", "transfer") == {"program": "ADD", "origin": "dockerfile"}
