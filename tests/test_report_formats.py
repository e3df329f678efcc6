"""What programs read: valid by its schema, complete, and safe to print in a build log."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_fixture as fixture
from msgspec.structs import replace

from mlgate.model import Level
from mlgate.report import FORMATS, Options, render

ROOT = Path(__file__).parent.parent
REPORTS = {
    "sample": fixture.report(),
    "everything": fixture.report(fixture.EVERYTHING),
    "nothing": fixture.report((), policies=(), rules={}, assets=()),
    "unknown": fixture.report(run=replace(fixture.RUN, repository=None, commit=None, ref=None, base=None)),
    "limited": fixture.report(run=replace(fixture.RUN, only=("secret/*",), repository="https://example.org/a b")),
}


def loaded(name: str, report: str) -> Any:
    return json.loads(render(name, REPORTS[report], Options()))


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("name", FORMATS)
def test_no_format_prints_what_could_deceive(name: str, report: str) -> None:
    text = render(name, REPORTS[report], Options())
    text.encode("utf-8")
    categories = {unicodedata.category(sign) for sign in text.replace("\n", "").replace("\u200d", "")}
    assert not categories & {"Cc", "Cf", "Zl", "Zp", "Cs"}
    assert "##[" not in text
    assert not text or text.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_of_decisions_changes_nothing(name: str) -> None:
    turned = fixture.report(tuple(reversed(fixture.EVERYTHING)))
    assert render(name, turned, Options()) == render(name, REPORTS["everything"], Options())


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_valid_by_our_schema(report: str) -> None:
    schema = json.loads((ROOT / "schemas/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(loaded("json", report))


def test_json_has_every_field_of_the_schema_and_no_other() -> None:
    schema = json.loads((ROOT / "schemas/report.schema.json").read_text(encoding="utf-8"))
    data = loaded("json", "everything")
    finding = data["findings"][0]
    cell = schema["$defs"]["location"]["properties"]["cell"]["oneOf"][1]
    assert list(data) == list(schema["properties"])
    assert list(data["run"]) == list(schema["properties"]["run"]["properties"])
    assert list(finding) == list(schema["$defs"]["finding"]["properties"])
    assert list(finding["location"]) == list(schema["$defs"]["location"]["properties"])
    cells = [f["location"]["cell"] for f in data["findings"] if f["location"]["cell"]]
    assert list(cells[0]) == list(cell["properties"])


def test_json_says_what_the_report_says() -> None:
    data = loaded("json", "sample")
    first = data["findings"][0]
    assert first["rule"] == "secret/huggingface-token"
    assert first["fix"] == {"safe": False, "title": "Take it out; if it was ever pushed, revoke it as well."}
    assert (first["reason"], first["asset"], first["suppression"], first["dates"]) == (None, None, None, {})
    assert first["location"]["cell"]["heading"] == "Setup"
    assert data["summary"] == {"files": 2, "cells": 31, "skipped": 0, "by_level": {"block": 2, "warn": 4, "record": 0}}
    assert [asset["type"] for asset in data["assets"]] == ["dataset", "model"]


def test_json_counts_outputs_from_one() -> None:
    cells = [finding["location"]["cell"] for finding in loaded("json", "everything")["findings"]]
    assert [cell["output"] for cell in cells if cell and cell["kind"] == "output"] == [1]


def test_json_of_a_plain_file_has_no_cell() -> None:
    places = {f["location"]["path"]: f["location"]["cell"] for f in loaded("json", "everything")["findings"]}
    assert places["src/app.py"] is None


# --- SARIF -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_is_valid_by_the_official_schema(report: str) -> None:
    schema = json.loads((ROOT / "tests/data/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    checker.validate(loaded("sarif", report))


def test_sarif_results_name_their_rule_place_and_identity() -> None:
    run = loaded("sarif", "sample")["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert set(result["partialFingerprints"]) == {"primaryLocationLineHash", "mlgate/v1"}
    first = run["results"][0]
    assert (first["ruleId"], first["level"], first["baselineState"]) == ("secret/huggingface-token", "error", "new")
    place = first["locations"][0]
    assert place["physicalLocation"]["region"] == {"startLine": 41, "startColumn": 9, "endLine": 41, "endColumn": 29}
    assert place["logicalLocations"][0]["name"] == "cell 3"
    assert place["logicalLocations"][0]["properties"]["heading"] == "Setup"
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_levels_are_those_of_the_policy() -> None:
    levels = {(r["properties"]["level"], r["level"]) for r in loaded("sarif", "everything")["runs"][0]["results"]}
    assert levels == {("block", "error"), ("warn", "warning"), ("record", "note")}


def test_sarif_addresses_are_encoded() -> None:
    run = loaded("sarif", "everything")["runs"][0]
    addresses = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
    assert "donn%C3%A9es/%E5%88%86%E6%9E%90%20%231%20%25.ipynb" in addresses
    assert all(re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", address) for address in addresses)


def test_sarif_keeps_the_bytes_of_a_name_that_is_no_utf8() -> None:
    odd = fixture.decision(fixture.TORCH_RULE, fixture.location("caf\udce9.py", 1))
    run = json.loads(render("sarif", fixture.report((odd,)), Options()))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "caf%E9.py"


def test_sarif_rules_explain_themselves() -> None:
    rules = {rule["id"]: rule for rule in loaded("sarif", "sample")["runs"][0]["tool"]["driver"]["rules"]}
    rule = rules["unsafe-load/torch-load"]
    assert rule["properties"]["security-severity"] == "8.0"
    assert rule["properties"]["tags"] == [
        "security",
        "unsafe-load",
        "external/cwe/cwe-502",
        "external/cve/cve-2025-32434",
    ]
    assert rule["helpUri"] == "https://cwe.mitre.org/data/definitions/502.html"
    assert "weights_only=True" in rule["help"]["text"]
    assert "```python\nimport torch\ntorch.load(path, weights_only=False)\n```" in rule["help"]["markdown"]
    assert rule["deprecatedIds"] == ["unsafe-load/pytorch"]
    assert "````python" in rules["unpinned/model-revision"]["help"]["markdown"]


def test_sarif_states_only_what_is_known() -> None:
    unknown = loaded("sarif", "unknown")["runs"][0]
    assert "versionControlProvenance" not in unknown
    assert all("baselineState" not in result for result in unknown["results"])
    known = loaded("sarif", "limited")["runs"][0]["versionControlProvenance"][0]
    assert known["repositoryUri"] == "https://example.org/a%20b"
    assert (known["revisionId"], known["branch"]) == (fixture.RUN.commit, "main")


def test_a_sarif_report_of_some_rules_does_not_replace_that_of_all() -> None:
    every, some = (loaded("sarif", name)["runs"][0]["automationDetails"]["id"] for name in ("sample", "limited"))
    assert every.rpartition("/")[0] == "mlgate"
    assert some.rpartition("/")[0] == "mlgate-only-secret"


def test_nothing_a_repository_says_becomes_a_link() -> None:
    lure = fixture.decision(fixture.TORCH_RULE, fixture.location("a.py", 1), message="[read me](https://evil.example)")
    run = json.loads(render("sarif", fixture.report((lure,)), Options()))["runs"][0]
    assert "](" not in run["results"][0]["message"]["text"]


# --- GitHub ----------------------------------------------------------------------------------------------------------


def test_annotations_are_escaped() -> None:
    odd = fixture.decision(
        fixture.TORCH_RULE, fixture.location("a,b:c%\n.py", 3), Level.BLOCK, message="50 % :: of,\n::error::it"
    )
    text = render("github", fixture.report((odd,)), Options())
    assert text == (
        r"::error file=a%2Cb%3Ac%25\n.py,line=3,endLine=3,col=9,endColumn=29,title=unsafe-load/torch-load"
        r"::50 %25 :: of,\n::error::it%0ADo: Pass weights_only=True." + "\n"
    )


def test_annotations_name_the_cell() -> None:
    first = render("github", REPORTS["sample"], Options()).splitlines()[0]
    assert '%0ACell 3, line 4, under "Setup"%0ADo: ' in first


def test_annotations_leave_out_columns_where_lines_differ() -> None:
    made = fixture.decision(fixture.TORCH_RULE, replace(fixture.location("a.py", 3), end_line=5), Level.BLOCK)
    text = render("github", fixture.report((made,)), Options())
    assert text.startswith("::error file=a.py,line=3,endLine=5,title=unsafe-load/torch-load::")


def test_annotations_list_the_worst_first_and_nothing_that_is_only_recorded() -> None:
    lines = render("github", REPORTS["everything"], Options()).splitlines()
    # 8 findings that block, of which 2 and 2 are told alike, and 7 that warn, of which 3 load one model
    assert [line.split()[0] for line in lines] == ["::error"] * 6 + ["::warning"] * 5
    assert "secret/huggingface-token" in lines[0]
