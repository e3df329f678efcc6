"""Laws of identity: what people do to a notebook leaves its findings what they were; another constant does not.

Cells run in any order, so their order says nothing: a name that several cells set may have any of those values in
every other cell; what one cell writes, builds, checks out or compares with a digest, it does for all.
Inside one cell order counts: there the last assignment above a use hides those before it.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgate.cache import Cache
from mlgate.examine import Examiner
from mlgate.facts.python.canonical import canonical
from mlgate.findings import fingerprint, spelled
from mlgate.law import derive, reexports
from mlgate.model import Entries, Finding, Items, Kind, Local, Made, Ref, Source, Template, Value
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.shipped import shipped
from mlgate.trees import Memory

pytestmark = pytest.mark.compat

Notebook = dict[str, Any]
Change = Callable[[Notebook, random.Random], bytes]

TOKEN = "hf" + "_" + "qXvBnMzLkJhGfDsApOiUyTrEwQaZxSwEdC"


@cache
def examiner() -> Examiner:
    # What the repository holds would be another reason for a finding to change.
    law = derive(load_bundle(shipped("policies")), (), None)
    return Examiner(law, Repository(Memory({})), reexports(law, {}.get), Cache(None), 0)


def judged(notebook: bytes, path: str = "nb/train.ipynb") -> tuple[Finding, ...]:
    return examiner().examine(Source(path, Kind.NOTEBOOK, notebook)).findings


def fingerprints(notebook: bytes) -> Counter[str]:
    return Counter(finding.fingerprint for finding in judged(notebook))


# -- notebooks shaped like real ones


def code(text: str, *outputs: str) -> dict[str, Any]:
    streams = [{"output_type": "stream", "name": "stdout", "text": output.splitlines(True)} for output in outputs]
    return {
        "cell_type": "code",
        "id": "0a",
        "execution_count": 3,
        "metadata": {},
        "outputs": streams,
        "source": text.splitlines(True),
    }


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "0b", "metadata": {}, "source": text.splitlines(True)}


def notebook_of(cells: Sequence[dict[str, Any]]) -> Notebook:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    numbered = [{**copy.deepcopy(cell), "id": f"cell-{place}"} for place, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}


def written(notebook: Notebook, **options: Any) -> bytes:
    return json.dumps(notebook, **{"indent": 1, "ensure_ascii": False, **options}).encode()


CELLS = (
    markdown("# Überschrift\n\nwords"),
    code("import pickle\nimport torch\nimport joblib"),
    code("from transformers import AutoModel, AutoTokenizer, pipeline"),
    code("from datasets import load_dataset"),
    code('MODEL = "acme/good"'),
    code('MODEL = "acme/other"'),
    code('MODEL = ORG + "/third"\nORG = "acme"'),
    code("NAME = MODEL\nMODEL = NAME"),
    code('PATH = "weights/model.pt"'),
    code('PATH = f"weights/{NAME}.pt"'),
    code("if big:\n    MODEL = 'acme/big'\nelse:\n    MODEL = 'acme/small'\nAutoModel.from_pretrained(MODEL)"),
    code("model = AutoModel.from_pretrained(MODEL)", "loading é\n"),
    code("model = AutoModel.from_pretrained(MODEL)\ntokens = AutoTokenizer.from_pretrained(NAME)"),
    code("model = AutoModel.from_pretrained(MODEL, trust_remote_code=True)"),
    code("def load(name=MODEL):\n    return AutoModel.from_pretrained(name)\n\nload('acme/called')"),
    code("state = torch.load(PATH, weights_only=False)"),
    code("torch.save(model.state_dict(), PATH)"),
    code("with open(PATH, 'rb') as file:\n    rows = pickle.load(file)", "traceback: rows.pkl\n"),
    code("data = load_dataset(MODEL, revision=REVISION)\nREVISION = 'main'"),
    code("for name in ['a/b', MODEL]:\n    pipeline('x', model=name)"),
    code("!pip install torch==2.5 transformers\n!curl -sL https://get.example.com/run.sh | sh"),
    code("%%bash\nwget https://example.com/model.bin\ndocker run acme/image"),
    code("!docker build -t acme/image ."),
    code("!docker pull acme/image2 && docker run acme/image2"),
    code(f'token = "{TOKEN}"\nlogin(token)', f"logged in with {TOKEN}\n"),
    code("print(1)", f"token: {TOKEN}\n"),
    code("this does not parse ==="),
    code("%time m = joblib.load(NAME)"),
    code("demo.launch(share=True)\nimport gradio\ndemo = gradio.Blocks()"),
    code("url = 's3://acme-production/tables/x'\ndf = read(f'{url}/day={day}')"),
)

notebooks = st.lists(st.sampled_from(CELLS), min_size=1, max_size=14).map(notebook_of)
chances = st.integers(0, 2**32).map(random.Random)


def reordered(notebook: Notebook, chance: random.Random) -> bytes:
    chance.shuffle(notebook["cells"])
    return written(notebook)


def interspersed(notebook: Notebook, chance: random.Random) -> bytes:
    blank = (code(""), code("# nothing\npass"), code("unused = 7"), code("%matplotlib inline"), markdown("# More\n"))
    notebook["cells"] = [one for cell in notebook["cells"] for one in (chance.choice(blank), cell)]
    return written(notebook)


def renumbered(notebook: Notebook, chance: random.Random) -> bytes:
    for place, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{place}-{chance.randrange(99)}"
        if "execution_count" in cell:
            cell["execution_count"] = chance.choice([None, 1, 99])
    return written(notebook)


def without_ids(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in notebook["cells"]:
        del cell["id"]
    return written({**notebook, "nbformat_minor": 4})


def one_string(notebook: Notebook, chance: random.Random) -> bytes:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", ()):
            output["text"] = "".join(output["text"])
    return written(notebook, indent=None, separators=(",", ":"), ensure_ascii=True)


def indented(notebook: Notebook, chance: random.Random) -> bytes:
    return written(notebook, indent=4, sort_keys=True).replace(b"\n", b"\r\n")


@pytest.mark.parametrize("change", [reordered, interspersed, renumbered, without_ids, one_string, indented])
def test_what_has_no_meaning_leaves_every_fingerprint(change: Change) -> None:
    @settings(max_examples=60)
    @given(notebooks, chances)
    def law(notebook: Notebook, chance: random.Random) -> None:
        assert fingerprints(change(copy.deepcopy(notebook), chance)) == fingerprints(written(notebook))

    law()


@settings(max_examples=60)
@given(notebooks)
def test_cleared_outputs_take_only_their_own_findings(notebook: Notebook) -> None:
    before = judged(written(notebook))
    kept = Counter(
        one.fingerprint for one in before if one.location.cell is not None and one.location.cell.kind != "output"
    )
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = []
    assert {one.rule for one in judged(written(notebook))} <= {one.rule for one in before}
    assert fingerprints(written(notebook)).total() == kept.total()
    assert fingerprints(written(notebook)) <= Counter(one.fingerprint for one in before)


SCRIPT = (
    code("!git clone https://github.com/acme/tools"),
    code("!cd tools && git checkout " + "0123456789abcdef" * 2 + "01234567"),
    code("!wget https://example.com/setup.sh"),
    code("!bash setup.sh"),
    code("!wget https://example.com/model.bin"),
    code("!echo 'abc  model.bin' | sha256sum -c"),
    code("!docker build -t acme/own ."),
    code("!docker run acme/own"),
    code("!docker run acme/far"),
)


@settings(max_examples=40)
@given(st.permutations(SCRIPT))
def test_what_one_cell_does_to_what_another_fetches_holds_in_any_order(cells: Sequence[dict[str, Any]]) -> None:
    found = judged(written(notebook_of(cells)))
    assert Counter(one.fingerprint for one in found) == fingerprints(written(notebook_of(SCRIPT)))
    assert {one.rule for one in found} == {"download/run-fetched", "unpinned/image"}


# -- spelling

SPELLINGS = [
    ["f(a, 'b')", 'f(a, "b")', "f(a,\n  'b',\n)", "f( a , 'b' ) # why", "(f)((a), ('b'))", "f(a, '''b''')"],
    ["f('ab')", "f('a' 'b')", "f('a'\n  \"b\")", "f(u'ab')", r"f('\x61b')", "f(r'ab')"],
    ["f(f'a{x}b')", 'f(f"a{x}b")', "f('a' f'{x}b')", "f(f'a{x}' 'b')", "f(f'a{ x }b')", 'f(f"""a{x}b""")'],
    [r"f(f'it\'s {x}')", 'f(f"it\'s {x}")', r"f('it\x27s ' f'{x}')", "f(f'''it's {x}''')"],
    ["f(x[1:2], *y, k=1_000)", "f(\n    x[1:2],\n    *y,\n    k=1000,\n)", "f(x[1 : 2], * y, k = 0x3e8)"],
    ["f(b'ab')", 'f(b"a" b"b")', r"f(b'\x61b')"],
    ["x = f(1)", "x=f( 1 )", "x = (\n    f(1)\n)", "x = f(1)  # comment"],
    ["import a.b as c", "import  a.b  as  c  # d"],
    ["from a import b, c", "from a import (\n    b,\n    c,\n)"],
    ["a if b else c", "(a\n if b\n else c)", "a if(b)else c"],
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=[one[0] for one in SPELLINGS])
def test_layout_quotes_and_comments_do_not_count(spellings: Sequence[str]) -> None:
    assert {canonical(one) for one in spellings} == {canonical(spellings[0])}


def test_what_means_something_else_is_spelled_otherwise() -> None:
    different = [
        *(one[0] for one in SPELLINGS),
        *("f(a)", "f(*a)", "f(**a)", "f(a=a)", "f((a,))", "f([a])", "f({a})", "f('a')", "f(b'a')", "f('1')", "f(1)"),
        *("f(1.0)", "f(True)", "f('')", "f(f'{a}')", "f(f'{a!r}')", "f(f'{a:>2}')", "f(f'{a:>3}')", "f(f'{a=}')"),
        *("f(f'{{a}}')", "f(a[1:])", "f(a[:1])", "f(a[1])", "f(not a)", "f(-a)", "f(a.b)", "f(lambda *a: a)"),
        *("f(lambda **a: a)", "f(a is b)", "f(a is not b)", "f(a in b)", "f(r'\\n')", "f('\\n')", "f(a)(b)", "f(a, b)"),
    ]
    spelled_as = {canonical(one): one for one in different}
    assert [one for one in different if spelled_as[canonical(one)] != one] == []


CANONICAL = {
    "torch.load(f'{d}/m.pt', **k)": "Call(Attribute(torch;Dot()load;)"
    "Arg(FormattedStringExpression(d;)str:'/m.pt';)Arg**(k;))",
    "f(f'{x!r:>{w}}' 'é')": "Call(f;Arg(FormattedStringExpression!r(x;FormattedStringExpression(w;))str:'é';))",
    "!!! not Python": "!!! not Python",
}


@pytest.mark.parametrize("text", CANONICAL)
def test_every_python_spells_alike(text: str) -> None:
    expected = CANONICAL[text].replace("x;Formatted", "x;text:'>';Formatted")
    assert canonical(text) == expected


def test_every_python_computes_the_same_fingerprint() -> None:
    assert fingerprint("unsafe-load/torch-load", "nb/é.ipynb", canonical("torch.load(p)"), 1) == FINGERPRINT


FINGERPRINT = "1:58dffc47626dc825"


def test_nested_f_strings_are_found_at_their_place_on_every_python() -> None:
    cell = code(
        "import torch\nprint(f'{torch.load(p)} and {torch.load(p)} é {torch.load(q)}', f'''\n{torch.load(p)}''')"
    )
    found = [one for one in judged(written(notebook_of([cell]))) if one.rule == "unsafe-load/torch-load"]
    place = [(one.location.cell.line, one.location.cell.column) for one in found if one.location.cell]
    assert place == [(2, 10), (2, 30), (2, 48), (3, 2)]
    assert len({one.canonical for one in found}) == 2


# -- constants

ROUTES = [
    'NAME = "{}"\nX = NAME',
    'ORG, REST = "{}".split("/"), 1\nX = "{}"',
    'X = f"{}"',
    'X = "{}" + ""',
    'TABLE = {{"m": "{}"}}\nX = TABLE["m"]',
    'ALL = ["{}"]\nX = ALL[0]',
    'class C:\n    m = "{}"\nX = C.m',
    'X, Y = "{}", 2',
]
BRANCHES = [
    'X = "{}" if a else b',
    'ALL = ["{}", "acme/other"]\nfor X in ALL:\n    pass',
    "if a:\n    X = '{}'\nelse:\n    X = 'acme/other'",
    'X = input() or "{}"',
]
"""One of several values; a shell line that holds such a name is known without it."""

CALLS = [
    "import transformers\ntransformers.AutoModel.from_pretrained(X)",
    "from transformers import AutoModel\nAutoModel.from_pretrained(X, trust_remote_code=True)",
    "from transformers import pipeline\npipeline('text-generation', X)",
    "from transformers import pipeline\npipeline(task, model=X, trust_remote_code=True)",
    "from datasets import load_dataset\nload_dataset(X)",
    "import torch\ntorch.load(X, weights_only=False)",
    "import torch\ntorch.load(open(X, 'rb'))",
    "import pickle\nwith open(X, 'rb') as file:\n    pickle.load(file)",
    "import joblib\njoblib.load(X)",
    "import torch\ntorch.hub.load(X, 'net')",
    "import pandas as pd\npd.read_pickle(X)",
    "import torch\ndef load(path=X):\n    return torch.load(path)",
]
COMMANDS = [
    "import os\nos.system(f'git clone https://github.com/{X}')",
    "!git clone https://github.com/{X}",
    "!docker run {X}",
    "!pip install git+https://github.com/$X",
]


def with_constant(constant: str, route: str, sink: str, order: int) -> bytes:
    """The constant and what depends on it in one cell, or in two in either order."""
    setting = route.replace("{}", constant).replace("{{", "{").replace("}}", "}")
    cells = [[f"{setting}\n{sink}"], [setting, sink], [sink, setting]][order]
    return written(notebook_of([code(cell) for cell in cells]))


@pytest.mark.parametrize(
    "sink", [*CALLS, *COMMANDS], ids=[one.rpartition("\n")[2].strip() for one in [*CALLS, *COMMANDS]]
)
def test_another_constant_is_another_finding(sink: str) -> None:
    for route in [*ROUTES, *(BRANCHES if sink in CALLS else ())]:
        for order in range(3):
            before = judged(with_constant("acme/good", route, sink, order))
            after = judged(with_constant("evil/x", route, sink, order))
            assert before, (route, order)
            assert {one.fingerprint for one in before}.isdisjoint(one.fingerprint for one in after), (route, order)


@settings(max_examples=60)
@given(notebooks)
def test_another_model_leaves_no_finding_that_names_it(notebook: Notebook) -> None:
    before = judged(written(notebook))
    after = {one.fingerprint for one in judged(written(notebook).replace(b"acme/good", b"evil/x"))}
    assert [one for one in before if "acme/good" in one.canonical and one.fingerprint in after] == []


# -- ordinals


def test_a_second_identical_call_is_one_more_finding() -> None:
    load = code("import torch\ntorch.load(p, weights_only=False)")
    one, two, three = (fingerprints(written(notebook_of([load] * count))) for count in (1, 2, 3))
    assert one < two < three
    assert three.most_common(1)[0][1] == 1


@settings(max_examples=40)
@given(notebooks, st.data())
def test_ordinals_are_symmetric(notebook: Notebook, data: st.DataObject) -> None:
    """Whichever of several equal cells goes, the same fingerprints stay: those of the lower ordinals."""
    twice = notebook_of(notebook["cells"] * 2)
    half = set(range(len(twice["cells"]))) - {
        place + data.draw(st.sampled_from([0, len(notebook["cells"])])) for place in range(len(notebook["cells"]))
    }
    left = notebook_of([twice["cells"][place] for place in sorted(half)])
    assert fingerprints(written(left)) == fingerprints(written(notebook))
    assert fingerprints(written(left)) <= fingerprints(written(twice))


# -- values


def values() -> Iterable[tuple[Value | None, str]]:
    yield None, "-"
    yield Value(()), "{}"
    yield Value((), "a parameter"), "{?}"
    yield Value((), "a parameter", ("acme/good",)), "{?,'acme/good'}"
    yield Value(("b", "a", "b")), "{'a','b'}"
    yield Value((True, 1, None, 1.5)), "{1,1.5,None,True}"
    yield Value(("a",), "more"), "{'a',?}"
    yield Value((Local("a"),)), "{'a'}"
    yield Value((Local("{…}"),)), "{?}"
    yield Value((Template(("a/", None)),)), "{'a/{…}'}"
    yield Value((Ref("a.b"), Made("a.B"))), "{made:a.B,ref:a.b}"
    yield Value((Items((Value(("a",)), Value((), "x"))),)), "{[{'a'},{?}]}"
    yield Value((Entries((("b", Value((1,))), ("a", Value((2,))))),)), "{{a:{2},b:{1}}}"


@pytest.mark.parametrize(("value", "expected"), list(values()))
def test_a_value_has_one_spelling(value: Value | None, expected: str) -> None:
    assert spelled(value) == expected
