"""Laws of `parts` and `identifiers`: what a text names, and what it is."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlgate import identifiers
from mlgate.parts import HOLE, NAMES, STORES, part

SHA = "9" + "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"[1:]


def parts(text: str) -> dict[str, tuple[str, ...]]:
    return {name: values for name in NAMES if (values := part(text, name))}


@pytest.mark.parametrize(
    ("text", "org", "name", "revision"),
    [
        ("google/vit", "google", "vit", ""),
        ("gpt2", "", "gpt2", ""),
        (f"google/vit@{SHA}", "google", "vit", SHA),
        ("hf-hub:timm/resnet50@v1", "timm", "resnet50", "v1"),
        ("hf_hub:timm/resnet50", "timm", "resnet50", ""),
        ("hf://acme/model/weights.bin", "acme", "model", ""),
        ("hf://datasets/acme/rows@refs/convert/parquet/x.parquet", "acme", "rows", "refs/convert/parquet"),
        (f"hf://datasets/acme/rows@{SHA}/x.csv", "acme", "rows", SHA),
        ("hf://datasets/acme/rows@refs%2Fpr%2F1/x.csv", "acme", "rows", "refs/pr/1"),
        ("pytorch/vision:v0.10.0", "pytorch", "vision", "v0.10.0"),
        (f"pytorch/vision:{SHA}", "pytorch", "vision", SHA),
        ("models:/ranker/3", "", "ranker", "3"),
        ("models:/ranker/Production", "", "ranker", "Production"),
        ("models:/ranker@champion", "", "ranker", "champion"),
        ("models:/ranker", "", "ranker", ""),
        ("models:/main.default.ranker/4", "", "main.default.ranker", "4"),
        ("runs:/0123abc/model", "", "model", "0123abc"),
        ("acme/vision/rows:v3", "acme", "vision/rows", "v3"),
        ("rows:latest", "", "rows", "latest"),
        ("google/gemma/transformers/2b/3", "google", "gemma/transformers/2b", "3"),
        ("acme/rows/versions/12", "acme", "rows", "12"),
        ("https://tfhub.dev/google/elmo/3", "google", "elmo", "3"),
        ("https://tfhub.dev/google/elmo", "google", "elmo", ""),
        ("https://huggingface.co/acme/m/resolve/main/a/b.bin", "acme", "m", "main"),
        ("https://huggingface.co/gpt2/resolve/main/config.json", "", "gpt2", "main"),
        ("https://huggingface.co/datasets/acme/m/resolve/refs%2Fpr%2F2/x", "acme", "m", "refs/pr/2"),
        (f"https://huggingface.co/acme/m/blob/{SHA}/x", "acme", "m", SHA),
        ("https://huggingface.co/acme/m", "acme", "m", ""),
        ("https://raw.githubusercontent.com/acme/code/main/x.csv", "acme", "code", "main"),
        ("https://raw.githubusercontent.com/acme/code/refs/heads/main/x.csv", "acme", "code", "refs/heads/main"),
        (f"https://github.com/acme/code/archive/{SHA}.zip", "acme", "code", SHA),
        ("https://github.com/acme/code/archive/refs/tags/v1.tar.gz", "acme", "code", "refs/tags/v1"),
        ("git+https://github.com/acme/code.git@v1#egg=code", "acme", "code", "v1"),
        ("git+https://github.com/acme/code", "acme", "code", ""),
        (f"git+ssh://git@github.com/acme/code.git@{SHA}", "acme", "code", SHA),
        ("git@github.com:acme/code.git", "acme", "code", ""),
        (f"hf-hub:acme/m@{HOLE}", "acme", "m", HOLE),
        (f"{HOLE}/m", HOLE, "m", ""),
        ("./acme/m", "", "", ""),
        ("s3://acme/m", "", "", ""),
        ("a sentence", "", "", ""),
    ],
)
def test_a_reference_has_an_organisation_a_name_and_a_revision(text: str, org: str, name: str, revision: str) -> None:
    assert tuple("".join(part(text, key)) for key in ("org", "name", "revision")) == (org, name, revision)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://prod-x/a b.csv", {"scheme": "s3", "bucket": "prod-x", "path": "a b.csv"}),
        ("gs://YOUR BUCKET", {"scheme": "gs", "bucket": "YOUR BUCKET"}),
        ("gs://", {"scheme": "gs"}),
        (f"s3a://{HOLE}/raw/{HOLE}", {"scheme": "s3a", "bucket": HOLE, "path": f"raw/{HOLE}"}),
        (
            "abfss://raw@lake.dfs.core.windows.net/a/b",
            {"scheme": "abfss", "host": "lake.dfs.core.windows.net", "bucket": "raw", "path": "a/b"},
        ),
        ("oci://rows@space/a", {"scheme": "oci", "host": "space", "bucket": "rows", "path": "a"}),
        ("adl://lake.azuredatalakestore.net/a", {"scheme": "adl", "host": "lake.azuredatalakestore.net", "path": "a"}),
        ("hdfs://node:8020/user/x", {"scheme": "hdfs", "host": "node", "port": "8020", "path": "user/x"}),
        ("hdfs:///user/x", {"scheme": "hdfs", "path": "user/x"}),
        ("dbfs:/mnt/prod/x", {"scheme": "dbfs", "path": "mnt/prod/x"}),
        ("/dbfs/mnt/prod/x", {"scheme": "dbfs", "path": "mnt/prod/x"}),
        (
            "postgresql+psycopg2://me:pw@db.prod:5432/sales?sslmode=require",
            {
                "scheme": "postgresql",
                "host": "db.prod",
                "port": "5432",
                "path": "sales",
                "database": "sales",
                "user": "me",
                "query": "sslmode=require",
            },
        ),
        ("redis://[::1]:6379/0", {"scheme": "redis", "host": "::1", "port": "6379", "path": "0", "database": "0"}),
        (
            "jdbc:sqlserver://db:1433;databaseName=Prod;user=x",
            {
                "scheme": "sqlserver",
                "host": "db",
                "port": "1433",
                "database": "Prod",
                "query": "databaseName=Prod&user=x",
            },
        ),
        (
            "jdbc:oracle:thin:@//db:1521/orders",
            {"scheme": "oracle", "host": "db", "port": "1521", "database": "orders"},
        ),
        ("jdbc:sqlite:file.db", {"scheme": "sqlite", "path": "file.db"}),
        (
            "https://rows.s3.eu-west-1.amazonaws.com/a",
            {"scheme": "https", "host": "rows.s3.eu-west-1.amazonaws.com", "bucket": "rows", "path": "a"},
        ),
        (
            "https://s3.amazonaws.com/rows/a",
            {"scheme": "https", "host": "s3.amazonaws.com", "bucket": "rows", "path": "a"},
        ),
        (
            "https://storage.googleapis.com/rows/a",
            {"scheme": "https", "host": "storage.googleapis.com", "bucket": "rows", "path": "a"},
        ),
        (
            "https://acme.blob.core.windows.net/rows/a?sv=1",
            {
                "scheme": "https",
                "host": "acme.blob.core.windows.net",
                "bucket": "rows",
                "path": "a",
                "query": "sv=1",
            },
        ),
        (f"https://prod-{HOLE}.s3.amazonaws.com/a", {"scheme": "https", "path": "a"}),
    ],
)
def test_a_uri_is_taken_apart(text: str, expected: dict[str, str]) -> None:
    found = {name: values for name, values in parts(text).items() if name not in ("org", "name", "revision")}
    assert found == {name: (value,) for name, value in expected.items()}


def test_a_text_may_name_several_stores() -> None:
    command = "aws s3 cp s3://raw/a s3://prod/b --only-show-errors"
    assert part(command, "bucket") == ("raw", "prod")
    assert part("mongodb+srv://u:p@one:27017,two:27017/db", "host") == ("one", "two")
    assert part("copy t from 's3://prod/x' iam_role 'y'", "bucket") == ("prod",)


def test_a_sentence_that_ends_in_a_scheme_names_no_bucket() -> None:
    assert parts(f"{HOLE} is not a path starting with gs://.") == {"scheme": ("gs",)}


def test_a_password_is_in_no_part() -> None:
    password = "can" + "ary"
    for text in (
        f"postgresql://me:{password}@db/x",
        f"jdbc:mysql://me:{password}@db/x",
        f"mongodb://me:{password}@a,b/x",
    ):
        assert all(password not in value for values in parts(text).values() for value in values)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT * FROM `a-b.c.d` t, x.y JOIN "S"."T" u ON 1', ("a-b.c.d", "x.y", "S.T")),
        ("WITH q AS (SELECT 1 FROM prod.x) SELECT * FROM q", ("prod.x",)),
        ("insert into [db].[dbo].[t] (a, b) values (1, 2)", ("db.dbo.t",)),
        ("UPDATE t SET a = 1 WHERE b = 2", ("t",)),
        ("DELETE FROM t", ("t",)),
        ("select extract(year from ts) from orders o, lines", ("orders", "lines")),
        ("CREATE OR REPLACE TABLE IF NOT EXISTS p.d.t AS SELECT * FROM z", ("p.d.t", "z")),
        ("DROP TABLE IF EXISTS prod.x", ("prod.x",)),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = 1", ("t", "s")),
        ("select a from t1 left join t2 using (id)", ("t1", "t2")),
        ("select a from t where x in (select y from prod.z) and status = 'from live'", ("t", "prod.z")),
        ("select 1 -- from hidden\nfrom /* from hidden */ shown", ("shown",)),
        (" rows --project x\nSELECT * FROM a.b", ("a.b",)),
        ("COPY INTO db.s.t FROM @stage", ("db.s.t", "@stage")),
        (f"SELECT * FROM {HOLE}", ()),
        ("SELECT * FROM {table} WHERE x = %s", ()),
        (f"SELECT * FROM sales.{HOLE}", (f"sales.{HOLE}",)),
        ("SELECT * FROM UNNEST(x) LIMIT 10", ()),
        ("bigquery-public-data.ml_datasets.penguins", ("bigquery-public-data.ml_datasets.penguins",)),
        ("us-docker.pkg.dev", ()),
        ("Select a model from the list", ()),
        ("Update prices from suppliers", ()),
        ("update the table from there", ()),
        ("from torch import nn", ()),
        ("import x\nfrom torch import nn", ()),
    ],
)
def test_tables_of_a_statement(sql: str, tables: tuple[str, ...]) -> None:
    assert part(sql, "table") == tables


YES, NO, OPEN = True, False, None


@pytest.mark.parametrize(
    ("text", "remote", "local"),
    [
        ("google/vit", YES, NO),
        ("gpt2", YES, NO),
        ("microsoft/phi-1.5", YES, NO),
        ("hf-hub:timm/resnet50", YES, NO),
        ("pytorch/vision:v0.10.0", YES, NO),
        ("acme/m@main", YES, NO),
        ("https://huggingface.co/acme/m", YES, NO),
        ("hf://datasets/acme/rows/x.csv", YES, NO),
        (f"google/vit-{HOLE}", YES, NO),
        ("results", OPEN, OPEN),
        ("output/model", OPEN, OPEN),
        ("acme/weights.bin", OPEN, OPEN),
        (HOLE, OPEN, OPEN),
        (f"{HOLE}/final", OPEN, OPEN),
        ("$MODEL", OPEN, OPEN),
        ("results/checkpoint-500", NO, YES),
        ("./model", NO, YES),
        ("/opt/ml/model", NO, YES),
        ("~/models/x", NO, YES),
        ("C:\\models\\x", NO, YES),
        ("runs/train/weights", NO, YES),
        ("model.pt", NO, YES),
        ("rows.csv", NO, YES),
        ("model/", NO, YES),
        (".", NO, YES),
        ("file:///x/y", NO, YES),
        ("https://example.org/x", NO, NO),
        ("s3://acme/m", NO, NO),
        ("two words", NO, OPEN),
        ("", NO, NO),
    ],
)
def test_where_a_name_leads(text: str, remote: bool | None, local: bool | None) -> None:
    assert (identifiers.test("remote-id", text), identifiers.test("local-path", text)) == (remote, local)


@pytest.mark.parametrize(
    ("kind", "yes", "no", "open_"),
    [
        ("commit", [SHA, SHA.upper()], ["main", SHA[:7], SHA + "0", "v1", "", f"v{HOLE}"], [HOLE, f"ab{HOLE}"]),
        (
            "exact-version",
            ["==1.2.3", "===1", "==2.0rc1", ">=1,==1.5", "==1.0+cu121", "=1.2=py310_0"],
            ["", "==1.*", "~=1.2", ">=1.2.3", "=1.2", "latest", "*", "1"],
            [f"=={HOLE}"],
        ),
        (
            "loopback",
            ["127.0.0.1", "localhost", "::1", "[::1]:80", "http://127.0.0.1:80"],
            ["0.0.0.0", "", "*"],
            [HOLE],
        ),
        ("url", ["https://a/b", "s3://a"], ["a/b", "file:///x", ""], [HOLE]),
        ("empty", ["", " "], ["x"], [HOLE]),
    ],
)
def test_what_a_text_is(kind: str, yes: list[str], no: list[str], open_: list[str]) -> None:
    assert {text: identifiers.test(kind, text) for text in [*yes, *no, *open_]} == {
        **dict.fromkeys(yes, True),
        **dict.fromkeys(no, False),
        **dict.fromkeys(open_),
    }


def test_a_text_has_no_part_that_only_a_dict_can_have() -> None:
    assert part("s3://a", "trust_remote_code") == ()


FRAGMENTS = st.sampled_from(
    [
        *f"{HOLE} s3:// jdbc: :// @ : / // ' '' \" ` [ ] ( ) -- /* \\ hf:// git+ models:/".split(),
        *"? = & ; , . main a-b ä { } %2F".split(),
        *("\n", "\0", "[::1", "select ", " from ", "insert into ", "with x as (", "https://huggingface.co/"),
        *sorted(STORES)[:8],
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=14).map("".join))


@settings(max_examples=400)
@given(TEXTS, st.sampled_from(NAMES))
def test_parts_never_raise_and_never_invent(text: str, name: str) -> None:
    values = part(text, name)
    assert values == part(text, name)
    assert len(values) == len(set(values))
    assert "" not in values


@settings(max_examples=400)
@given(TEXTS)
@example("0@/")
def test_a_name_is_never_surely_remote_and_surely_local(text: str) -> None:
    assert not (identifiers.test("remote-id", text) and identifiers.test("local-path", text))
    for kind in identifiers.KINDS:
        identifiers.test(kind, text)


@given(
    st.sampled_from(["org", "name", "revision"]), st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}@[a-z0-9]{1,8}", fullmatch=True)
)
def test_a_part_of_a_part_is_itself(name: str, text: str) -> None:
    [value] = part(text, name)
    assert part(value, "name") == (value,)


UNITS = ("'", "''\\", "/*", "--", "(", "[", '"', "`", "s3://", "jdbc:", "select from ", "a.", "a/", "@", "hf://", "{")


@pytest.mark.parametrize("unit", [*UNITS, "a,", "select a from b,", "from '", "x://"])
def test_time_grows_with_length_not_its_square(unit: str) -> None:
    for text in (unit * (60_000 // len(unit)), "select " + unit * (60_000 // len(unit)) + "\\"):
        began = time.monotonic()
        for name in NAMES:
            part(text, name)
        for kind in identifiers.KINDS:
            identifiers.test(kind, text)
        assert time.monotonic() - began < 3  # 0.2 s each on an idle machine; squares would take minutes
