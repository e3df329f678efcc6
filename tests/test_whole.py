"""What was found in a whole work tree is told again while nothing changed, and only then."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository
from msgspec.structs import replace

from mlgate import examine, scan, workers
from mlgate.question import Question

LOAD = "import pickle\nrows = pickle.load(open(path, 'rb'))\n"
PICKLE = ("unsafe-load/pickle", "a.py", 2)
POLICY = 'kind: Policy\nversion: 1\nid: acme\nowner: "@acme/security"\nrules:\n  unsafe-load/*: {level: warn}\n'

Finds = list[tuple[str, str, int]]


class Desk:
    """A repository, its cache, and how many files were taken apart in the last run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository: Repository = make_repository(folder / "repository", {"a.py": LOAD, "b.py": "x = 1\n"})
        self.cache = folder / "cache"
        self.cache.mkdir()
        self.question = Question(str(self.repository.root), (), {**ENVIRONMENT}, "2026-03-01", cache=self.cache, jobs=1)
        self.taken_apart: list[int] = []
        run = workers.run

        def counted(tasks, *rest):  # type: ignore[no-untyped-def]
            self.taken_apart.append(len(tasks))
            return run(tasks, *rest)

        monkeypatch.setattr(workers, "run", counted)

    def check(self, **given: object) -> Finds:
        self.taken_apart.clear()
        report = scan.check(replace(self.question, **given))  # type: ignore[arg-type]
        found = [one.finding for one in report.decisions]
        return [(one.rule, one.location.path, one.location.line) for one in found]

    @property
    def is_told_again(self) -> bool:
        return not self.taken_apart


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_nothing_changed(desk: Desk) -> None:
    first = scan.check(desk.question)
    assert desk.check() == [PICKLE]
    assert desk.is_told_again
    # Byte for byte, and whatever asks for the whole: the root, from below, and rules chosen.
    assert scan.check(desk.question) == first
    assert desk.check(paths=(".",)) == [PICKLE]
    assert desk.is_told_again
    assert desk.check(date="2026-04-01") == [PICKLE]
    assert desk.is_told_again


def test_without_a_cache_everything_is_taken_apart(desk: Desk) -> None:
    desk.check()
    assert desk.check(cache=None) == [PICKLE]
    assert desk.taken_apart == [2]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        pytest.param("a.py", LOAD.replace("pickle", "string"), [], id="other content of the same length"),
        pytest.param("c.py", LOAD, [PICKLE, ("unsafe-load/pickle", "c.py", 2)], id="one more"),
        pytest.param("b.py", "x = 2\n", [PICKLE], id="in a file without a finding"),
        pytest.param("requirements.txt", "torch==2.9.0\n", [PICKLE], id="what others ask about"),
        pytest.param(".mlgate.yaml", POLICY, [PICKLE], id="the policy"),
    ],
)
def test_what_changed_is_seen(desk: Desk, path: str, text: str, found: Finds) -> None:
    desk.check()
    times = (desk.repository.root / "a.py").stat()
    desk.repository.write({path: text})
    # Whoever sets the clock back changes nothing.
    os.utime(desk.repository.root / path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert desk.check() == found
    assert not desk.is_told_again


def test_a_file_that_is_gone_or_cannot_be_read_is_another_state(desk: Desk) -> None:
    desk.check()
    (desk.repository.root / "a.py").unlink()
    # It is in the index still, and a commit would hold it.
    assert desk.check() == [PICKLE]
    desk.repository.git("rm", "--cached", "--quiet", "a.py")
    assert desk.check() == []
    assert not desk.is_told_again
    (desk.repository.root / "b.py").unlink()
    os.mkfifo(desk.repository.root / "b.py")
    for is_told_again in (False, True):
        assert desk.check() == [("input/unreadable", "b.py", 1)]
        assert desk.is_told_again is is_told_again


def test_rules_branch_and_repository_are_part_of_it(desk: Desk) -> None:
    desk.check()
    assert desk.check(only=("secret/*",)) == []
    assert not desk.is_told_again
    desk.repository.git("checkout", "--quiet", "-b", "other")
    assert desk.check() == [PICKLE]
    assert not desk.is_told_again
    desk.repository.git("remote", "add", "origin", "https://github.com/acme/ranking.git")
    assert desk.check() == [PICKLE]
    assert not desk.is_told_again


def test_a_part_is_not_the_whole(desk: Desk) -> None:
    desk.check()
    assert desk.check(paths=("b.py",)) == []
    assert desk.taken_apart == [1]
    assert desk.check(paths=("a.py", "b.py")) == [PICKLE]
    assert desk.taken_apart == [2]


def test_what_changes_while_it_is_looked_at_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = workers.run

    def meanwhile(*given):  # type: ignore[no-untyped-def]
        yield from run(*given)
        desk.repository.write({"a.py": "x = 1\n"})

    with monkeypatch.context() as patched:
        patched.setattr(workers, "run", meanwhile)
        assert desk.check() == [PICKLE]
    desk.repository.write({"a.py": LOAD})
    assert desk.check() == [PICKLE]
    assert not desk.is_told_again


def test_what_took_too_long_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:

        def dies(self: object, source: object) -> None:
            os._exit(3)

        patched.setattr(examine.Examiner, "examine", dies)
        assert desk.check() == [("input/crashed", "a.py", 1), ("input/crashed", "b.py", 1)]
    assert desk.check() == [PICKLE]
    assert not desk.is_told_again


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"[]garbage", b'[{"path": 1}]', b'[["a.py"]]'])
def test_what_is_damaged_is_looked_at_again(desk: Desk, damage: bytes) -> None:
    desk.check()
    (file,) = desk.cache.glob("tree-*.json")
    file.write_bytes(damage)
    assert desk.check() == [PICKLE]
    assert not desk.is_told_again


def test_a_file_that_is_called_like_a_secret_is_in_no_cache(desk: Desk) -> None:
    name = "hf_" + "QmZtRbKxWvNcLpJsHdGfYrTeUaMqXzVnBk"
    desk.repository.write({f"{name}.py": LOAD})
    for _ in range(2):
        assert desk.check() == [PICKLE, ("unsafe-load/pickle", f"{name}.py", 2)]
        assert not desk.is_told_again
    with contextlib.closing(sqlite3.connect(desk.cache / "facts.sqlite")) as facts:
        entries = [zlib.decompress(packed) for (packed,) in facts.execute("SELECT entry FROM facts")]
    assert any(b"a.py" in entry for entry in entries)
    assert not [entry for entry in entries if name.encode() in entry]
    assert not [file for file in desk.cache.iterdir() if name.encode() in file.read_bytes()]


def test_few_states_are_kept(desk: Desk) -> None:
    for number in range(7):
        desk.repository.write({"b.py": f"x = {number}\n"})
        desk.check()
        # This one is looked at again and again, and stays.
        desk.repository.write({"b.py": "x = 0\n"})
        assert desk.check() == [PICKLE]
        assert desk.is_told_again
    assert len(list(desk.cache.glob("tree-*.json"))) == 4
