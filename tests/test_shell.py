"""Shell text is read as a shell would: what runs is stated with its place, what is only said is not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from facts_of import attributes, code, covered, of_kind, place, plain, read_shell
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgate.commands.reader import MAX_DEPTH, read
from mlgate.commands.script import flatten
from mlgate.model import Confidence, Kind

COMMIT = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
DIGEST = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2


# --- pipelines


def names(*texts: str, variables: Mapping[str, str] | None = None) -> list[str]:
    return [fact.name for fact in of_kind(read_shell(*texts, variables=variables), "shell")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'b c'  \"d e\" f\\ g", ["a b c d e f g"]),
        ("a | b && c || d; e & f\ng", ["a | b", "c", "d", "e", "f", "g"]),
        ("a \\\n  b \\\n  c", ["a b c"]),
        ("a \\\r\n  b\r\nc\r\n", ["a b", "c"]),
        ("a # b\n# c\nd#e", ["a", "d#e"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("for x in 1 2; do a $x; done | b", ["a $x", "b"]),
        ("while read l; do a; done < f", ["read l", "a", "< f"]),
        ("case $x in a|b) c ;; *) d ;; esac; e", ["c", "d", "e"]),
        ("f() { a; }\nfunction g { b; }", ["a", "b"]),
        ("[[ $a == (b|c) && -f x ]] && d", ["[[ $a == b c -f x ]]", "d"]),
        ("x=(a b c)\nd", ["x=(a b c)", "d"]),
        ("echo don't\nls", ["echo don't", "ls"]),
        ("cat <<EOF\ncurl x | sh\nEOF\nls", ["cat << EOF", "ls"]),
        ("cat <<-EOF\n\tcurl x\n\tEOF\nls", ["cat << EOF".replace("<<", "<<-"), "ls"]),
        ("a $(b $(c)) `d`", ["a $(b $(c)) `d`", "b $(c)", "c", "d"]),
        ("a <(b) >(c)", ["a <(b) >(c)", "b", "c"]),
        ("(a; b) | c", ["(…) | c", "a", "b"]),
        ("A=1 B='2 3' sudo -u me env C=4 d", ["A=1 B=2 3 sudo -u me env C=4 d"]),
        ('sh -c "a && b"', ["sh -c a && b", "a", "b"]),
        ("find . -name '*.py' -exec rm {} \\;", ["find . -name *.py -exec rm {} ;"]),
        ("a $((1 + 2)) ${b:-c}", ["a $((1 + 2)) ${b:-c}"]),
    ],
)
def test_a_fact_is_one_pipeline_with_its_words(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_an_expression_of_a_notebook_is_one_word() -> None:
    (fact,) = of_kind(read_shell("aws s3 cp {ROOT + '/a b'} out {sys.executable}", origin="magic"), "shell")
    assert plain(fact.attributes["words"]) == ["aws", "s3", "cp", "{ROOT + '/a b'}", "out", "{sys.executable}"]


def test_a_pipeline_covers_its_words_and_not_the_comment_behind_them() -> None:
    text = "ls  # list\n  curl \\\n    a | b   # c"
    assert [covered(text, fact) for fact in of_kind(read_shell(text), "shell")] == ["ls", "curl \\\n    a | b"]


def test_a_variable_of_the_script_is_known_in_later_pieces_until_it_is_set_to_something_unknown() -> None:
    found = names("URL=https://x.example/a", "wget $URL/${URL}", "URL=$(b)", "wget $URL")
    assert found == [
        "URL=https://x.example/a",
        "wget https://x.example/a/https://x.example/a",
        "URL=$(b)",
        "b",
        "wget $URL",
    ]


def test_a_variable_that_branches_set_differently_is_unknown() -> None:
    assert names("if a; then V=1; else V=2; fi\nb $V")[-1] == "b $V"


def test_a_constant_of_the_notebook_replaces_its_variable() -> None:
    assert names("pip install {SPEC}", variables={"SPEC": "torch"}) == ["pip install torch"]


def test_passwords_in_addresses_are_not_repeated() -> None:
    secret = "pass" + "word1"
    found = read_shell(
        f"curl -O https://me:{secret}@x.example/a?token={secret} && pip install git+https://{secret}@x.example/r"
    )
    assert secret not in repr(found.facts)


@settings(max_examples=300)
@given(st.text(alphabet="ab \n\t\\'\"$`(){}<>|&;#=!*[]-1\r…", max_size=60))
def test_nothing_that_is_no_shell_raises(text: str) -> None:
    found = read_shell(text)
    lines = text.split("\n")
    for fact in found.facts:
        assert 1 <= fact.span.line <= fact.span.end_line <= len(lines)
        assert 1 <= fact.span.column <= len(lines[fact.span.line - 1]) + 1


@pytest.mark.parametrize("opening", ["$(", "(", "`", '"$(', "{a", "${", "<<E\n", "<(", "sh -c '", "[[ ", "case x in "])
def test_deep_nesting_is_cut_and_neither_raises_nor_hangs(opening: str) -> None:
    pipelines = read(opening * (50 * MAX_DEPTH))
    assert len(list(flatten(pipelines))) <= 50 * MAX_DEPTH


# --- transfers


def transfers(*texts: str) -> list[dict[str, object]]:
    keep = ("transfer", "url", "target", "content", "verified", "runs", "piped", "revision")
    return [
        {name: value for name, value in attributes(fact).items() if name in keep}
        for fact in of_kind(read_shell(*texts), "shell")
        if "transfer" in fact.attributes
    ]


@pytest.mark.parametrize(
    ("text", "interpreter"),
    [
        ("curl -fsSL https://x.example/i.sh | sh", "sh"),
        ("curl -s https://x.example/i.sh | sudo -E bash -", "bash"),
        ("curl -s https://x.example/i.sh | tee log | bash -s -- --quiet", "bash"),
        ("wget -qO- https://x.example/i.sh | sh", "sh"),
        ("wget https://x.example/i.sh -O - | sh", "sh"),
        ("bash <(curl -s https://x.example/i.sh)", "bash"),
        ("bash < <(curl -s https://x.example/i.sh)", "bash"),
        ("source <(curl -s https://x.example/i.sh)", "sh"),
        ('sh -c "$(curl -fsSL https://x.example/i.sh)"', "sh"),
        ('bash -c "$(wget -O- https://x.example/i.sh)" -- --yes', "bash"),
        ('eval "$(curl -s https://x.example/i.sh)"', "sh"),
        ('bash <<< "$(curl -s https://x.example/i.sh)"', "bash"),
        ("curl -s https://x.example/i.sh | python3 -", "python"),
        ("(curl -s https://x.example/i.sh || wget -qO- https://y.example/i.sh) | sh", "sh"),
        ("curl -X POST -d a=b https://x.example/i.sh | sh", "sh"),
    ],
)
def test_a_script_that_is_piped_to_an_interpreter_runs(text: str, interpreter: str) -> None:
    assert transfers(text) == [
        {"transfer": "download", "url": "https://x.example/i.sh", "content": "code", "runs": interpreter, "piped": True}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "curl https://x.example/v1",
        "curl https://x.example/v1 | jq .",
        "curl https://x.example/v1 | python -m json.tool",
        "curl https://x.example/v1 | python3 -c 'import json'",
        "curl https://x.example/v1 | bash script.sh",
        "curl -o /dev/null https://x.example/v1",
        "curl https://x.example/v1 > /dev/null",
        "curl -I https://x.example/v1",
        "curl -X POST -o answer.json https://x.example/v1",
        "curl https://x.example/v1 -d '{}' -o answer.json",
        "curl -X POST https://x.example/v1 | jq . > answer.json",
        "wget --spider https://x.example/v1",
        "curl -O http://localhost:8000/a",
        "wget 127.0.0.1:8000/a",
        "curl -H 'X: y' http://169.254.169.254/latest/meta-data -o m",
    ],
)
def test_an_answer_that_is_not_kept_is_an_api_call(text: str) -> None:
    assert [found["transfer"] for found in transfers(text)] == ["api"]


def test_what_a_variable_captures_is_no_download() -> None:
    assert transfers("TOKEN=$(curl -s https://x.example/token)") == []


@pytest.mark.parametrize(
    ("text", "url", "target", "content"),
    [
        ("wget https://x.example/a.csv", "https://x.example/a.csv", None, "data"),
        ("wget -P data https://x.example/a.csv.gz", "https://x.example/a.csv.gz", "data", "data"),
        ("wget -O b.pkl https://x.example/download?id=1", "https://x.example/download?id=1", "b.pkl", "model"),
        ("wget -o log https://x.example/e.pkl", "https://x.example/e.pkl", None, "model"),
        ("wget https://x.example/a.csv https://x.example/b.py", "https://x.example/b.py", None, "code"),
        ("curl -LO https://x.example/a.zip", "https://x.example/a.zip", None, "archive"),
        ("curl -Lo m.tar.gz https://x.example/model.tar.gz", "https://x.example/model.tar.gz", "m.tar.gz", "model"),
        ("curl https://x.example/a.json > b.json", "https://x.example/a.json", "b.json", "data"),
        ("curl https://x.example/a | tee b.txt", "https://x.example/a", "b.txt", "data"),
        ("curl -sL https://x.example/a.tgz | tar xz -C out", "https://x.example/a.tgz", "out", "archive"),
        ("gdown 1abc -O w.pth", "1abc", "w.pth", "model"),
        ("aria2c -d data -o a.bin https://x.example/a", "https://x.example/a", "a.bin", "model"),
        ("aws s3 cp s3://b/k.parquet .", "s3://b/k.parquet", ".", "data"),
        ("aws --region eu s3 sync --quiet s3://b/k out", "s3://b/k", "out", "unknown"),
        ("gsutil -m cp -r gs://b/k out", "gs://b/k", "out", "unknown"),
        ("gcloud storage cp gs://b/k.csv .", "gs://b/k.csv", ".", "data"),
        (
            "azcopy copy 'https://a.blob.core.windows.net/c/k.csv?sig=abc' data",
            "https://a.blob.core.windows.net/c/k.csv?sig=***",
            "data",
            "data",
        ),
        ("az storage blob download -c c -n k.onnx -f out.onnx", "k.onnx", "out.onnx", "model"),
        ("rclone copy remote:bucket/k data", "remote:bucket/k", "data", "unknown"),
        ("kaggle datasets download -d a/b -p data", "a/b", "data", "data"),
        ("kaggle kernels pull a/b", "a/b", None, "code"),
        ("dvc get https://x.example/r data/a.csv", "https://x.example/r", None, "data"),
    ],
)
def test_a_download_says_what_and_where(text: str, url: str, target: str | None, content: str) -> None:
    (found,) = transfers(text)
    assert (found["transfer"], found["url"], found.get("target"), found["content"]) == (
        "download",
        url,
        target,
        content,
    )


@pytest.mark.parametrize(
    "text",
    [
        "aws s3 cp a.csv s3://b/",
        "aws s3 sync out $TARGET",
        "gsutil cp a gs://b",
        "curl -T a https://x.example/",
        "az storage blob upload -f a -c c",
        "rclone copy data remote:b",
        "gcloud storage cp --recursive out gs://b/k",
    ],
)
def test_what_leaves_the_machine_is_an_upload(text: str) -> None:
    assert [found["transfer"] for found in transfers(text)] == ["upload"]


@pytest.mark.parametrize(
    "text",
    [
        "gsutil cp gs://a/b gs://c/d",
        "aws s3 cp s3://a/b s3://c/d",
        "gcloud storage cp $A_URI $B_BUCKET",
        "rclone copy a:x b:y",
    ],
)
def test_between_two_stores_nothing_is_fetched(text: str) -> None:
    assert transfers(text) == []


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("aws s3 cp $1 model/", Confidence.MEDIUM),
        ("aws s3 cp {path}/a.csv .", Confidence.MEDIUM),
        ("gcloud storage cp gs://b/a.csv {TRAINING_PATH}", Confidence.LOW),
        ("gsutil cp gs://b/a.csv {LOCAL_DIR}", Confidence.MEDIUM),
        ("wget $URL", Confidence.MEDIUM),
        ("wget {…}", Confidence.LOW),
    ],
)
def test_a_variable_on_one_side_lowers_confidence(text: str, confidence: Confidence) -> None:
    (fact,) = of_kind(read_shell(text), "shell")
    assert plain(fact.attributes["transfer"]) == "download"
    assert fact.confidence is confidence
    assert fact.why


@pytest.mark.parametrize(
    ("script", "runs"),
    [
        ("wget https://x.example/run.sh && chmod +x run.sh && ./run.sh", "itself"),
        ("curl -O https://x.example/get-pip.py\npython get-pip.py --user", "python"),
        ("wget https://x.example/m.sh -O /tmp/m.sh\nsudo bash /tmp/m.sh -b", "bash"),
        ("wget $URL -O i.sh\n. ./i.sh", "sh"),
        ("wget https://x.example/d.deb; sudo dpkg -i d.deb", "dpkg"),
        ("wget https://x.example/d.deb; apt-get install -y ./d.deb", "apt-get"),
        ("wget https://x.example/a.jar; java -jar a.jar", "java"),
    ],
)
def test_a_file_that_is_run_later_is_run(script: str, runs: str) -> None:
    for pieces in ([script], script.replace("; ", "\n").replace(" && ", "\n").split("\n")):
        assert [found.get("runs") for found in transfers(*pieces)] == [runs]


def test_another_file_of_that_kind_is_not_the_one_that_was_fetched() -> None:
    assert [found.get("runs") for found in transfers("wget https://x.example/a.sh; bash b.sh; python -m a.sh")] == [
        None
    ]


@pytest.mark.parametrize(
    "check",
    [
        f'echo "{DIGEST}  a.sh" | sha256sum -c -',
        f"sha256sum --check <<< '{DIGEST}  a.sh'",
        f"sha256sum -c <<EOF\n{DIGEST}  a.sh\nEOF",
        "sha256sum -c SHA256SUMS",
        "md5sum -c a.sh.md5",
        f'[ "$(shasum -a 256 a.sh | cut -c1-64)" = "{DIGEST}" ]',
        "gpg --verify a.sh.asc a.sh",
        "cosign verify-blob --key k a.sh",
    ],
)
def test_a_file_that_is_compared_with_a_digest_is_verified(check: str) -> None:
    found = transfers("wget https://x.example/a.sh", f"{check}\nsh a.sh")
    assert [(one.get("verified"), one.get("runs")) for one in found] == [(True, None)]


@pytest.mark.parametrize(
    "check", ["sha256sum a.sh", "echo sha256sum -c", f'echo "{DIGEST}  other.sh" | sha256sum -c; sha256sum a.sh']
)
def test_a_digest_that_nobody_compares_verifies_nothing(check: str) -> None:
    found = transfers("wget https://x.example/a.sh\nwget https://x.example/other.sh", check)
    assert found[0].get("verified") is None


def test_an_address_with_a_commit_has_a_revision() -> None:
    assert transfers(f"wget https://x.example/o/r/{COMMIT}/a.py")[0]["revision"] == COMMIT


# --- packages


def packages(*texts: str, origin: str = "script") -> list[tuple[object, ...]]:
    return [
        (fact.name, *(plain(fact.attributes[key]) for key in ("specifier", "source", "manager")))
        for fact in of_kind(read_shell(*texts, origin=origin), "package")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pip install torch", [("torch", "", "pypi", "pip")]),
        ("pip3.11 -q install Foo_Bar.baz", [("foo-bar-baz", "", "pypi", "pip")]),
        ("python3 -u -m pip install x==1.0", [("x", "==1.0", "pypi", "pip")]),
        ("{sys.executable} -m pip install x~=1", [("x", "~=1", "pypi", "pip")]),
        ("$(which python) -m pip install x", [("x", "", "pypi", "pip")]),
        ("yes | sudo -H pip install x", [("x", "", "pypi", "pip")]),
        ("cd d && uv run pip install x", [("x", "", "pypi", "pip")]),
        ("conda run -n e pip install x", [("x", "", "pypi", "pip")]),
        (
            "pip install 'a[b,c]>=1,<2' \"d ; python_version < '3'\"",
            [("a", ">=1,<2", "pypi", "pip"), ("d", "", "pypi", "pip")],
        ),
        ("pip install a>=2 b<3", [("a", ">=2", "pypi", "pip"), ("b", "<3", "pypi", "pip")]),
        ("pip install -qU -t out --index-url https://i.example/s a==1.*", [("a", "==1.*", "pypi", "pip")]),
        (
            "pip install . -e ./x .[dev] dist/y-1.0-py3-none-any.whl",
            [
                (".", "", "path", "pip"),
                ("./x", "", "path", "pip"),
                (".[dev]", "", "path", "pip"),
                ("y", "", "path", "pip"),
            ],
        ),
        ("pip install git+https://g.example/o/Some.Repo.git@main#subdirectory=x", [("some-repo", "", "git", "pip")]),
        ("pip install git+ssh://git@g.example/o/r#egg=name", [("name", "", "git", "pip")]),
        ("pip install n @ git+https://g.example/o/r", [("n", "", "git", "pip")]),
        ("pip install https://x.example/n-1.0-py3-none-any.whl", [("n", "", "url", "pip")]),
        ("uv pip install a", [("a", "", "pypi", "uv")]),
        ("uv add 'a>=1' --dev", [("a", ">=1", "pypi", "uv")]),
        ("uvx ruff@0.5.0 check", [("ruff", "==0.5.0", "pypi", "uv")]),
        ("pipx install a", [("a", "", "pypi", "pip")]),
        (
            "poetry add a b@^2 c==1.2.3",
            [("a", "", "pypi", "poetry"), ("b", "^2", "pypi", "poetry"), ("c", "==1.2.3", "pypi", "poetry")],
        ),
        (
            "conda install -y -c conda-forge a b=1.2 c=1.2.3 d>=1 e==2",
            [
                ("a", "", "conda", "conda"),
                ("b", "=1.2", "conda", "conda"),
                ("c", "==1.2.3", "conda", "conda"),
                ("d", ">=1", "conda", "conda"),
                ("e", "==2", "conda", "conda"),
            ],
        ),
        ("mamba create -n x python=3.9", [("python", "=3.9", "conda", "mamba")]),
        ("apt-get install -y a b=1.2-3", [("a", "", "apt", "apt"), ("b", "==1.2-3", "apt", "apt")]),
        (
            "npm i -g a @s/b@1.2.3 c@^1",
            [("a", "", "npm", "npm"), ("@s/b", "==1.2.3", "npm", "npm"), ("c", "^1", "npm", "npm")],
        ),
    ],
)
def test_an_install_names_its_packages(text: str, expected: list[tuple[object, ...]]) -> None:
    assert packages(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "pip uninstall -y a",
        "pip download a",
        "pip list",
        "pip install -r a.txt",
        "pip install --upgrade",
        "conda activate a",
        "conda env create -f a.yml",
        "apt-get update",
        "npm run build",
        "echo pip install a",
        "# pip install a",
        "man pip install",
        "pip install $USER_FLAG {quiet_flags}",
    ],
)
def test_what_installs_nothing_names_no_package(text: str) -> None:
    assert packages(text) == []


def test_each_package_has_the_place_of_its_own_word() -> None:
    text = "pip install -q \\\n  'a>=1' \\\n  b c>=2"
    found = of_kind(read_shell(text), "package")
    assert [covered(text, fact) for fact in found] == ["'a>=1'", "b", "c>=2"]


def test_details_of_a_package() -> None:
    wheel = f"https://x.example/a-1.0-py3-none-any.whl#sha256={DIGEST}"
    found = of_kind(read_shell(f"pip install -U {wheel} git+https://x.example/o/r@{COMMIT}", origin="magic"), "package")
    assert [attributes(fact, "manager", "specifier") for fact in found] == [
        {
            "source": "url",
            "origin": "magic",
            "upgrade": True,
            "hash": True,
            "url": "https://x.example/a-1.0-py3-none-any.whl",
        },
        {
            "source": "git",
            "origin": "magic",
            "upgrade": True,
            "hash": False,
            "url": "https://x.example/o/r",
            "revision": COMMIT,
        },
    ]


def test_a_version_or_package_that_a_variable_holds_is_not_known() -> None:
    found = of_kind(read_shell("pip install torch=={V} {PKG} $DIR/x git+https://x.example/r@$REF"), "package")
    assert [(f.name, plain(f.attributes["specifier"]), plain(f.attributes.get("revision"))) for f in found] == [
        ("torch", "?", None),
        ("{…}", "?", None),
        ("$DIR/x", "", None),
        ("r", "?", "?"),
    ]


def test_a_constraints_file_may_pin() -> None:
    (fact,) = of_kind(read_shell("pip install -c constraints.txt torch"), "package")
    assert fact.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("origin", "expected"),
    [("magic", "magic"), ("subprocess", "subprocess"), ("dockerfile", "dockerfile"), ("workflow", "shell")],
)
def test_the_origin_of_a_package(origin: str, expected: str) -> None:
    (fact,) = of_kind(read_shell("pip install a", origin=origin), "package")
    assert plain(fact.attributes["origin"]) == expected


# --- settings


def test_where_packages_come_from_is_a_setting() -> None:
    text = (
        "pip install a -i http://i.example --extra-index-url=https://u:p@e.example -f https://f.example/x.html "
        "--trusted-host t.example -r https://r.example/r.txt\npip config set global.index-url https://c.example"
    )
    assert [(f.name, plain(f.attributes["value"])) for f in of_kind(read_shell(text), "setting")] == [
        ("pip:index-url", "http://i.example"),
        ("pip:extra-index-url", "https://***@e.example"),
        ("pip:find-links", "https://f.example/x.html"),
        ("pip:trusted-host", "t.example"),
        ("pip:requirement", "https://r.example/r.txt"),
        ("pip:index-url", "https://c.example"),
    ]


def test_environment_variables_are_settings() -> None:
    text = "export A=1 B=$C\nD='x y' run\nsudo env E=2 run"
    found = of_kind(read_shell(text), "setting")
    assert [(f.name, plain(f.attributes["value"])) for f in found] == [
        ("env:A", "1"),
        ("env:B", "?"),
        ("env:D", "x y"),
        ("env:E", "2"),
    ]
    assert [covered(text, fact) for fact in found] == ["A=1", "B=$C", "D='x y'", "E=2"]


# --- servers


def servers(*texts: str) -> list[tuple[str, dict[str, object]]]:
    return [(fact.name, attributes(fact, "origin")) for fact in of_kind(read_shell(*texts), "server")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "jupyter lab --ip=0.0.0.0 --NotebookApp.token='' --port 9 &",
            ("jupyter", {"host": "0.0.0.0", "port": "9", "auth": ""}),
        ),
        ("jupyter notebook --ip 0.0.0.0 --no-browser", ("jupyter", {"host": "0.0.0.0"})),
        ("jupyter-lab --ServerApp.ip=0.0.0.0 --ServerApp.token=abc", ("jupyter", {"host": "0.0.0.0", "auth": "on"})),
        ("jupyter lab --ServerApp.token= --ServerApp.password=$HASH", ("jupyter", {"auth": "?"})),
        ("jupyter lab --ServerApp.password=''", ("jupyter", {})),
        ("python -m jupyterlab --allow-root", ("jupyter", {"root": True})),
        (
            "jupyter server --ServerApp.disable_check_xsrf=True --ServerApp.allow_origin='*'",
            ("jupyter", {"allow-origin": "*", "xsrf": False}),
        ),
        ("start-notebook.sh --NotebookApp.token=''", ("jupyter", {"auth": "", "host": "0.0.0.0"})),
        ("mlflow ui -h 0.0.0.0 -p 5000", ("mlflow", {"host": "0.0.0.0", "port": "5000"})),
        ("mlflow server --app-name basic-auth --host=0.0.0.0", ("mlflow", {"auth": "on", "host": "0.0.0.0"})),
        ("tensorboard --logdir x --bind_all", ("tensorboard", {"host": "0.0.0.0"})),
        ("ray start --head --dashboard-host 0.0.0.0", ("ray", {"host": "0.0.0.0"})),
        ("vllm serve m --host 0.0.0.0 --api-key $K", ("vllm", {"host": "0.0.0.0", "auth": "?"})),
        ("python -m vllm.entrypoints.openai.api_server --host 0.0.0.0", ("vllm", {"host": "0.0.0.0"})),
        (
            "streamlit run a.py --server.address 0.0.0.0 --server.enableXsrfProtection=false",
            ("streamlit", {"host": "0.0.0.0", "xsrf": False}),
        ),
        ("gunicorn -b 0.0.0.0:80 a:b", ("gunicorn", {"host": "0.0.0.0", "port": "80"})),
        ("uvicorn a:b --host=127.0.0.1", ("uvicorn", {"host": "127.0.0.1"})),
        ("flask --app a run --debug", ("flask", {"debug": True})),
        ("OLLAMA_HOST=0.0.0.0:1 nohup ollama serve", ("ollama", {"host": "0.0.0.0"})),
        ("torchserve --start --disable-token-auth", ("torchserve", {"auth": ""})),
        (
            "code-server --auth none --bind-addr 0.0.0.0:8080",
            ("code-server", {"host": "0.0.0.0", "port": "8080", "auth": ""}),
        ),
        ("text-generation-launcher \\\n --hostname 0.0.0.0", ("text-generation-inference", {"host": "0.0.0.0"})),
        ("ngrok http 80", ("ngrok", {"tunnel": True})),
        ("npx localtunnel --port 80", ("localtunnel", {"port": "80", "tunnel": True})),
        ("cloudflared tunnel --url http://localhost:1", ("cloudflared", {"tunnel": True})),
        ("ssh -R 80:localhost:80 me@serveo.net", ("ssh", {"tunnel": True, "public": True})),
        ("ssh -N -R 80:localhost:80 gateway", ("ssh", {"tunnel": True, "public": False})),
    ],
)
def test_a_server_says_who_may_come(text: str, expected: tuple[str, dict[str, object]]) -> None:
    assert servers(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "jupyter nbconvert --ip=0.0.0.0 a.ipynb",
        "mlflow run .",
        "ray stop",
        "ssh -L 1:localhost:1 h",
        "ollama pull m",
        "vllm bench",
        "ngrok --version",
        "ngrok config add-authtoken x",
        "echo jupyter lab --ip=0.0.0.0",
        "python -m debugpy a.py",
    ],
)
def test_what_serves_nothing_is_no_server(text: str) -> None:
    assert servers(text) == []


def test_a_host_that_nobody_wrote_is_medium() -> None:
    (fact,) = of_kind(read_shell("python -m http.server 8000"), "server")
    assert (plain(fact.attributes["host"]), fact.confidence) == ("0.0.0.0", Confidence.MEDIUM)


# --- code from elsewhere


def repositories(*texts: str) -> list[dict[str, object]]:
    keep = ("repository", "revision", "hub-type", "image", "tag", "digest")
    return [
        {name: value for name, value in attributes(fact).items() if name in keep}
        for fact in of_kind(read_shell(*texts), "shell")
        if "repository" in fact.attributes or "image" in fact.attributes
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git clone https://x.example/o/r.git", {"repository": "https://x.example/o/r.git"}),
        ("git -c a=b clone -b v1 --depth=1 git@x.example:o/r d", {"repository": "git@x.example:o/r", "revision": "v1"}),
        ("git clone codecommit::$A://$B d", {"repository": "codecommit::…://…"}),
        (
            "git clone https://huggingface.co/datasets/o/r",
            {"repository": "https://huggingface.co/datasets/o/r", "hub-type": "dataset"},
        ),
        ("git clone $URL", {"repository": "?"}),
        ("hf download o/r --revision main f", {"repository": "o/r", "revision": "main", "hub-type": "model"}),
        ("huggingface-cli download --repo-type dataset o/r", {"repository": "o/r", "hub-type": "dataset"}),
        (f"hf download hf://datasets/o/r@{COMMIT}", {"repository": "o/r", "revision": COMMIT, "hub-type": "dataset"}),
        ("ollama pull m:8b", {"repository": "m", "revision": "8b"}),
        ("docker run --gpus all -p 1:1 x.example:5000/o/i:1.2 --a b", {"image": "x.example:5000/o/i", "tag": "1.2"}),
        ("docker pull o/i@sha256:abc", {"image": "o/i", "digest": "sha256:abc"}),
        ("docker pull $REGISTRY/i:latest", {"image": "…/i:latest", "tag": "latest"}),
    ],
)
def test_what_is_taken_from_elsewhere(text: str, expected: dict[str, object]) -> None:
    assert repositories(text) == [expected]


@pytest.mark.parametrize(
    "pieces",
    [
        (f"git clone https://x.example/r && cd r && git checkout {COMMIT}",),
        ("git clone https://x.example/r", f"git -C r reset --hard {COMMIT}"),
        ("git clone https://x.example/r d\ngit clone https://x.example/s", f"git -C d checkout {COMMIT}"),
    ],
)
def test_a_checkout_gives_its_clone_a_revision(pieces: tuple[str, ...]) -> None:
    assert repositories(*pieces)[0]["revision"] == COMMIT


@pytest.mark.parametrize(
    "text",
    ["git clone ../r", "git clone file:///r", "git status", "docker build -t i .\ndocker run i", "docker run $IMAGE"],
)
def test_what_is_here_already_is_not_taken_from_elsewhere(text: str) -> None:
    assert repositories(text) == []


# --- code inside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python -c 'import a; a.b()'", [("python", "import a; a.b()", "")]),
        ("python3 - <<'E'\nimport a\nE\n", [("python", "import a", "")]),
        ("bash -s <<E\nls\nE", [("shell", "ls", "")]),
        ("cat > d/f.py <<E\nimport a\nE", [("python", "import a", "d/f.py")]),
        ("cat <<E | tee f.sh\nls\nE", []),
        ("sudo tee f.sh <<E\nls\nE", [("shell", "ls", "f.sh")]),
        ("cat <<E > Dockerfile\nFROM a\nE", [("dockerfile", "FROM a", "Dockerfile")]),
        ("echo 'import a' > f.py", [("python", "import a", "f.py")]),
        ("cat > notes <<E\nimport a\nE", []),
        ("python f.py -c x", []),
    ],
)
def test_code_in_another_language_is_embedded(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert code(read_shell(text).embedded) == expected


def test_embedded_lines_know_where_they_stand() -> None:
    text = 'ls\npython -c "import a\na.b()"\ncat > f.py <<-E\n\t\timport c\n\tE\n'
    first, second = read_shell(text).embedded
    assert first.unit.lines is not None and first.unit.lines.lines == ((2, 11), (3, 0))
    assert second.unit.lines is not None and second.unit.lines.lines == ((5, 2),)
    assert second.kind is Kind.PYTHON


def test_a_script_in_a_word_keeps_its_places() -> None:
    text = 'sudo sh -c "pip install \\"a>=1\\" && wget https://x.example/b.csv"'
    (package,) = of_kind(read_shell(text), "package")
    assert place(package)[:2] == (1, text.index("a>=1"))
