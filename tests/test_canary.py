"""A secret that mlgate sees is never written anywhere: not to a report, an error, a cache."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gitrepo import make_repository
from program import run, run_patched

BODY = "Qz7" + "KvTn4RwXb8" + "YcLm2HsGd9" + "PfJk6AeUo3"
TOKEN = "hf" + "_" + BODY + "W"
AWS = "AKIA" + "Z7Q4" + "MB2X" + "N6TR" + "P3VD"
PASSWORD = "c0rr3ct" + "h0rs3" + "b4tt3ry"
JUPYTER = "3f9a1c7e" + "5b2d8046" + "9ce1a7f3" + "0d4b86e2" + "71c5f90a" + "e8b3d264"

PIECES = tuple(
    {secret[start : start + 9] for secret in (BODY, AWS[4:], PASSWORD, JUPYTER) for start in range(0, len(secret) - 8)}
)
"""Nine characters in a row of any of them are too many to be chance, and too many to publish."""


def code(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, **more}


def notebook(*cells: Mapping[str, Any], **metadata: Any) -> str:
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}, indent=1)


def outputs() -> list[dict[str, Any]]:
    error = {
        "output_type": "error",
        "ename": "HTTPError",
        "evalue": f"401 for {TOKEN}",
        "traceback": [f"Bearer {TOKEN}"],
    }
    data = {"text/plain": f"'{TOKEN}'", "text/html": f"<b>{TOKEN}</b>", "application/json": {"token": TOKEN}}
    return [
        {
            "output_type": "stream",
            "name": "stdout",
            "text": [f"logged in with {TOKEN}\n", f"http://h:8888/?token={JUPYTER}\n"],
        },
        {"output_type": "display_data", "metadata": {}, "data": data},
        error,
    ]


def files() -> dict[str, str | bytes]:
    """Every place in which people leave a secret, and files that cannot be read to the end."""
    half, rest = TOKEN[:18], TOKEN[18:]
    return {
        "code.py": f'''"""{TOKEN}"""
from huggingface_hub import login, hf_hub_download
import torch, os, requests, pickle, mlflow
login(token="{TOKEN}")
login("{half}" + "{rest}")
login(f"{half}{{''}}{rest}")
key = "{TOKEN}"  # {TOKEN}
os.environ["HF_TOKEN"] = key
os.environ["AWS_ACCESS_KEY_ID"] = "{AWS}"
os.system("curl -H 'Authorization: Bearer {TOKEN}' https://example.com/run.sh | sh")
hf_hub_download("jdoe/tickets", "model.bin", token=key)
torch.load(requests.get("https://user:{PASSWORD}@example.com/m.pt").content, weights_only=False)
pickle.load(open("{TOKEN}.pkl", "rb"))
AutoModel.from_pretrained("jdoe/{TOKEN}")
mlflow.set_tracking_uri("https://admin:{PASSWORD}@mlflow.example.com")
engine = "postgresql://admin:{PASSWORD}@db.prod.example.com/prod"
password = "{PASSWORD}"
def broken_later(): pass  # mlgate: ignore[secret/huggingface-token] false-positive: {TOKEN}
''',
        "model.py": f'''from transformers import AutoModel
name = "jdoe/tickets?{TOKEN}"
AutoModel.from_pretrained(name, trust_remote_code=True)
AutoModel.from_pretrained("https://jdoe:{TOKEN}@huggingface.co/jdoe/x", token="{TOKEN}")
''',
        "broken.py": f'import torch\ntorch.load("{TOKEN}", weights_only=False\nlogin(token="{TOKEN}"))\n',
        "deep.py": f'import torch\ntorch.load({"(" * 200}"{TOKEN}"{")" * 200})\n',
        "latin.py": f'import torch\nkey = "{TOKEN}"\ntorch.load(key, weights_only=False)\n# '.encode() + b"\xe9\n",
        "wide.py": f'key = "{TOKEN}"\n'.encode("utf-16"),
        "binary.bin": b"\0\1" + TOKEN.encode(),
        "all.ipynb": notebook(
            {"cell_type": "markdown", "metadata": {}, "source": f"# Setup {TOKEN}\nUse `{TOKEN}`, https://x:{TOKEN}@h/"},
            code(f'login(token="{TOKEN}")\n!pip install git+https://jdoe:{TOKEN}@github.com/acme/private'),
            code(f"!curl -H 'Authorization: Bearer {TOKEN}' https://e.com/x.sh | sh\n!wget 'https://e.com/m.pt?token={TOKEN}'"),
            code(f"%env HF_TOKEN={TOKEN}\n!git clone https://jdoe:{TOKEN}@github.com/acme/x"),
            code(f"%pip install -i https://u:{PASSWORD}@pypi.acme.com/simple x"),
            code(f"import torch\ntorch.load('x', weights_only=False)  # {TOKEN}", outputs=outputs()),
            code(f"def broken(:\n  import torch; torch.load({TOKEN})\n  login(token='{TOKEN}')"),
            code(f"%%writefile .env\nHF_TOKEN={TOKEN}\nAWS_ACCESS_KEY_ID={AWS}"),
            code(f"%%bash\nexport HF_TOKEN={TOKEN}\njupyter lab --ip=0.0.0.0 --NotebookApp.token={JUPYTER}"),
            code(f'key = ("{half}"\n  "{rest}")\nfrom transformers import AutoModel'),
            code('AutoModel.from_pretrained("a/b", token=key, trust_remote_code=True)'),
            {"cell_type": "raw", "metadata": {"note": TOKEN}, "source": TOKEN},
            widgets={"state": {"value": TOKEN}},
        ),
        "broken.ipynb": f'{{"cells": [{{"cell_type": "code", "source": "login(token=\'{TOKEN}\')"',
        "odd.ipynb": json.dumps({"nbformat": TOKEN, "cells": [code(TOKEN)]}),
        ".env": f"HF_TOKEN={TOKEN}\nAWS_ACCESS_KEY_ID={AWS}\nDATABASE_URL=postgres://u:{PASSWORD}@db/prod\n",
        "run.sh": f"curl -u u:{PASSWORD} https://e.com/x.sh | sh\nhf download jdoe/x --token {TOKEN}\n",
        "Dockerfile": f"FROM python:3.11\nENV HF_TOKEN={TOKEN}\nRUN pip install git+https://x:{TOKEN}@github.com/acme/y\n",
        "requirements.txt": f"--extra-index-url https://u:{PASSWORD}@pypi.acme.com/simple\nx @ git+https://t:{TOKEN}@github.com/a/x\n",
        "config.yaml": f"token: {TOKEN}\nbroken: [\n",
        "settings.json": json.dumps({"hf_token": TOKEN, "url": f"https://x:{PASSWORD}@e.com"}),
        "notes.md": f"# {TOKEN}\n```python\nlogin(token='{TOKEN}')\n```\n",
        "query.sql": f"CREATE SECRET (TYPE S3, KEY_ID '{AWS}', SECRET '{TOKEN}');\n",
    }  # fmt: skip


def leaks(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Where a piece of a secret stands, and what stands in front of it; in base64 and hexadecimal, too."""
    spelled: list[tuple[str, bytes]] = []
    for piece in PIECES:
        spelled += [(piece, piece.encode()), (piece, piece.encode("utf-16-le"))]
    for secret in (TOKEN, AWS, PASSWORD):
        for shift in range(3):
            # The whole groups of three: what stands around them changes only the ends.
            packed = base64.b64encode(b"\0" * shift + secret.encode()).decode()[4:-4]
            spelled.append((secret, packed.encode()))
        spelled.append((secret, secret.encode().hex().encode()))
    return {
        f"{place}: …{data[max(0, at - 60) : at + 4]!r}": "leaks"
        for place, data in texts.items()
        for _, one in spelled
        if (at := data.find(one)) >= 0
    }


def of_cache(folder: Path) -> Iterable[tuple[str, bytes]]:
    """Everything that a cache holds, unpacked. Raises AssertionError where the facts are no longer there."""
    entries = 0
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        yield f"{file.name} (raw)", file.read_bytes()
        if file.suffix == ".sqlite":
            connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
            for number, (key, entry) in enumerate(connection.execute("SELECT key, entry FROM facts")):
                entries += 1
                unpacked = zlib.decompress(entry)
                yield f"{file.name} entry {number}", unpacked + key.encode()
                yield (
                    f"{file.name} entry {number} as text",
                    json.dumps(json.loads(unpacked), ensure_ascii=False).encode(),
                )
            connection.close()
    assert entries > 10


def test_no_report_cache_or_message_holds_a_secret(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"old.py": f'login(token="{TOKEN}")\n', "README.md": "x\n"})
    repository.write(files())
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    written = [f"--format={form}={tmp_path / form}" for form in ("json", "sarif", "github")]
    told: dict[str, bytes] = {}
    for name, arguments in {
        "all": ["--format=text", *written],
        "verbose, of new, cached": ["-v", "--base", "HEAD"],
        "some": ["-v", "--only", "unsafe-load/*", "--only", "unpinned/*", "--only", "data/*", "--only", "d*/*"],
    }.items():
        done = run(repository.root, "check", "--all", *arguments, MLGATE_CACHE_DIR=str(cache))
        assert (done.code, done.err) == (1, "")
        told[f"{name}: stdout"] = done.out.encode()
    told.update({form: (tmp_path / form).read_bytes() for form in ("json", "sarif", "github")})
    told.update(of_cache(cache))
    assert leaks(told) == {}
    report = json.loads(told["json"])
    holds = {path for path in files() if path != "binary.bin"}
    seen = {one["location"]["path"] for one in report["findings"] if one["rule"].startswith("secret/")}
    assert holds - seen == set()
    lines = {one["location"]["line"] for one in report["findings"] if one["location"]["path"] == "code.py"}
    assert lines >= {1, 4, 7, 9, 10, 12}


def test_the_hunt_finds_what_it_hunts(tmp_path: Path) -> None:
    for form in (
        TOKEN,
        f"…{TOKEN[8:24]}…",
        AWS,
        base64.b64encode(f"x:{TOKEN}".encode()).decode(),
        TOKEN.encode().hex(),
    ):
        assert leaks({"x": f"some {form} text".encode()}), form


def test_an_error_holds_no_secret(tmp_path: Path) -> None:
    """Not what a policy's mistake quotes, not what an exception says, not what a dying worker prints."""
    (tmp_path / "a.py").write_text(f'login(token="{TOKEN}")\n')
    raising = f"raise ValueError('{TOKEN}')"
    told = {}
    for name, patch in {
        "a worker's bug": f"import mlgate.examine\ndef extract(*given): {raising}\nmlgate.examine.extract = extract",
        "a bug": f"import mlgate.decide\ndef decide(*given): {raising}\nmlgate.decide.decide = decide",
    }.items():
        done = run_patched(tmp_path, patch, "check", "--format", "json", "--no-cache")
        assert done.code in (1, 2)
        told[name] = (done.out + done.err).encode()
    assert leaks(told) == {}


def test_a_secret_in_a_file_s_name_is_the_only_one_that_is_named(tmp_path: Path) -> None:
    """A path must be told: it is how the file is found."""
    (tmp_path / f"{TOKEN}.py").write_text("import torch\ntorch.load('x', weights_only=False)\n")
    done = run(tmp_path, "check", "--format", "json")
    paths = {one["location"]["path"] for one in json.loads(done.out)["findings"]}
    assert paths == {f"{TOKEN}.py"}
    assert leaks({"elsewhere": re.sub(r'"path": "[^"]*"', "", done.out).encode()}) == {}
