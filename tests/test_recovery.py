"""What does not parse: the statements around it are still read, and its texts, whatever the language."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.facts import foreign
from mlgate.facts.python import comments
from mlgate.facts.python.trees import parsed, recovered
from mlgate.model import Unit, Vocabulary

STATEMENTS = [
    "import torch",
    "x = torch.load(f)",
    "def f():\n    return 1",
    "if x:\n    y()\nelse:\n    z()",
    "@d\nclass A:\n    b = 1",
]
BROKEN = ["trainer = Trainer(model=m, ...)", "print 'two'", "x = = 1", "for"]
SOME = st.lists(st.sampled_from(STATEMENTS), max_size=4)


def lines_of(text: str) -> list[tuple[int, str]]:
    tree = recovered(text)
    return [] if tree is None else [(one.lineno, ast.unparse(one)) for one in tree.body]


def test_one_broken_statement_takes_no_other_with_it() -> None:
    text = "import torch\nmodel = torch.load(f)\ntrainer = Trainer(model=model, ...)\ntrainer.train()"
    assert lines_of(text) == [(1, "import torch"), (2, "model = torch.load(f)"), (4, "trainer.train()")]


def test_lines_that_belong_to_nothing_are_left_out() -> None:
    text = "def f(d):\n    g(d)\nloaded = joblib.load(d)\n    return loaded\nlast()"
    assert lines_of(text) == [(1, "def f(d):\n    g(d)"), (3, "loaded = joblib.load(d)"), (5, "last()")]


@given(SOME)
def test_what_parses_is_recovered_whole(statements: list[str]) -> None:
    text = "\n".join(statements)
    whole = parsed(text)
    assert isinstance(whole, ast.Module)
    assert lines_of(text) == [(one.lineno, ast.unparse(one)) for one in whole.body]


@given(SOME, st.sampled_from(BROKEN), SOME)
def test_statements_stand_where_they_stood(before: list[str], broken: str, after: list[str]) -> None:
    text = "\n".join([*before, broken, *after])
    tree = recovered(text)
    found = [] if tree is None else [ast.unparse(one) for one in tree.body]
    assert found == [ast.unparse(one) for text in (*before, *after) for one in ast.parse(text).body]
    assert all(text.split("\n")[number - 1].strip() for number, _ in lines_of(text))


@pytest.mark.parametrize("text", ["", ")", "x = " + "(" * 300 + ")" * 300, "x = = 1\n" * 500])
def test_where_nothing_parses_nothing_is_recovered(text: str) -> None:
    assert recovered(text) is None


# --- texts of other languages ---------------------------------------------------------------------------------------

ADDRESSES = Vocabulary(strings=(r"gs://", r"^0\.0\.0\.0$"))


def texts(text: str) -> list[tuple[int, int, str, str]]:
    found = []
    for fact in foreign.extract([Unit(0, text)], ADDRESSES).facts:
        keyword = fact.attributes.get("keyword")
        found.append((fact.span.line, fact.span.column, fact.name, str(keyword.options[0]) if keyword else ""))
    return found


def test_quoted_texts_of_r_are_read() -> None:
    code = """# "gs://comment"
uri <- "gs://acme/rows.csv"
BUCKET_URI <- paste0("gs://", BUCKET)
pr_run(host = '0.0.0.0', port = 8080)  # it's "gs://too"
"""
    assert texts(code) == [
        (2, 8, "gs://acme/rows.csv", "uri"),
        (3, 22, "gs://{…}", ""),
        (4, 15, "0.0.0.0", "host"),
    ]


def test_an_apostrophe_in_a_comment_opens_no_text() -> None:
    assert texts("x = 1 // don't\ny = 'gs://a/b'") == [(2, 5, "gs://a/b", "y")]


# --- comments -------------------------------------------------------------------------------------------------------


def test_only_addresses_of_databases_that_name_a_user_are_read_in_comments() -> None:
    text = 'url = get()  # default: "postgresql://reader@db.acme/tickets"\n# see s3://acme/x and https://u@acme\n'
    text += 'other = "mysql://text@not/comment"'
    assert list(comments.addresses(text)) == [(1, 26, "postgresql://reader@db.acme/tickets")]


def test_a_text_that_is_no_python_ends_the_reading_and_nothing_else() -> None:
    assert list(comments.addresses("# mysql://a@b/c\n'''")) == [(1, 3, "mysql://a@b/c")]
