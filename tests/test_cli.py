"""The command as people run it: what it says, where it says it, and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import make_repository
from program import DATE, MLGATE, as_nobody, check, environment, found, run, run_patched, script

from mlgate import __version__

CLEAN = "print('hello')\n"
WARNS = 'from transformers import AutoModel\nAutoModel.from_pretrained("jdoe/tickets")\n'
BLOCKS = 'import torch\ntorch.load("x.pt", weights_only=False)\n'
BLOCKED = ("unsafe-load/torch-load", "a.py", 2)
FORMATS = ("text", "json", "sarif", "github")


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


# --- exit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_changes_the_exit_code(tmp_path: Path, form: str) -> None:
    put(tmp_path, clean=CLEAN, warns=WARNS, blocks=BLOCKS)
    codes = {name: run(tmp_path, "check", f"{name}.py", "--format", form).code for name in ("clean", "warns", "blocks")}
    assert codes == {"clean": 0, "warns": 0, "blocks": 1}


def test_exit_zero_masks_what_blocks_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    shown = run(tmp_path, "check", "--exit-zero")
    assert (shown.code, "unsafe-load/torch-load" in shown.out) == (0, True)
    assert run(tmp_path, "check", "--exit-zero", "missing.py").code == 2
    assert run(tmp_path, "check", "--exit-zero", "--policy", "missing.yaml").code == 2


def test_a_finding_outranks_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    (tmp_path / "broken.ipynb").write_text("{")
    done = check(tmp_path)
    assert (done.code, done.found) == (1, {BLOCKED, ("input/unparsed", "broken.ipynb", 1)})
    assert done.report["summary"]["skipped"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "VERB"),
        (["chek"], "invalid choice: 'chek'"),
        (["check", "--nope"], "--nope"),
        (["check", "--exit"], "--exit"),
        (["check", "--format", "xml"], "text, json, sarif, github"),
        (["check", "--format", "json="], "json=FILE"),
        (["check", "--format", "json", "--format", "text"], "only one report can go to standard output"),
        (["check", "--format", "json=no/such/folder/report.json"], "no/such/folder/report.json"),
        (["check", "--as-of", "2026-13-01"], "write YYYY-MM-DD"),
        (["check", "--jobs", "0"], "1 to 256"),
        (["check", "--only", "unsafe-lod/*"], "mlgate rules"),
        (["check", "missing.py"], "missing.py: no such file or folder"),
        (["check", "a.py", ".."], "outside the repository"),
        (["check", "--base", "main"], "in no git repository"),
        (["check", "--repo", "missing"], "missing: no such folder"),
        (["check", "--repo", "a.py"], "a.py: no such folder"),
        (["check", "-"], "--stdin-filename"),
        (["check", "-", "a.py", "--stdin-filename", "b.py"], "alone"),
        (["check", "--stdin-filename", "b.py"], "add -"),
        (["check", "-", "--stdin-filename", "../b.py"], "outside the repository"),
        (["explain", "unsafe-load/torch-lod"], "did you mean unsafe-load/torch-load"),
        (["rules", "--policy", "missing.yaml"], "missing.yaml: no such policy file or folder"),
        (["policy"], "ACTION"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_keeps_mlgate_from_judging_is_said_in_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    put(tmp_path, a=CLEAN)
    done = run(tmp_path, *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()[-1]) < 300


def test_a_bug_is_no_pass_and_says_nothing_of_what_was_scanned(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    patch = "import mlgate.decide\ndef broken(*given): raise KeyError('x.pt')\nmlgate.decide.decide = broken"
    done = run_patched(tmp_path, patch, "check")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("mlgate: internal error: KeyError in ")
    assert "x.pt" not in done.err


# --- names of the program -------------------------------------------------------------------------------------------


def test_the_module_is_the_program(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    python = [sys.executable, "-m", "mlgate"]
    for arguments, code in ((["--version"], 0), (["check", "a.py"], 1)):
        module = subprocess.run(
            [*python, *arguments], cwd=tmp_path, env=environment(), capture_output=True, check=False
        )
        program = run(tmp_path, *arguments)
        assert (module.returncode, module.stdout.decode()) == (program.code, program.out)
        assert program.code == code


def test_version_and_help_go_to_standard_output(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").out == f"mlgate {__version__}\n"
    helped = run(tmp_path, "check", "--help")
    assert (helped.code, helped.err) == (0, "")
    assert "130 interrupted" in helped.out


# --- formats --------------------------------------------------------------------------------------------------------


def test_several_formats_come_of_one_run(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("an older report, much longer than nothing" * 1000)
    files = ["json=out/report.json", "sarif=out/report.sarif", "github=out/report.txt"]
    done = run(tmp_path, "check", "a.py", "--as-of", DATE, *[part for one in files for part in ("--format", one)])
    assert (done.code, done.out) == (1, "")
    text = run(tmp_path, "check", "a.py", "--format", "text", "--format", files[0], "--as-of", DATE)
    assert "BLOCK  unsafe-load/torch-load" in text.out
    assert found(json.loads((tmp_path / "out" / "report.json").read_text())) == {BLOCKED}
    (sarif,) = json.loads((tmp_path / "out" / "report.sarif").read_text())["runs"]
    assert [one["ruleId"] for one in sarif["results"]] == ["unsafe-load/torch-load"]
    assert (tmp_path / "out" / "report.txt").read_text().startswith("::error file=a.py,line=2,")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.json", "report.sarif", "report.txt"]


def test_a_report_goes_through_a_link_and_into_a_device(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("real.json")
    device = tmp_path / "device"
    os.mkfifo(device)
    reader = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = run(tmp_path, "check", "a.py", "--format", "json=link.json", "--format", f"github={device}")
        said = os.read(reader, 100_000)
    finally:
        os.close(reader)
    assert done.code == 1
    assert (tmp_path / "link.json").is_symlink()
    assert found(json.loads((tmp_path / "real.json").read_text())) == {BLOCKED}
    assert device.is_fifo()
    assert said.startswith(b"::error file=a.py")


# --- standard input -------------------------------------------------------------------------------------------------


def test_standard_input_is_judged_under_the_name_that_it_is_given(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"requirements.txt": "torch==2.7.0\n", "nb/a.py": CLEAN})
    folder = repository.root / "nb"
    loads = b'import torch\ntorch.load("x.pt")\ntorch.load("x.pt", weights_only=False)\n'
    named = {("unsafe-load/torch-load", "nb/a.py", 3)}
    assert check(folder, "-", "--stdin-filename", "a.py", stdin=loads).found == named
    assert check(folder, "-", "--stdin-filename", str(folder / "a.py"), stdin=loads).found == named
    new = check(folder, "-", "--stdin-filename", "new/b.py", stdin=loads)
    assert (new.code, new.found) == (1, {("unsafe-load/torch-load", "nb/new/b.py", 3)})
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": loads.decode()}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    assert check(folder, "-", "--stdin-filename", "n.ipynb", stdin=json.dumps(notebook).encode()).code == 1
    assert check(folder, "-", "--stdin-filename", "n.ipynb", stdin=b"{").found == {("input/unparsed", "nb/n.ipynb", 1)}


# --- what is looked for ---------------------------------------------------------------------------------------------


def test_only_chooses_rules_but_never_hides_what_could_not_be_read(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS, b="import pickle\npickle.load(open('x'))\n", c="import torch\ntorch.load(\n")
    done = check(tmp_path, "--only", "unsafe-load/torch*", "--only", "secret/*")
    assert done.found == {BLOCKED, ("input/unparsed", "c.py", 2)}
    assert done.report["run"]["only"] == ["unsafe-load/torch*", "secret/*"]
    assert "Only secret/* was looked for" in run(tmp_path, "check", "a.py", "--only", "secret/*").out


def test_a_policy_given_on_the_line_outranks_the_repository_s(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)
    policy = "kind: Policy\nversion: 1\nid: {}\nowner: me\nrules: {{ unsafe-load/*: {{ level: {} }} }}\n"
    (tmp_path / ".mlgate.yaml").write_text(policy.format("ours", "off"))
    (tmp_path / "theirs.yaml").write_text(policy.format("theirs", "warn"))
    assert check(tmp_path, "a.py").found == set()
    done = check(tmp_path, "a.py", "--policy", "theirs.yaml")
    assert (done.code, [one["level"] for one in done.report["findings"]]) == (0, ["warn"])
    assert done.report["policies"][0]["id"] == "theirs"


@pytest.mark.parametrize(
    ("rules", "place", "said"),
    [
        ("  unsafe-load/pickel: { level: block }", "6: rules/unsafe-load/pickel", "did you mean 'unsafe-load/pickle'"),
        ("  unsafe-load/*: { levle: block }", "6: rules/unsafe-load/*", "did you mean 'level'"),
        ("  unsafe-load/*: { level: blok }", "6: rules/unsafe-load/*/level", "did you mean 'block'"),
        (
            "  data/production-path:\n    params: { pattern: [x] }",
            "7: rules/data/production-path/params",
            "did you mean 'patterns'",
        ),
    ],
)
def test_a_policy_s_mistake_is_named_with_its_place_and_a_suggestion(
    tmp_path: Path, rules: str, place: str, said: str
) -> None:
    put(tmp_path, a=CLEAN)
    (tmp_path / ".mlgate.yaml").write_text(f"kind: Policy\nversion: 1\nid: ours\nowner: me\nrules:\n{rules}\n")
    for arguments in (["check", "a.py"], ["check", "-q", "a.py"], ["check", "--exit-zero"], ["policy", "test"]):
        done = run(tmp_path, *arguments)
        assert done.code == 2
        assert f".mlgate.yaml:{place}" in done.out + done.err
        assert said in done.out + done.err


# --- what is shown --------------------------------------------------------------------------------------------------


def test_quiet_is_silent_unless_something_blocks(tmp_path: Path) -> None:
    put(tmp_path, clean=CLEAN, warns=WARNS, blocks=BLOCKS)
    for variables in ({"PRE_COMMIT": "1"}, {}):
        flags = [] if variables else ["-q"]
        for name in ("clean", "warns"):
            done = run(tmp_path, "check", *flags, f"{name}.py", **variables)
            assert (done.code, done.out, done.err) == (0, "", "")
        done = run(tmp_path, "check", *flags, "warns.py", "blocks.py", **variables)
        assert done.code == 1
        assert "1 warning does not stop you" in done.out
        assert done.err == ""


def test_colour_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS)

    def is_coloured(*flags: str, **variables: str | None) -> bool:
        return "\x1b[" in run(tmp_path, "check", "a.py", *flags, **variables).out

    assert not is_coloured()
    assert is_coloured("--color=always", NO_COLOR="1")
    assert is_coloured(FORCE_COLOR="1")
    assert not is_coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert not is_coloured("--color", "never", FORCE_COLOR="1")


def test_a_terminal_that_knows_no_unicode_is_written_to_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, a=f'{BLOCKS}# ünïcödé\ntorch.load("é…", weights_only=False)\n')
    done = run(tmp_path, "check", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert (done.code, done.err) == (1, "")
    assert "unsafe-load/torch-load" in done.out
    assert done.out.isascii()


def test_many_decisions_are_summed_up_unless_all_are_asked_for(tmp_path: Path) -> None:
    for number in range(51):
        put(tmp_path, **{f"m{number}": f'import torch\ntorch.load("{number}.pt", weights_only=False)\n'})
    few, everything = run(tmp_path, "check"), run(tmp_path, "check", "--all")
    assert (few.code, everything.code) == (1, 1)
    assert "51 decisions to take" in few.out
    assert (few.out.count("BLOCK  "), everything.out.count("BLOCK  ")) == (10, 51)


# --- where ----------------------------------------------------------------------------------------------------------


def test_paths_are_the_repository_s_wherever_mlgate_is_called(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"sub/a.py": BLOCKS, "b.py": BLOCKS, ".gitignore": "ignored.py\n"})
    repository.write({"ignored.py": BLOCKS})
    below = repository.root / "sub"
    everything = {("unsafe-load/torch-load", path, 2) for path in ("sub/a.py", "b.py")}
    assert check(below).found == everything
    assert check(below, "a.py").found == check(below, ".").found == {("unsafe-load/torch-load", "sub/a.py", 2)}
    assert check(below, "../ignored.py").found == {("unsafe-load/torch-load", "ignored.py", 2)}
    assert check(tmp_path, "--repo", "r").found == everything
    assert check(tmp_path, "--repo", str(repository.root), "r/b.py").found == {("unsafe-load/torch-load", "b.py", 2)}
    fingerprints = {
        check(folder, path).report["findings"][0]["fingerprint"]
        for folder, path in ((below, "a.py"), (repository.root, "sub/a.py"))
    }
    assert len(fingerprints) == 1


def test_a_folder_without_git_is_judged_and_what_is_not_known_is_null(tmp_path: Path) -> None:
    (tmp_path / "p" / "sub").mkdir(parents=True)
    put(tmp_path / "p", a=BLOCKS)
    put(tmp_path / "p" / "sub", b=BLOCKS)
    both = {BLOCKED, ("unsafe-load/torch-load", "sub/b.py", 2)}
    for done in (check(tmp_path / "p"), check(tmp_path / "p", "."), check(tmp_path, "--repo", "p")):
        assert (done.code, done.found) == (1, both)
        unknown = {name: done.report["run"][name] for name in ("repository", "commit", "ref", "base")}
        assert unknown == dict.fromkeys(unknown)
    assert check(tmp_path / "p", "--base", "auto").found == both


# --- input that is no input -----------------------------------------------------------------------------------------


def test_every_file_is_looked_at_or_a_finding_says_why_not(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS, empty="")
    (tmp_path / "binary.py").write_bytes(b"\x7fELF\0\0\0")
    (tmp_path / "latin.py").write_bytes(BLOCKS.encode() + b"# \xe9\n")
    (tmp_path / "declared.py").write_bytes(b"# coding: cp1252\n" + BLOCKS.encode() + b"# \xe9\n")
    (tmp_path / "marked.py").write_bytes(b"\xef\xbb\xbf" + BLOCKS.encode())
    (tmp_path / "crlf.py").write_bytes(BLOCKS.replace("\n", "\r\n").encode())
    with (tmp_path / "large.py").open("wb") as file:
        file.truncate(20_000_001)
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "deep.py").write_text("import torch\ntorch.load(" + "-" * 100_000 + "1)\n")
    cell = {"cell_type": "code", "metadata": {"n": 0}, "outputs": [], "execution_count": None, "source": BLOCKS}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    (tmp_path / "digits.ipynb").write_text(notebook.replace('{"n": 0}', '{"n": ' + "4" * 5000 + "}"))
    (tmp_path / "nested.ipynb").write_text("[" * 100_000)
    done = check(tmp_path)
    torch = {("unsafe-load/torch-load", f"{name}.py", 2) for name in ("a", "latin", "marked", "crlf")}
    assert done.found == torch | {
        ("unsafe-load/torch-load", "declared.py", 3),
        ("input/unparsed", "latin.py", 1),
        ("input/unreadable", "binary.py", 1),
        ("input/unparsed", "binary.py", 1),
        ("input/too-large", "large.py", 1),
        ("input/not-looked-into", "out.py", 1),
        ("input/unreadable", "pipe.py", 1),
        ("input/too-deep", "deep.py", 1),
        ("unsafe-load/torch-load", "digits.ipynb", 1),
        ("input/too-deep", "nested.ipynb", 1),
    }
    assert (done.code, done.err) == (1, "")
    assert done.report["summary"]["files"] == sum(1 for _ in tmp_path.iterdir())


@pytest.mark.skipif(not as_nobody(), reason="permissions do not hold root back")
def test_a_file_without_permission_is_a_finding(tmp_path: Path) -> None:
    put(tmp_path, a=CLEAN)
    (tmp_path / "a.py").chmod(0)
    assert check(tmp_path).found == {("input/unreadable", "a.py", 1)}


def test_names_are_bytes_and_a_report_takes_them_all(tmp_path: Path) -> None:
    names = [
        b"with blank.py",
        b"qu\"ote'.py",
        "größe.py".encode(),
        b"latin\xe9.py",
        b"line\nbreak.py",
        b"-q.py",
        b"%3A.py",
    ]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text(BLOCKS)
    for form in FORMATS:
        done = run(tmp_path, "check", "--format", form, "--all")
        assert (done.code, done.err) == (1, "")
        assert done.out.count("torch.load runs any code inside x.pt.") >= len(names)
    assert run(tmp_path, "check", "-q", "--", "-q.py").code == 1


# --- processes ------------------------------------------------------------------------------------------------------


def test_a_worker_that_dies_or_hangs_is_a_finding_that_blocks(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS, dies=CLEAN, hangs=CLEAN, **{f"clean{number}": CLEAN for number in range(10)})
    patch = """
import os, signal, mlgate.scan, mlgate.sides
from mlgate.examine import Examiner
examine = Examiner.examine
def patched(self, source):
    if source.path == "dies.py":
        os.kill(os.getpid(), signal.SIGSEGV)
    if source.path == "hangs.py":
        signal.pause()
    return examine(self, source)
Examiner.examine = patched
mlgate.sides.FILE_SECONDS = 0.5
"""
    done = run_patched(tmp_path, patch, "check", "--format", "json", "--jobs", "2")
    assert done.found == {BLOCKED, ("input/crashed", "dies.py", 1), ("input/timeout", "hangs.py", 1)}
    assert done.report["summary"] == {
        "files": 13, "cells": 0, "skipped": 2, "by_level": {"block": 3, "warn": 0, "record": 0}
    }  # fmt: skip
    assert (done.code, run_patched(tmp_path, patch, "check", "dies.py").code) == (1, 1)


def test_a_worker_that_raises_is_a_finding_that_holds_no_value(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS, b=CLEAN)
    patch = """
from mlgate.examine import Examiner
examine = Examiner.examine
def patched(self, source):
    if source.path == "b.py":
        raise RuntimeError("hel" + "lo")
    return examine(self, source)
Examiner.examine = patched
"""
    done = run_patched(tmp_path, patch, "check", "--format", "json")
    assert (done.code, done.found) == (1, {BLOCKED, ("input/crashed", "b.py", 1)})
    assert "hello" not in done.out + done.err


def test_a_reader_that_has_seen_enough_ends_the_run_without_a_word(tmp_path: Path) -> None:
    put(tmp_path, a="import torch\n" + 'torch.load("x.pt", weights_only=False)\n' * 300)
    for form in ("text", "json"):
        process = subprocess.Popen(
            script("check", "--all", "--format", form),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(60) == 2


def test_ctrl_c_ends_with_130_and_leaves_no_worker(tmp_path: Path) -> None:
    put(tmp_path, a=BLOCKS, b=BLOCKS)
    patch = """
import os, signal, sys
from mlgate.examine import Examiner
def patched(self, source):
    os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
Examiner.examine = patched
"""
    done = run_patched(tmp_path, patch, "check", "--jobs", "2", "--format", "json=report.json")
    # Both pipes were read to their end: no worker holds them any more.
    assert (done.code, done.out, done.err) == (130, "", "mlgate: interrupted\n")
    assert not (tmp_path / "report.json").exists()


def test_ctrl_c_at_the_very_start_ends_the_same_way(tmp_path: Path) -> None:
    patch = """
import os, signal, mlgate.quick
def patched(*given):
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
mlgate.quick.is_clean = patched
"""
    done = run_patched(tmp_path, patch, "check", "-q", "a.py")
    assert (done.code, done.out, done.err) == (128 + signal.SIGINT, "", "mlgate: interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="Windows deletes no folder that somebody is in")
@pytest.mark.parametrize("arguments", ["check .", "check -q a.py", "waive a.py", "doctor"])
@pytest.mark.parametrize("start", [[MLGATE], [sys.executable, "-m", "mlgate"]], ids=["installed", "as a module"])
def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path, start: list[str], arguments: str) -> None:
    command = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *start, *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr == b"mlgate: the current folder is gone; change to one that exists\n"
