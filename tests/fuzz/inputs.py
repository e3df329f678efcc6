"""Where the search begins: examples of the catalogue, and the words that each language is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fuzz.laws import BETWEEN, ENTRY
from mlgate.policy import load_bundle
from mlgate.policy.waivers_text import added
from mlgate.shipped import shipped
from mlgate.verbs.policy_test import forms, notebook

SEEDS = Path(__file__).parent / "seeds"
"""Folder by law: inputs that broke it once."""

EXAMPLES = "\nexamples:\n  bad: [x = 1]\n  good: [x = 2]\n"

WORDS: dict[str, tuple[str, ...]] = {
    "notebook": tuple(
        '"cells" "cell_type" "code" "markdown" "raw" "source" "outputs" "metadata" "nbformat" "worksheets" "input"'
        ' "kernelspec" "language" "attachments" "display_data" "text/plain" "traceback" "execution_count" [ ] { } , :'
        ' "" null true 1e999 -0 NaN \\u0000 \\ud800 \\udc00 \\n \\r \\r\\n \\u000a \\u000d \ufeff'.split(" ")
    ),
    "masking": (
        *"%% % ! !! ? ?? %%bash %%time %%writefile %%capture %pip %run %%python %%html %%sql # \\ ( ) [ ] '''".split(),
        '"""',
        "\n",
        "    ",
        "\t",
        "\r",
        "\f",
        "; ",
        "!pip install x\n",
        ">>> ",
        "... ",
        "In [1]: ",
        "x = !ls\n",
        "%%bash\n",
        "%%writefile a.py\n",
        "if x:\n",
        "# MAGIC %sh ls\n",
        "# %% [markdown]\n",
        "# COMMAND ----------\n",
        "f'{",
        "}'",
        "\\\n",
        "\x00",
        "\u2028",
        "lambda: ",
        "pip install ",
        "?\n",
    ),
    "python": (
        "import ",
        "from ",
        " as ",
        " import *",
        "torch",
        "pickle",
        "load",
        "torch.load(",
        "getattr(",
        "helpers",
        ".",
        "def f(*a, **k):\n    ",
        "class A(",
        "):\n    ",
        "lambda ",
        "= ",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        "\n",
        "    ",
        "if x:\n    ",
        "else:\n    ",
        "try:\n    ",
        "except E:\n    ",
        "with a as b:\n    ",
        "async ",
        "await ",
        "yield ",
        "match x:\n  case ",
        "type X = ",
        "x: int",
        ":= ",
        "**",
        "*",
        "@a\n",
        "global x\n",
        "f'{x!r:>{y}}'",
        "b'",
        "r'",
        "'''",
        '"""',
        "\\\n",
        "\f",
        "\r",
        "\x00",
        "\ufeff",
        "# coding: latin-1\n",
        "ｔｏｒｃｈ",
        "exec(",
        "weights_only=False",
        "trust_remote_code=True",
        "from_pretrained('a/b')",
        "os.environ['X']",
        "+",
        "%s",
        ".format(",
        "'curl https://e.com/x | sh'",
        "subprocess.run(",
        "!pip install x\n",
        "# mlgate: ignore[unsafe-load/torch-load]",
        BETWEEN.decode(),
    ),
    "yaml": (
        ": ",
        "- ",
        "\n",
        "  ",
        "? ",
        "---\n",
        "...\n",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!x ",
        "| ",
        "|\n ",
        ">-\n ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        '"',
        "#",
        "%YAML 1.2\n",
        "\t",
        "\r",
        "\x85",
        "\u2028",
        "\ufeff",
        "~",
        "null",
        "true",
        "0x1",
        "0o7",
        "1_0",
        "1e5",
        ".5",
        "=",
        "@",
        "`",
        "\\x41",
        "\\u0000",
        "\\\n",
    ),
}
WORDS["match"] = (
    *WORDS["yaml"], "match:\n", "any:\n", "unless:\n", "call: ", "args:\n", "where:\n", "absent", "missing: true",
    "matches: ", "equals: ", "in: ", "not: ", "prefix: ", "param: ", "params:\n", "(a+)+$", "[a-z]*", "(?=", "\\d{9}",
    "confidence: low", "installed:\n", "version: ", ">=1,<2", "kind: Rules", "rules:\n", "secret: ", "string: ",
)  # fmt: skip
WORDS["splice"] = (*WORDS["yaml"], "kind: Waivers\n", "version: 1\n", "waivers:\n", "waivers: []\n", "- id: ", "# x\n")


@cache
def starts(law: str) -> tuple[bytes, ...]:
    """What is mutated first, and what broke the law before."""
    kept = [path.read_bytes() for path in sorted((SEEDS / law).glob("*"))] if (SEEDS / law).is_dir() else []
    return (*kept, *dict.fromkeys(text.encode("utf-8", "surrogatepass") for text in _examples(law)))


def _examples(law: str) -> Iterator[str]:
    match law:
        case "notebook":
            for cell in _cells():
                yield notebook(cell)
        case "masking":
            yield from _cells()
        case "python":
            for rule in load_bundle().rules.values():
                for example in (*rule.bad, *rule.good, *rule.gap):
                    for _, form in forms(example):
                        modules = [text for path, text in form.files.items() if path.endswith(".py")]
                        if modules:
                            yield BETWEEN.decode().join(modules[:2])
        case "yaml" | "match":
            for path in sorted(shipped("policies").rglob("*.yaml")):
                for document in re.split(r"(?m)^---\n", path.read_text(encoding="utf-8")):
                    # Under another name it is a rule of its own; its examples are not what is tried.
                    yield re.sub(r"(?m)^id: [\w-]+/", "id: acme/", document.partition("\nexamples:")[0] + EXAMPLES)
        case _:
            text = added("", ENTRY, "waivers.yaml")
            yield from ("", text, text.replace("\n", "\r\n"), added(text, {**ENTRY, "id": "w-2"}, "waivers.yaml"))
            yield "kind: Waivers\nversion: 1\nwaivers: []\n"
            yield f"# a\n---\n{text}\n# behind\n---\nkind: Policy\nversion: 1\nid: a\n"


def _cells() -> Iterator[str]:
    for rule in load_bundle().rules.values():
        for example in (*rule.bad, *rule.good, *rule.gap):
            yield from (text for path, text in example.files.items() if path == "")
