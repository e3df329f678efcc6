"""Policies: where they come from, what they mean, and what is said of those that are wrong."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from policy_fixture import HEAD, RULE, write

from mlgate import model
from mlgate.cascade import FIELDS, Bundle, params_for, said
from mlgate.errors import PolicyError
from mlgate.model import Clause, Confidence, Level, Param, Predicate, Severity, Waivable
from mlgate.policy import Loaded, load, load_bundle
from mlgate.policy.shape import faults, schema, shape_problems
from mlgate.shipped import shipped
from mlgate.vocabulary import vocabulary_of
from mlgate.yaml_strict import Document, read

DATA = Path(__file__).parent / "data"
EXAMPLE = DATA / "policy-example"


def documents(path: Path) -> list[Document]:
    return [document for file in sorted(path.rglob("*.yaml")) for document in read(file.read_bytes(), str(file))]


def refusal(folder: Path, source: str | None = None) -> str:
    with pytest.raises(PolicyError) as error:
        load_bundle(folder / source if source else None, folder)
    return str(error.value)


# --- the shipped files ----------------------------------------------------------------------------------------------


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_key_of_the_schema_has_a_title_and_a_description() -> None:
    silent: list[str] = []

    def visit(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for name, child in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
                in_condition = "/if" in path
                if not in_condition and not (isinstance(child, dict) and {"title", "description"} <= set(child)):
                    silent.append(f"{path}/{name}")
            for name, child in node.items():
                visit(child, f"{path}/{name}")
        elif isinstance(node, list):
            for index, child in enumerate(node):
                visit(child, f"{path}/{index}")

    visit(schema(), "")
    assert silent == []


@pytest.mark.parametrize("folder", [EXAMPLE, shipped("policies")], ids=["policy-example", "shipped"])
def test_documents_are_accepted_by_the_schema(folder: Path) -> None:
    validator = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    found = {
        document.at(): [error.message for error in validator.iter_errors(document.data)] or shape_problems(document)
        for document in documents(folder)
    }
    assert {place: problems for place, problems in found.items() if problems} == {}


def test_shipped_files_read_the_same_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """NOTE: PyYAML's own scanner refuses a bare `a.?.b` inside [brackets]; libyaml and YAML 1.2 do not. Quote it."""
    fast = [(document.path, document.data) for document in documents(shipped("policies"))]
    monkeypatch.delattr("yaml.CSafeLoader", raising=False)
    assert [(document.path, document.data) for document in documents(shipped("policies"))] == fast


def test_shipped_files_tell_editors_their_schema() -> None:
    line = "# yaml-language-server: $schema=../schemas/policy.schema.json"
    files = sorted(shipped("policies").glob("*.yaml"))
    assert [file.name for file in files if file.read_text(encoding="utf-8").partition("\n")[0] != line] == []


def test_every_rule_that_the_designs_name_is_in_the_catalogue() -> None:
    bundle = load_bundle(root=DATA)
    named = {
        key
        for document in documents(EXAMPLE) + documents(shipped("policies"))
        if isinstance(document.data, dict)
        and document.data["kind"] == "Policy"
        and isinstance(document.data["rules"], dict)
        for key in document.data["rules"]
    }
    families = {f"{id_.partition('/')[0]}/*" for id_ in bundle.rules}
    assert sorted(named - set(bundle.rules) - families - {"*"}) == []


def test_the_shipped_parameters_are_declared() -> None:
    bundle = load_bundle(root=DATA)
    (policy,) = bundle.policies
    unknown = [
        f"{key}: {name}"
        for key, setting in policy.settings.items()
        for name in setting.params
        if name not in bundle.rules[key].params
    ]
    assert unknown == []


def test_the_match_language_says_what_the_catalogue_needs(tmp_path: Path) -> None:
    (examples,) = read((DATA / "match-examples.yaml").read_bytes(), "match-examples.yaml")
    assert isinstance(examples.data, dict)
    texts = []
    for name, match in examples.data.items():
        rule = {
            "kind": "Rule", "version": 1, "id": f"acme/{name}", "title": "t", "severity": "low", "message": "m",
            "why": "w", "fix": "f", "match": match, "examples": {"bad": ["x"], "good": ["y"]},
            "params": {
                param: {"type": "patterns", "default": [], "description": "d"}
                for param in ("trusted-orgs", "packaged-builders", "patterns")
            },
        }  # fmt: skip
        texts.append(json.dumps(rule, ensure_ascii=False))
    loaded = load(write(tmp_path, {"rules/all.yaml": "\n---\n".join(texts)}), tmp_path)
    assert {f"acme/{name}" for name in examples.data} <= set(loaded.bundle.rules)


# --- where a policy comes from --------------------------------------------------------------------------------------


def values(bundle: Bundle, rule: str) -> list[Level | Waivable]:
    """Level of new findings, of existing ones, and where a no may be written."""
    return [said(bundle, rule, name).value for name in FIELDS]


def test_without_a_policy_the_shipped_one_holds(tmp_path: Path) -> None:
    bundle = load_bundle(root=tmp_path)
    assert [policy.id for policy in bundle.policies] == ["mlgate-default"]
    assert said(bundle, "unsafe-load/pickle", "level").value is Level.BLOCK


@pytest.mark.parametrize("place", [".mlgate.yaml", ".mlgate/policy.yaml", ".mlgate/policies/org.yaml"])
def test_the_repository_s_own_policy_extends_the_shipped_one(tmp_path: Path, place: str) -> None:
    write(tmp_path, {place: HEAD + "rules:\n  unsafe-load/pickle: {level: warn}\n"})
    bundle = load_bundle(root=tmp_path)
    assert [policy.id for policy in bundle.policies] == ["acme-ml", "mlgate-default"]
    pickle = said(bundle, "unsafe-load/pickle", "level")
    assert (pickle.value, pickle.source) == (Level.WARN, f"{place}:6")
    assert said(bundle, "unsafe-load/torch-load", "level").value is Level.BLOCK


def test_extends_none_makes_a_root(tmp_path: Path) -> None:
    write(tmp_path, {".mlgate.yaml": HEAD + "extends: none\nrules:\n  unsafe-load/pickle: {level: block}\n"})
    bundle = load_bundle(root=tmp_path)
    assert [policy.id for policy in bundle.policies] == ["acme-ml"]
    assert values(bundle, "unsafe-load/torch-load") == [Level.WARN, Level.RECORD, Waivable.FILE]


def test_what_an_own_policy_says_of_every_rule_outranks_the_shipped_policy(tmp_path: Path) -> None:
    """`"*": {level: record}` keeps a rule silent that an upgrade of mlgate brings, whatever the shipped policy says."""
    write(tmp_path, {".mlgate.yaml": HEAD + 'rules:\n  "*": {level: record}\n'})
    assert values(load_bundle(root=tmp_path), "unsafe-load/pickle")[::2] == [Level.RECORD, Waivable.INLINE]


def test_a_given_source_overrides_the_repository_s(tmp_path: Path) -> None:
    write(
        tmp_path, {".mlgate.yaml": HEAD + "rules: {}\n", "org/org.yaml": HEAD.replace("acme-ml", "org") + "rules: {}\n"}
    )
    assert [policy.id for policy in load_bundle(tmp_path / "org", tmp_path).policies] == ["org"]
    assert load_bundle(str(tmp_path / "org/org.yaml"), tmp_path).policies[0].id == "org"


def test_a_bundle_of_rules_alone_has_the_shipped_policy(tmp_path: Path) -> None:
    bundle = load_bundle(root=write(tmp_path, {".mlgate/rules/store.yaml": RULE}))
    assert [policy.id for policy in bundle.policies] == ["mlgate-default"]
    assert bundle.rules["acme/feature-store"].source == ".mlgate/rules/store.yaml:1"


def test_hidden_files_beside_a_bundle_are_not_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, {"org.yaml": HEAD + "rules: {}\n", ".pre-commit-config.yaml": "repos: []\n"})
    assert [document.path for document in load(tmp_path, tmp_path).documents] == ["org.yaml"]


def test_the_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a/x.yaml": HEAD + "rules: {}\n", "b/y.yaml": HEAD + "rules: {}\n", "c/x.yaml": HEAD + "rules:  {}\n"},
    )
    one, other, third = (load_bundle(tmp_path / name, tmp_path) for name in "abc")
    assert (one.digest, one.policies[0].digest) == (other.digest, other.policies[0].digest)
    assert one.digest != third.digest
    assert one.policies[0].digest != third.policies[0].digest


def test_a_custom_rule_is_compiled(tmp_path: Path) -> None:
    rule = load_bundle(root=write(tmp_path, {".mlgate/rules/store.yaml": RULE})).rules["acme/feature-store"]
    assert (rule.severity, rule.references, rule.params["hosts"].default) == (Severity.HIGH, ("CWE-200",), ("^prod-",))
    predicate = Predicate("host", (model.Test("regex", Param("hosts")),), pos=0)
    assert rule.any == (Clause("call", ("acme_fs.connect",), args=(predicate,)),)


def test_every_part_of_the_match_language_is_compiled(tmp_path: Path) -> None:
    match = """\
match:
  any:
    - call: ["a.*"]
      args: [{name: x, pos: 1, part: org, in: [main, null, 1, true], present: true}, {name: y, refers-to: [b.C]}]
      installed: {torch: "<2.6"}
      unless: [{args: [{name: z, is: commit}]}]
    - {string: {param: hosts}, confidence: medium, why: only a name}
  unless:
    - where: [{name: use, in: [docstring]}]
"""
    text = RULE[: RULE.index("match:")] + match + RULE[RULE.index("examples:") :]
    rule = load_bundle(root=write(tmp_path, {".mlgate/rules/store.yaml": text})).rules["acme/feature-store"]
    assert rule.any == (
        Clause(
            "call",
            ("a.*",),
            args=(
                Predicate(
                    "x", (model.Test("in", ("main", None, 1, True)), model.Test("present", True)), pos=1, part="org"
                ),
                Predicate("y", (model.Test("refers-to", ("b.C",)),)),
            ),
            installed=(("torch", "<2.6"),),
            unless=(Clause("", args=(Predicate("z", (model.Test("is", "commit"),)),)),),
        ),
        Clause("string", Param("hosts"), confidence=Confidence.MEDIUM, why="only a name"),
    )
    assert rule.unless == (Clause("", where=(Predicate("use", (model.Test("in", ("docstring",)),)),)),)


def test_the_mark_that_keeps_made_up_secrets_apart_is_taken_out_of_examples(tmp_path: Path) -> None:
    text = RULE.replace('acme_fs.connect("dev-1")\'', 'acme_fs.connect("hf\u2016_dev")\'')
    rule = load_bundle(root=write(tmp_path, {".mlgate/rules/store.yaml": text})).rules["acme/feature-store"]
    assert rule.good[0].files == {"": 'import acme_fs; acme_fs.connect("hf_dev")'}


# --- the cascade ----------------------------------------------------------------------------------------------------

CASCADE = """\
extends: none
rules:
  "*": {level: record, existing: warn, waivable: inline, params: {hosts: [a]}}
  acme/*: {level: block, params: {hosts: [b]}}
  acme/feature-store: {waivable: never, params: {assume-acme: "0.9"}}
"""


def test_the_most_specific_key_wins_field_by_field(tmp_path: Path) -> None:
    bundle = load_bundle(write(tmp_path, {"org.yaml": HEAD + CASCADE, "rules/store.yaml": RULE}), tmp_path)
    assert values(bundle, "acme/feature-store") == [Level.BLOCK, Level.WARN, Waivable.NEVER]
    assert said(bundle, "acme/other", "waivable").value is Waivable.INLINE
    assert said(bundle, "brand-new/rule", "level").value is Level.RECORD
    rule = bundle.rules["acme/feature-store"]
    assert params_for(rule, bundle) == {"hosts": ("b",), "assume-acme": "0.9"}


def test_the_vocabulary_holds_the_values_of_parameters(tmp_path: Path) -> None:
    text = RULE.replace(
        "- call: [acme_fs.connect]\n      args: [{name: host, pos: 0, regex: {param: hosts}}]",
        "- string: {param: hosts}",
    )
    text = text.replace("match:\n  any:\n", "match:\n  any:\n    - {call: [acme.x], unless: [{import: [acme.y]}]}\n")
    policy = HEAD + "rules:\n  acme/feature-store: {level: 'off', params: {hosts: ['^acme-prod$']}}\n"
    found = vocabulary_of(load_bundle(write(tmp_path, {"org.yaml": policy, "rules/store.yaml": text}), tmp_path))
    assert "^acme-prod$" in found.strings
    assert "^prod-" not in found.strings
    assert "acme.x" in found.calls
    assert "acme.y" not in found.imports  # what exempts is a test of a fact that is there


def shuffled(data: Any, chance: random.Random) -> Any:
    """The same mapping with its keys in another order, all the way down; lists as they were."""
    if isinstance(data, dict):
        items = list(data.items())
        chance.shuffle(items)
        return {key: shuffled(value, chance) for key, value in items}
    return [shuffled(item, chance) for item in data] if isinstance(data, list) else data


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_files_and_keys_never_matters(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, names: list[str]
) -> None:
    other = RULE.replace("acme/feature-store", "acme/other")
    texts = [HEAD + CASCADE, RULE, other, RULE.replace("acme/feature-store", "acme/third")]

    def meaning(files: dict[str, str]) -> Any:
        bundle = load_bundle(write(tmp_path_factory.mktemp("bundle"), files) / "x")
        ids = ["acme/feature-store", "acme/other", "acme/third", "unsafe-load/pickle", "new/rule"]
        return [values(bundle, id_) for id_ in ids], {
            id_: (rule.any, rule.unless, params_for(rule, bundle)) for id_, rule in bundle.rules.items() if id_ in ids
        }

    plain = {f"x/{name}.yaml": text for name, text in zip("abcd", texts, strict=True)}
    mixed = {}
    for name, text in zip(names, texts, strict=True):
        (document,) = read(text.encode(), "p")
        mixed[f"x/{name}.yaml"] = json.dumps(shuffled(document.data, chance))
    assert meaning(mixed) == meaning(plain)


# --- renames --------------------------------------------------------------------------------------------------------


def test_a_former_id_keeps_working_and_is_named(tmp_path: Path) -> None:
    rule = RULE.replace("severity:", "formerly: [acme/store]\nseverity:")
    policy = HEAD + "rules:\n  acme/store: {level: block}\n"
    loaded = load(write(tmp_path, {"org.yaml": policy, "rules/store.yaml": rule}), tmp_path)
    assert said(loaded.bundle, "acme/feature-store", "level").value is Level.BLOCK
    assert loaded.advice == (
        "org.yaml:6: rules/acme/store: 'acme/store' is called 'acme/feature-store' now; write that",
    )


def test_a_rule_under_its_old_and_its_new_id_is_refused(tmp_path: Path) -> None:
    rule = RULE.replace("severity:", "formerly: [acme/store]\nseverity:")
    policy = HEAD + "rules:\n  acme/store: {level: block}\n  acme/feature-store: {level: warn}\n"
    write(tmp_path, {"o/org.yaml": policy, "o/rules/store.yaml": rule})
    assert refusal(tmp_path, "o") == (
        "o/org.yaml:7: rules/acme/feature-store: 'acme/feature-store' and its former id are both there; "
        "keep 'acme/feature-store'"
    )


# --- what is said of policies that are wrong ------------------------------------------------------------------------

WRONG_POLICIES = {
    "unknown rule": (
        "rules:\n  unsafe-load/pickel: {level: warn}\n",
        "rules/unsafe-load/pickel: unknown rule 'unsafe-load/pickel' (did you mean 'unsafe-load/pickle'?)",
        6,
    ),
    "unknown family": (
        "rules:\n  unsafe-lode/*: {level: warn}\n",
        "rules/unsafe-lode/*: unknown family 'unsafe-lode/*' (did you mean 'unsafe-load/*'?)",
        6,
    ),
    "no rule key": (
        "rules:\n  pickle: {level: warn}\n",
        "rules/pickle: 'pickle' is not a rule key: \"*\", family/* or family/name",
        6,
    ),
    "unknown key": (
        "rules:\n  acme/*: {lvel: warn}\n",
        "rules/acme/*/lvel: unknown key 'lvel' (did you mean 'level'?)",
        6,
    ),
    "unknown key of the document": ("rulez: {}\nrules: {}\n", "rulez: unknown key 'rulez' (did you mean 'rules'?)", 5),
    "unknown level": (
        "rules:\n  acme/*:\n    level: blok\n",
        "rules/acme/*/level: unknown value 'blok' (did you mean 'block'?); expected off, record, warn or block",
        7,
    ),
    "a level that older YAML takes for a boolean": (
        "rules:\n  acme/*: {level: false}\n",
        "rules/acme/*/level: expected off, record, warn or block or keys with values, not false",
        6,
    ),
    "a level instead of a setting": (
        "rules:\n  acme/*: warn\n",
        "rules/acme/*: expected keys with values, not 'warn'",
        6,
    ),
    "unknown parameter": (
        "rules:\n  acme/feature-store: {params: {host: [a]}}\n",
        "rules/acme/feature-store/params/host: unknown parameter 'host' of acme/feature-store (did you mean 'hosts'?)",
        6,
    ),
    "parameter of the wrong type": (
        "rules:\n  acme/feature-store: {params: {hosts: a}}\n",
        "rules/acme/feature-store/params/hosts: expected a list of texts",
        6,
    ),
    "version that YAML takes for a number": (
        "rules:\n  acme/feature-store:\n    params: {assume-acme: 2.5}\n",
        "rules/acme/feature-store/params/assume-acme: expected a version; quote it",
        7,
    ),
    "no version": (
        "rules:\n  acme/feature-store:\n    params: {assume-acme: latest}\n",
        "rules/acme/feature-store/params/assume-acme: expected a version such as 2.5, not 'latest'",
        7,
    ),
    "bad regular expression": (
        "rules:\n  acme/feature-store: {params: {hosts: ['prod(']}}\n",
        "rules/acme/feature-store/params/hosts: 'prod(' is no regular expression: "
        "missing ), unterminated subpattern at position 4",
        6,
    ),
    "bad requirement": (
        "requires: newest\nrules: {}\n",
        "requires: 'newest' is no version specifier; expected for example \">=0.1,<1\"",
        5,
    ),
    "a newer mlgate": (
        'requires: ">=7"\nsorcery: 1\n',
        "requires: needs mlgate >=7, this is 0.1.0; install a version that fits",
        5,
    ),
    "a ratchet that falls": (
        "rules:\n  acme/*: {level: {warn: 2026-11-03, block: 2026-09-01}}\n",
        "rules/acme/*/level: blocks from 2026-09-01, before it warns from 2026-11-03; a level only rises",
        6,
    ),
    "a root with a scope": (
        'extends: none\nrules: {}\nscope: {paths: ["tests/**"]}\n',
        "scope: a root policy holds everywhere; only what extends another has a scope",
        7,
    ),
    "a scope and nothing that it narrows": (
        'rules: {}\nscope: {paths: ["tests/**"]}\n',
        "scope: nothing that this narrows; say what it extends: a policy of the same bundle, a path or"
        " URL@<40-hex commit>",
        6,
    ),
    "an unknown policy": (
        "extends: acme-mil\nrules: {}\n",
        "extends: 'acme-mil' is no policy of this bundle; write such an id, a path, URL@<40-hex commit>,"
        " mlgate-default or none",
        5,
    ),
    "malformed date": (
        "rules:\n  acme/*: {level: {block: 2026-13-03}}\n",
        "rules/acme/*/level/block: '2026-13-03' is no day of the calendar",
        6,
    ),
    "no rules": ("help: x\n", "no rules", 1),
    "test without a rule": (
        "rules: {}\ntests:\n  - given: {path: a.py}\n    expect: warn\n",
        "tests/1/given: no rule",
        7,
    ),
}


@pytest.mark.parametrize("name", WRONG_POLICIES)
def test_a_policy_that_is_wrong(tmp_path: Path, name: str) -> None:
    text, message, line = WRONG_POLICIES[name]
    write(tmp_path, {"o/org.yaml": HEAD + text, "o/rules/store.yaml": RULE})
    assert refusal(tmp_path, "o") == f"o/org.yaml:{line}: {message}"


WRONG_RULES = {
    "regular expression": (
        ("{name: host, pos: 0, regex: {param: hosts}}", "{name: host, regex: '[a'}"),
        "16: match/any/1/args/1/regex: '[a' is no regular expression: unterminated character set at position 0",
    ),
    "parameter of its own": (
        ("{param: hosts}", "{param: host}"),
        "16: match/any/1/args/1/regex: unknown parameter 'host' (did you mean 'hosts'?); declare it under params",
    ),
    "parameter of another type": (
        ("{param: hosts}", "{param: assume-acme}"),
        "16: match/any/1/args/1/regex: parameter 'assume-acme' is of type version; expected string or patterns",
    ),
    "two facts": (
        ("- call: [acme_fs.connect]", "- import: [acme]\n      call: [acme_fs.connect]"),
        "15: match/any/1: a clause asks for one fact, not for call and import",
    ),
    "no fact": (("call: [acme_fs.connect]", "installed: {a: '<1'}"), None),
    "unknown fact": (
        ("- call:", "- calls:"),
        "15: match/any/1/calls: unknown key 'calls' (did you mean 'call'?)",
    ),
    "args of something else": (
        ("call: [acme_fs.connect]", "package: [acme]"),
        "16: match/any/1/args: only a call has args; test a package with where",
    ),
    "no test": (
        (", regex: {param: hosts}", ""),
        "16: match/any/1/args/1: no test; expected one of in, regex, present, is, refers-to",
    ),
    "unknown shape": (
        ("regex: {param: hosts}", "is: comit"),
        "16: match/any/1/args/1/is: unknown value 'comit' (did you mean 'commit'?); expected commit, exact-version, "
        "local-path, remote-id, url, literal, empty or loopback",
    ),
    "severity": (
        ("severity: high", "severity: hi"),
        "5: severity: unknown value 'hi' (did you mean 'high'?); expected low, medium, high or critical",
    ),
    "no examples of good": (
        ("  good: ['import acme_fs; acme_fs.connect(\"dev-1\")']\n", ""),
        "17: examples: no good",
    ),
    "placeholder": (
        ("{match} reads", "{Match} reads"),
        "6: message: a brace that is no {placeholder} of lower-case letters",
    ),
    "default": (
        ('default: ["^prod-"]', "default: x"),
        "11: params/hosts/default: expected a list of texts",
    ),
    "specifier": (
        ("- call: [acme_fs.connect]\n", "- call: [acme_fs.connect]\n      installed: {acme: old}\n"),
        "16: match/any/1/installed/acme: 'old' is no version specifier; expected for example \"<2.6\"",
    ),
    "a shipped id": (("id: acme/feature-store", "id: unsafe-load/pickle"), None),
    "confidence without why": (
        ("- call: [acme_fs.connect]\n", "- call: [acme_fs.connect]\n      confidence: low\n"),
        "16: match/any/1/confidence: no why beside it; say in half a sentence what is not certain",
    ),
    "kind": (
        ("kind: Rule", "kind: Rulle"),
        "1: kind: unknown kind 'Rulle' (did you mean 'Rule'?); expected Policy, Rule or Waivers",
    ),
    "version": (("version: 1", "version: 2"), "2: version: version 2 of the format; this mlgate reads version 1"),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_rule_that_is_wrong(tmp_path: Path, name: str) -> None:
    (old, new), message = WRONG_RULES[name]
    assert old in RULE
    write(tmp_path, {"o/rules/store.yaml": RULE.replace(old, new)})
    if name == "a shipped id":
        shipped_rule = "rule 'unsafe-load/pickle' is there already (mlgate/policies/unsafe-load-pickle.yaml:"
        assert refusal(tmp_path, "o").startswith(f"o/rules/store.yaml:3: id: {shipped_rule}")
    elif name == "no fact":
        assert "o/rules/store.yaml:15: match/any/1: no fact; expected one of call, import" in refusal(tmp_path, "o")
    else:
        assert refusal(tmp_path, "o") == f"o/rules/store.yaml:{message}"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    write(
        tmp_path, {".mlgate.yaml": HEAD + "rules:\n  acme/x: {level: warn}\n  acme/y: {lvel: warn}\n  b: {level: x}\n"}
    )
    assert [line.split(":")[1] for line in refusal(tmp_path).splitlines()] == ["7", "8"]


SOURCES = {
    "two policies": (
        {".mlgate.yaml": HEAD + "rules: {}\n", ".mlgate/a.yaml": HEAD.replace("acme-ml", "b") + "rules: {}\n"},
        None,
        ".mlgate/a.yaml:1: a second root policy; the first is .mlgate.yaml:1. One bundle has one policy without scope "
        "or extends",
    ),
    "an empty policy": (
        {".mlgate.yaml": "# later\n"},
        None,
        ".mlgate.yaml:1: no document; write one (kind: Policy) or remove the file",
    ),
    "an empty document": (
        {".mlgate.yaml": "---\n---\n" + HEAD + "rules: {}\n"},
        None,
        ".mlgate.yaml:2: expected a document with kind: Policy, Rule or Waivers, not nothing",
    ),
    "an empty folder": (
        {".mlgate/readme.txt": ""},
        None,
        ".mlgate: no *.yaml in this folder; a bundle has at least one",
    ),
    "another ending": (
        {"o/a.yaml": HEAD, "o/b.yml": HEAD},
        "o",
        "o/b.yml: mlgate reads *.yaml; rename it to b.yaml",
    ),
    "a document that is not ours": (
        {"o/a.yaml": HEAD + "rules: {}\n", "o/k8s.yaml": "kind: Deployment\n"},
        "o",
        "o/k8s.yaml:1: kind: unknown kind 'Deployment'; expected Policy, Rule or Waivers",
    ),
    "two roots": (
        {"o/a.yaml": HEAD + "rules: {}\n", "o/policies/b.yaml": HEAD.replace("acme-ml", "b") + "rules: {}\n"},
        "o",
        "o/policies/b.yaml:1: a second root policy; the first is o/a.yaml:1. One bundle has one policy without scope "
        "or extends",
    ),
    "the same policy twice": (
        {"o/a.yaml": HEAD + "rules: {}\n", "o/b.yaml": HEAD + "scope: {paths: [a]}\nrules: {}\n"},
        "o",
        "o/b.yaml:3: id: policy 'acme-ml' is there already (o/a.yaml:1)",
    ),
    "the same rule twice": (
        {"o/rules/a.yaml": RULE, "o/rules/b.yaml": RULE},
        "o",
        "o/rules/b.yaml:3: id: rule 'acme/feature-store' is there already (o/rules/a.yaml:1); give yours another id",
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_is_wrong(tmp_path: Path, name: str) -> None:
    files, source, message = SOURCES[name]
    write(tmp_path, files)
    assert refusal(tmp_path, source) == message


def test_a_source_that_is_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path, "gone.yaml") == f"{tmp_path}/gone.yaml: no such policy file or folder"


def test_a_policy_that_is_a_dangling_link_is_never_no_policy(tmp_path: Path) -> None:
    (tmp_path / ".mlgate.yaml").symlink_to(tmp_path / "gone.yaml")
    assert refusal(tmp_path) == ".mlgate.yaml: cannot be read: No such file or directory"


# --- two readers of one schema --------------------------------------------------------------------------------------

VALID: list[Any] = [document.data for document in documents(EXAMPLE)]
junk = st.sampled_from([None, True, 0, -1, 3, "", "warn", "x", [], ["x"], {}, {"param": "x"}, {"x": 1}, [[]], [{}]])


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document of the worked example with one value replaced, removed or added."""
    data = json.loads(json.dumps(draw(st.sampled_from(VALID))))
    path = draw(st.sampled_from([place for place in places(data) if place]))
    target = data
    for step in path[:-1]:
        target = target[step]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "remove":
            del target[path[-1]]
        case "add" if isinstance(target, dict):
            target[draw(st.sampled_from(["x", "level", "in", "param", "unless"]))] = draw(junk)
        case _:
            target[path[-1]] = draw(junk)
    return data


@settings(max_examples=300)
@given(damaged())
def test_our_reader_of_the_schema_and_jsonschema_agree(data: Any) -> None:
    validator = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert bool(faults(data)) == (not validator.is_valid(data))


def test_the_id_of_the_shipped_policy_is_taken_where_that_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, {".mlgate.yaml": HEAD.replace("acme-ml", "mlgate-default") + "rules: {}\n"})
    wrong = ".mlgate.yaml:3: id: 'mlgate-default' is the policy that mlgate ships; give yours another id"
    assert refusal(tmp_path, str(shipped("policies"))) == wrong


def test_nothing_is_loaded_twice(tmp_path: Path) -> None:
    loaded = [load(root=tmp_path), load(shipped("policies"), tmp_path)]
    assert all(isinstance(one, Loaded) and one.bundle is loaded[0].bundle for one in loaded)
