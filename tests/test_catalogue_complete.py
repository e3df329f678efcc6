"""Every dangerous API that was read in a source or a documentation is shown by a rule, or it is said why not."""

from __future__ import annotations

import re
from pathlib import Path

import catalogue_complete as complete
import pytest


def test_every_name_is_shown_or_excepted() -> None:
    assert list(complete.missing(complete.SINKS, complete.exceptions(complete.EXCEPTIONS))) == []


def test_every_exception_has_a_reason() -> None:
    known = complete.exceptions(complete.EXCEPTIONS)
    assert [name for name, reason in known.left_out.items() if len(reason) < 20] == []


@pytest.mark.parametrize(
    ("name", "example", "shows"),
    [
        ("pickle.load", "import pickle\npickle.load(f)", True),
        ("pickle.load", "import pickle\npickle.loads(b)", False),
        ("pickle.load", "from pickle import load\nload(f)", True),
        ("pickle.load", "import torch\ntorch.load(f)", False),
        ("cloudpickle.load(s)", "import cloudpickle\ncloudpickle.loads(b)", False),
        ("cloudpickle.load(s)", "import cloudpickle\ncloudpickle.load(f), cloudpickle.loads(b)", True),
        ("tf.saved_model.load", "import tensorflow as tf\ntf.saved_model.load(p)", True),
        ("numpy.load(allow_pickle=True)", "import numpy as np\nnp.load(f, allow_pickle = True)", True),
        ("numpy.load(allow_pickle=True)", "import numpy as np\nnp.load(f, allow_pickle=False)", False),
        ("torch.hub.load/list/help", "import torch\ntorch.hub.load(r), torch.hub.list(r), torch.hub.help(r)", True),
        ("torch.hub.load/list/help", "import torch\ntorch.hub.load(r), torch.hub.list(r)", False),
        ("TabularPredictor.load", "from x import TabularPredictor as T\nT.load(p)", True),
        ("%env X=1", "%env X=1", True),
        ("%env X=1", "%env Y=1", False),
    ],
)
def test_an_example_shows_what_it_uses(name: str, example: str, shows: bool) -> None:
    known = complete.Exceptions({}, {})
    assert complete._is_shown(name, known, [example]) is shows


def test_a_name_that_no_rule_shows_is_named(tmp_path: Path) -> None:
    sinks = tmp_path / "sinks.tsv"
    sinks.write_text("family\tapis\tevidence\nA\t`pickle.load`, `quux.unheard_of`\tS\nA\t`quux.from_memory`\tK\n")
    lines = list(complete.missing(sinks, complete.Exceptions({}, {"pickle.load": "no reason", "gone": "no reason"})))
    assert [re.findall("`([^`]+)`", line) for line in lines] == [["pickle.load"], ["quux.unheard_of"], ["gone"]]
