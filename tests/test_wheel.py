"""What pip installs holds the policies, the schemas and the types."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hooks_fixture import ROOT, publish, wheelhouse


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def build(folder: Path) -> Path:
    source = publish(folder / "source")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source.root)],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheelhouse(), "PIP_CONFIG_FILE": os.devnull},
        check=True,
    )
    (built,) = folder.glob("mlgate-*.whl")
    return built


def names(folder: str, pattern: str) -> set[str]:
    return {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob(pattern)}


def test_the_wheel_holds_everything_that_is_shipped(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = (
        {f"mlgate/policies/{name}" for name in names("policies", "*.yaml")}
        | {f"mlgate/schemas/{name}" for name in names("schemas", "*.json")}
        | {f"mlgate/{name}" for name in names("src/mlgate", "*.py")}
        | {"mlgate/py.typed"}
    )
    assert wanted - held == set()
    assert {name.partition("/")[2] for name in held if "dist-info/licenses" in name} == {
        "licenses/LICENSE",
        "licenses/NOTICE",
    }


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mlgate"}


def test_built_twice_it_is_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_what_is_unpacked_finds_its_policies(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from mlgate.shipped import shipped; from mlgate.policy import load_bundle;"
        "print(shipped('policies')); print('unsafe-load/torch-load' in load_bundle(None, None).rules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "site")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [str(tmp_path / "site" / "mlgate" / "policies"), "True"]
