"""A requirement file names packages and where they come from, each at its place."""

from __future__ import annotations

import pytest
from facts_of import EVERYTHING, attributes, covered, of_kind, plain

from mlgate.commands.requirements import requirement
from mlgate.facts.requirements import extract
from mlgate.model import Extraction, Unit

DIGEST = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2
COMMIT = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"


def read(text: str) -> Extraction:
    return extract([Unit(0, text)], EVERYTHING)


@pytest.mark.parametrize(
    ("line", "name", "specifier", "source"),
    [
        ("torch", "torch", "", "pypi"),
        ("Torch_Vision == 0.9.0+cu101", "torch-vision", "==0.9.0+cu101", "pypi"),
        ("a[x,y] >=1, <2 ; python_version < '3.9'", "a", ">=1,<2", "pypi"),
        ("a (>=1.0)", "a", ">=1.0", "pypi"),
        ("a===1.0", "a", "===1.0", "pypi"),
        ("a # why", "a", "", "pypi"),
        ("a @ https://x.example/a-1.0.zip", "a", "", "url"),
        ("a@git+https://x.example/o/a@main", "a", "", "git"),
        ("git+https://x.example/o/Name.git", "name", "", "git"),
        ("-e git+https://x.example/o/r@main#egg=name", "name", "", "git"),
        ("https://x.example/name-1.0-cp310-cp310-linux_x86_64.whl", "name", "", "url"),
        ("https://github.com/o/r/archive/main.zip", "r", "", "url"),
        ("./local", "./local", "", "path"),
        ("-e .", ".", "", "path"),
        ("name[dev] @ .", "name", "", "path"),
        ("wheels/name-1.0-py3-none-any.whl", "name", "", "path"),
    ],
)
def test_a_line_names_a_package(line: str, name: str, specifier: str, source: str) -> None:
    (fact,) = of_kind(read(line), "package")
    assert (fact.name, plain(fact.attributes["specifier"]), plain(fact.attributes["source"])) == (
        name,
        specifier,
        source,
    )
    assert plain(fact.attributes["origin"]) == "requirements"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-r base.txt", "pip:requirement", "base.txt"),
        ("--requirement=https://x.example/r.txt", "pip:requirement", "https://x.example/r.txt"),
        ("-c constraints.txt", "pip:constraint", "constraints.txt"),
        ("-i http://x.example/simple", "pip:index-url", "http://x.example/simple"),
        ("--index-url http://x.example/simple", "pip:index-url", "http://x.example/simple"),
        ("--extra-index-url=https://u:p@x.example", "pip:extra-index-url", "https://***@x.example"),
        ("-fhttps://x.example", "pip:find-links", "https://x.example"),
        ("--trusted-host x.example", "pip:trusted-host", "x.example"),
        ("--extra-index-url ${INDEX}", "pip:extra-index-url", "?"),
    ],
)
def test_an_option_is_a_setting(line: str, name: str, value: str) -> None:
    (fact,) = read(line).facts
    assert (fact.kind, fact.name, plain(fact.attributes["value"])) == ("setting", name, value)


def test_hashes_on_continued_lines_belong_to_their_package() -> None:
    text = f"# locked\ntorch==2.1.0 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{DIGEST}\nnumpy==1.26.4"
    torch, numpy = read(text).facts
    assert [(torch.name, plain(torch.attributes["hash"])), (numpy.name, plain(numpy.attributes["hash"]))] == [
        ("torch", True),
        ("numpy", False),
    ]
    assert (torch.span.line, torch.span.end_line, numpy.span.line) == (2, 4, 5)


def test_the_place_is_the_requirement_without_its_comment() -> None:
    text = "\ufefftorch>=2  # models\n  numpy\r\n"
    assert [covered(text, fact) for fact in read(text).facts] == ["torch>=2", "numpy"]


def test_details_of_addresses() -> None:
    found = read(f"git+https://me:pw@x.example/r@{COMMIT}\nhttps://x.example/a-1.0.zip#sha256={DIGEST}").facts
    keep = ("manager", "origin", "specifier", "upgrade")
    assert [attributes(fact, *keep) for fact in found] == [
        {"source": "git", "hash": False, "url": "https://x.example/r", "revision": COMMIT},
        {"source": "url", "hash": True, "url": "https://x.example/a-1.0.zip"},
    ]


@pytest.mark.parametrize("text", ["", "#", "-", "--", "@", "[", "a b c", "=1", "\\", "-e", "\\\n\\\n"])
def test_what_is_no_requirement_is_left_alone(text: str) -> None:
    assert of_kind(read(text), "package") == []


def test_a_name_alone_is_a_requirement_and_a_sentence_is_none() -> None:
    assert requirement("torch") is not None
    assert requirement("torch is nice") is None
