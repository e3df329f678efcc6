"""A revision belongs to the key whose words it repeats; one that names nothing belongs to every key."""

from __future__ import annotations

import pytest

from mlgate.model import Value
from mlgate.neighbours import revision_of


@pytest.mark.parametrize(
    ("key", "others", "expected"),
    [
        ("model_name_or_path", "model_revision revision", "model_revision"),
        ("model_name_or_path", "revision", "revision"),
        ("model_name_or_path", "dataset_revision code_revision", None),
        ("base_model", "revision_of_model", "revision_of_model"),
        ("base_model", "base_model_revision model_revision", "base_model_revision"),
        ("modelId", "modelRevision", "modelRevision"),
        ("path", "revision", "revision"),
        ("revision", "revision", None),
        ("HF_MODEL_ID", "HF_MODEL_REVISION", "HF_MODEL_REVISION"),
        ("HF_MODEL_ID", "MODEL_REVISION", None),
        ("MODEL_ID", "REVISION HF_MODEL_REVISION", "REVISION"),
    ],
)
def test_whose_revision_it_is(key: str, others: str, expected: str | None) -> None:
    said = {name: Value((name,)) for name in (key, *others.split())}
    assert revision_of(key, said) == (None if expected is None else Value((expected,)))
