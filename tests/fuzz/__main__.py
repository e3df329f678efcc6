"""`python -m fuzz [LAW]`: a search that coverage guides, by atheris; without a law, through every law in turn.

Prints libFuzzer's lines: `cov` is edges, `#` executions. What breaks a law is written to `.fuzz/LAW/`; made small by
hand, it belongs into `seeds/LAW/`, where every run of the tests tries it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", allow_abbrev=False)
    parser.add_argument("law", nargs="?")
    parser.add_argument("--seconds", type=int, default=1200, help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="(default: %(default)s)")
    options = parser.parse_args()

    if options.law is None:
        sys.exit(_each(options))

    import atheris

    with atheris.instrument_imports(include=["mlgate"]):
        from fuzz.inputs import WORDS, starts
        from fuzz.laws import LAWS

    folder: Path = options.folder / options.law
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(starts(options.law)):
        (corpus / f"start-{number}").write_bytes(start)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS[options.law]))
    arguments = [
        sys.argv[0],
        f"-dict={words}",
        f"-max_total_time={options.seconds}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=1500",
        "-seed=1",
        f"-artifact_prefix={folder}/",
        str(corpus),
    ]
    atheris.Setup(arguments, LAWS[options.law])
    atheris.Fuzz()


def _each(options: argparse.Namespace) -> int:
    """1 where a law was broken; the others are tried all the same. libFuzzer ends its process, so each has its own."""
    from fuzz.laws import LAWS

    command = [sys.executable, "-m", "fuzz", "--seconds", str(options.seconds), "--folder", str(options.folder)]
    broken = [law for law in LAWS if subprocess.run([*command, law], check=False).returncode]
    print("every law holds" if not broken else f"broken: {', '.join(broken)}; see {options.folder}")
    return 1 if broken else 0


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main()
