"""Secrets: what is found and where, what is an example, and that no value gets out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgate import detectors, gate, patterns, placeholders
from mlgate.facts import secret
from mlgate.facts.secret import forms
from mlgate.model import Cell, Confidence, Fact, Span

COMPILED = secret.compile_detectors()
DETECTORS = detectors.restore(COMPILED)
GATE = gate.opened(COMPILED["gate"])

HF = "hf_" + "QmZtRbKxWvNcLpJsHdGfYrTeUaMqXzVnBk"
HEX40 = "c3f81a" + "9b07e52d64fa81c3e97b50d2a6f4183be9"
HEX32 = HEX40[:32]
AWS_ID = "AKIA" + "T45YKIPFLT4TXP6C"
AWS_SECRET = "Wq7c/s+y5Hu5Jahq5Fx1" + "NJaXnhgbFhF7EdOm1894"


def cell(text: str, kind: str = "code", language: str = "python") -> Cell:
    return Cell(index=1, id=None, kind=kind, text=text, language=language)


def facts(*cells: Cell, path: str = "nb/train.ipynb") -> tuple[Fact, ...]:
    return secret.extract(tuple(enumerate(cells)), DETECTORS, path).facts


def option(fact: Fact, name: str) -> object:
    return fact.attributes[name].options[0]


def real(*cells: Cell, path: str = "nb/train.ipynb") -> set[tuple[str, Confidence]]:
    return {(fact.name, fact.confidence) for fact in facts(*cells, path=path) if not option(fact, "placeholder")}


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'login(token="{HF}")', {("huggingface-token", Confidence.HIGH)}),
        (f"%env HF_TOKEN={HF}", {("huggingface-token", Confidence.HIGH)}),
        (f'wandb.login(key="{HEX40}")', {("wandb-key", Confidence.MEDIUM)}),
        (f'os.environ["WANDB_API_KEY"] = "{HEX40}"', {("wandb-key", Confidence.MEDIUM)}),
        (f'boto3.client("s3", aws_access_key_id="{AWS_ID}")', {("aws-access-key", Confidence.HIGH)}),
        ('key = "ASIA' + AWS_ID[4:] + '"', {("aws-access-key", Confidence.MEDIUM)}),
        (f'aws_secret_access_key="{AWS_SECRET}"', {("aws-secret-key", Confidence.MEDIUM)}),
        ("DB_HOST=a\nDB_PASSWORD=Wint3r-" + "Sp0rt\n", {("generic-password", Confidence.MEDIUM)}),
        ("ENV DB_PASSWORD=Wint3r-" + "Sp0rt", {("generic-password", Confidence.MEDIUM)}),
        ("!curl -u ada:Wint3r-" + "Sp0rt https://acme.example", {("generic-password", Confidence.MEDIUM)}),
        (f"export AWS_SECRET_ACCESS_KEY={AWS_SECRET}", {("aws-secret-key", Confidence.MEDIUM)}),
        (f'client_secret = "{HEX40}"', {("generic-token", Confidence.MEDIUM)}),
        (f"""headers = {{'X-Api-Key': '{HEX32}'}}""", {("generic-token", Confidence.MEDIUM)}),
        (f'os.getenv("SERVICE_API_KEY", "{HEX32}")', {("generic-token", Confidence.MEDIUM)}),
        (f'api_key: str = "{HEX32}"', {("generic-token", Confidence.MEDIUM)}),
        (f'token = SecretStr("{HEX32}")', {("generic-token", Confidence.MEDIUM)}),
        (f"!curl -H 'Authorization: Bearer {HEX40}' https://api.acme.example", {("generic-token", Confidence.MEDIUM)}),
        ('Secret = \'{"user": "a"},{"password": "Housing' + "1947\"}'", {("generic-password", Confidence.MEDIUM)}),
        ('connect(password="Wint3r-' + 'Sp0rt")', {("generic-password", Confidence.MEDIUM)}),
        ("postgresql://ranker:h7Wq2" + "LmZ9x@db.acme.example/t", {("database-url", Confidence.MEDIUM)}),
        ("https://ada:q8Zt5v" + "Xw3L@git.acme.example/r.git", {("basic-auth-url", Confidence.MEDIUM)}),
        ("http://gpu:8888/?token=" + HEX40 + "0d4e5f61", {("jupyter-token", Confidence.MEDIUM)}),
    ],
)
def test_a_secret_is_found_with_its_confidence(text: str, expected: set[tuple[str, Confidence]]) -> None:
    assert real(cell(text)) == expected


@pytest.mark.parametrize("kind", ["code", "markdown", "raw", "output", "metadata", "file"])
def test_every_kind_of_cell_is_read(kind: str) -> None:
    assert real(cell(f"before {HF} after", kind)) == {("huggingface-token", Confidence.HIGH)}


@pytest.mark.parametrize("before", ['"', "=", " ", "\\n", "\x1b[31m", "%3D", "(", "/", ""])
def test_a_key_is_found_after_an_escape_or_a_colour(before: str) -> None:
    assert real(cell(before + HF)) == {("huggingface-token", Confidence.HIGH)}


@pytest.mark.parametrize("around", ["x{}", "{}xK3mQ9z", "{}_", "A9{}"])
def test_a_stretch_of_a_longer_word_is_no_key(around: str) -> None:
    assert facts(cell(around.format(HF))) == ()


def test_a_stretch_of_a_picture_is_no_key() -> None:
    picture = "iVBORw0KGgo" + "Ab3/" * 30 + "/AIza" + "Q1w2E3r4T5y6U7i8O9p0AsDfGhJkLzXcVb4" + "/" + "Cd4+" * 30
    assert facts(cell(f"<img src='data:image/png;base64,{picture}'>", "output", "text")) == ()


def test_the_surer_detector_has_the_text() -> None:
    assert [fact.name for fact in facts(cell(f'api_key = "{HF}"'))] == ["huggingface-token"]


def test_an_output_that_echoes_a_value_is_found_too() -> None:
    found = facts(cell(f'client_secret = "{HEX40}"\nclient_secret'), cell(f"'{HEX40}'", "output", "text"))
    assert [(fact.name, fact.span) for fact in found] == [
        ("generic-token", Span(0, 1, 18, 1, 58)),
        ("generic-token", Span(1, 1, 2, 1, 42)),
    ]


def test_columns_are_code_points_and_a_block_spans_its_lines() -> None:
    body = "\n".join("Ab3dEf7hIj1lMn5pQr9tUv3xYz7BCd1FGh5JKl9NOp3RSt7VWx1ZAb5DEf9HIj3L" for _ in range(3))
    block = "-----BEGIN RSA " + f"PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    text = f'x = "𝒳é" + "{HF}"\nkey = """{block}"""'
    assert [(fact.name, fact.span) for fact in facts(cell(text))] == [
        ("huggingface-token", Span(0, 1, 13, 1, 50)),
        ("private-key", Span(0, 2, 10, 6, 30)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# for example {HF}", Confidence.MEDIUM),
        (f"# {HF}", Confidence.HIGH),
        (f'login("{HF}")', Confidence.HIGH),
        (f'def f():\n    """Such as\n    {HF}\n    """', Confidence.MEDIUM),
    ],
)
def test_prose_that_speaks_of_an_example_lowers_confidence(text: str, expected: Confidence) -> None:
    assert real(cell(text)) == {("huggingface-token", expected)}


def test_a_password_in_a_test_is_low() -> None:
    text = cell('connect(password="Wint3r-' + 'Sp0rt")')
    assert real(text, path="tests/test_db.py") == {("generic-password", Confidence.LOW)}
    assert real(text, path="src/contest.py") == {("generic-password", Confidence.MEDIUM)}


# --- what is none, or an example -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'login(token="hf_...")',
        'api_key = "YOUR_API_KEY"',
        'api_key="<your-token>"',
        "token = '{{ token }}'",
        "token = f'{prefix}{token}'",
        "export TOKEN=${HF_TOKEN}",
        'token = os.environ["HF_TOKEN"]',
        'tokenizer.pad_token = "<pad>"\nsep_token="[SEP]"',
        'ENV_CLIENT_SECRET = "AZURE_CLIENT_SECRET_1"',
        'TOKEN_FILE_SECRET = "/var/run/secrets/token-1a2b3c4d5e6f"',
        'secret = "c7n_openstack.resources.secret.Secret"',
        'tokenizer_id = "mistralai/Mixtral-8x7B-Instruct-v0.1"',
        f'revision = "{HEX40}"\nsha256 = "{HEX40}{HEX32[:24]}"',
        f'wandb.init(config={{"git_commit": "{HEX40}"}})',
        '"clientToken": "d4673c83-0aaf-4e52-b2a8-99bf7dfbe074"',
        '"NextToken": "AAAAKj3l4Rk2Xm8Zq1Wv7Yb5Nc9Td6Hf"',
        '"description": "Use password", "disabled": false',
        '"adminPassword": "[parameters(\'adminPassword\')]"',
        "arn:aws:iam::1234567890:role/AmazonSageMaker-ExecutionRole-20240611T12",
        '"authorship_tag": "ABX9TyN2IAKvqPB9/DZvPO2GrAx6"',
        "sequence = 'ACCATTGACCAGTAGGACCA'",
        "is_key = '-----BEGIN RSA PRIVATE KEY-----' in text",
        "password = getpass.getpass()",
        "connect(\n    PASSWORD=config.db_pass1,\n    password=db_settings1,\n)",
        "DB_PASSWORD=$(cat /run/secrets/db1)",
        "curl -u $USER1:$PASSWORD1 https://acme.example",
        'add_argument("--password", help="left out: asked for")',
        'f"postgresql://{user}:{password}@{host}/db"',
    ],
)
def test_this_is_no_secret(text: str) -> None:
    assert real(cell(text)) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hf_" + "x" * 34, "huggingface-token"),
        ("hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH", "huggingface-token"),
        ("hf_" + "Ab1" * 12, "huggingface-token"),
        ("AKIAIOSFODNN7EXAMPLE", "aws-access-key"),
        ("AKIA" + "Z" * 16, "aws-access-key"),
        ('aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"', "aws-secret-key"),
        ('password = "changeme123"', "generic-password"),
        ('password = "mysecretpassword"', "generic-password"),
        ("postgresql://postgres:postgres@postgres:5432/llm_gateway", "database-url"),
        ("http://user:pass@host:8080", "basic-auth-url"),
        ("https://license:{LICENSE_KEY}@api.acme.example/v1", "basic-auth-url"),
        ('password = "P@ssw0rd' + '123!"', "generic-password"),
        ("postgresql://{}:{}@{}:{}/{}", "basic-auth-url"),
        ("sk-proj-your-key-goes-here-0000", "openai-key"),
    ],
)
def test_an_example_is_a_placeholder(text: str, name: str) -> None:
    assert [(fact.name, option(fact, "placeholder")) for fact in facts(cell(text))] == [(name, True)]


@settings(max_examples=300)
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=34, max_size=34))
def test_repeating_or_counting_makes_an_example(body: str) -> None:
    assert placeholders.example(body[:17] * 2, 0.0)
    assert placeholders.example(body[:20] + "23456789" + body[28:], 0.0)


# --- the gate --------------------------------------------------------------------------------------------------------


def test_a_silent_gate_means_silent_detectors_whatever_a_pattern_matches() -> None:
    for entry in COMPILED["detectors"]:
        _holds_for(entry)


def _holds_for(entry: dict[str, Any]) -> None:
    pattern = re.compile(entry["pattern"], entry["flags"])
    (detector,) = detectors.restore({"detectors": [entry]})

    @settings(max_examples=12, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern, alphabet=st.characters(codec="utf-8")))
    def law(text: str) -> None:
        near = entry["near"] and next(iter(patterns.literals(entry["near"], re.IGNORECASE | re.ASCII))).text
        whole = f"{near} {text}"
        assert detectors.Detectors([detector]).for_text(whole) == [detector]
        assert gate.admits(whole.encode(), *GATE)
        assert gate.admits(json.dumps(whole, ensure_ascii=False).encode(), *GATE, escaped=True)

    law()


@pytest.mark.parametrize("text", [f'login("{HF}")', f'wandb.login(key="{HEX40}")', f"client_secret='{HEX40}'"])
def test_json_hides_nothing_from_the_gate(text: str) -> None:
    source = json.dumps(json.dumps({"source": text}))
    assert gate.admits(source.encode(), *GATE, escaped=True)
    spelled = "".join(f"\\u{ord(char):04x}" for char in text)
    assert gate.admits(f'{{"source": "{spelled}"}}'.encode(), *GATE, escaped=True)


@pytest.mark.parametrize(
    "text",
    [
        "# http://www.apache.org/licenses/LICENSE-2.0\n@torch.no_grad()\ndef step(self, batch): ...",
        "from huggingface_hub import hf_hub_download\ntokenizer = AutoTokenizer(model)\ntokens = tokenizer(text)",
        "attention_mask_ = task_ids & mask_[0:4]",
    ],
)
def test_the_gate_is_silent_on_ordinary_code(text: str) -> None:
    assert not gate.admits(text.encode(), *GATE)


@pytest.mark.parametrize(
    ("pattern", "flags", "expected"),
    [
        (r"hf_[a-z]{34}", 0, (("hf_", 34),)),
        (r"(?:AKIA|ASIA)[A-Z]{16}", 0, (("AKIA", 16), ("ASIA", 16))),
        (r"token[=:]\s", re.I, (("token:", 0), ("token=", 0))),
        (r"(?:pass)?word\d*", re.I, (("word", 0),)),
        (r"a|bc", 0, (("a", 0), ("bc", 0))),
        (r"[^a]*", 0, ()),
        (r"x*", 0, ()),
        (r"(?=secret)\w+", 0, ()),
        (r"SG\.[A-Za-z]{22}\.[A-Za-z]{43}", 0, (("SG.", 66),)),
    ],
)
def test_words_that_a_pattern_promises(pattern: str, flags: int, expected: tuple[tuple[str, int], ...]) -> None:
    assert patterns.literals(pattern, flags) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"a+b*", r"a{1,9}b{0,9}"),
        (r"[+*]{2,}\+\*", r"[+*]{2,9}\+\*"),
        (r"a+?b{20,}", r"a{1,9}?b{20,20}"),
        (r"[]+]x{3}", r"[]+]x{3}"),
    ],
)
def test_open_repeats_get_a_bound(pattern: str, expected: str) -> None:
    assert patterns.bounded(pattern, 9) == expected


def test_no_detector_repeats_without_a_bound() -> None:
    for entry in COMPILED["detectors"]:
        bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", entry["pattern"])
        assert not re.search(r"[*+]|\{\d+,\}", bare), entry["id"]


HOSTILE = [
    *("a", "A", "0", "-", "_", "=", ":", "/", "@", ".", '"', "'", " ", "\n", "\\", "+"),
    *("eyJ", 'password="', "://", "://a:", "a@", "-----BEGIN ", 'token = "', "secret:", "sk-proj-", "hf_", "xoxb-1-"),
    *("kaggle_key ", "wandb.login", "cohere ", "pinecone api_key", "//a/:_authToken=", "sig=sv=2020-", "0Q~a", "ngrok"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_less_than_a_second(unit: str) -> None:
    text = cell((unit * (100_000 // len(unit)))[:100_000])
    start = time.process_time()
    facts(text)
    gate.admits(text.text.encode(), *GATE)
    assert time.process_time() - start < 1


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_each_detector_of_detect_secrets_is_used_or_left_out_with_a_reason() -> None:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    theirs = {plugin.__name__ for plugin in get_mapping_from_secret_type_to_class().values()}
    used = {taken.plugin for taken in forms.BORROWED}
    assert used | set(forms.LEFT_OUT) == theirs
    assert used & set(forms.LEFT_OUT) == set()


def test_compiled_detectors_survive_json_and_need_no_library() -> None:
    program = (
        "import json, sys; from mlgate import detectors; from mlgate.facts import secret;"
        "from mlgate.model import Cell;"
        "found = secret.extract([(0, Cell(1, None, 'code', sys.argv[1], 'python'))],"
        " detectors.restore(json.load(sys.stdin)), 'a.py');"
        "print(found.facts[0].name, 'detect_secrets' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f'token = "{HF}"'],
        input=json.dumps(COMPILED),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["huggingface-token", "False"]


def test_the_gate_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import mlgate.gate; print(sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['__future__', 'mlgate', 'mlgate.gate', 'mlgate.needles']"


# --- nothing gets out ------------------------------------------------------------------------------------------------

CANARIES = [
    (f'login(token="{HF}")', HF),
    (f'client_secret = "{HEX40}"', HEX40),
    ("postgresql://ranker:h7Wq2" + "LmZ9x@db.acme.example/t", "h7Wq2" + "LmZ9x"),
    ('connect(password="Wint3r-' + 'Sp0rt")', "Wint3r-" + "Sp0rt"),
    (f'aws_secret_access_key="{AWS_SECRET}"', AWS_SECRET),
]


@pytest.mark.parametrize(("text", "value"), CANARIES)
def test_facts_hold_no_part_of_the_value(text: str, value: str) -> None:
    (fact,) = facts(cell(text))
    shown = (
        repr(fact) + repr(secret.find(text, DETECTORS)) + json.dumps({k: v.options for k, v in fact.attributes.items()})
    )
    body = value.removeprefix("hf_")
    assert not any(body[start : start + 5] in shown for start in range(len(body) - 4))
    assert option(fact, "length") == len(value)
    assert re.fullmatch("[0-9a-f]{4}", str(option(fact, "digest")))


@pytest.mark.parametrize(("text", "value"), CANARIES)
def test_a_masked_line_keeps_all_but_the_value(text: str, value: str) -> None:
    preview = "hf_***" if value == HF else "***"
    assert secret.mask_text(text, DETECTORS) == text.replace(value, preview)
    assert secret.mask_text("x = 1  # nothing here", DETECTORS) == "x = 1  # nothing here"


def test_an_exception_in_a_caller_shows_no_value() -> None:
    (hit,) = secret.find(f'login(token="{HF}")', DETECTORS)
    with pytest.raises(AttributeError) as raised:
        hit.value  # type: ignore[attr-defined]  # noqa: B018
    assert HF not in str(raised.value)


def test_words_that_are_looked_for_in_any_case_are_ascii() -> None:
    """Texts are brought to lower case as far as they are ASCII."""
    assert all(word.isascii() and word == word.lower() for one in DETECTORS for word in one.folded)
