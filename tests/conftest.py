"""Which tests are the compatibility suite: parsing, fingerprints, start-up, on every Python that is installed."""

from __future__ import annotations

import pytest
from hypothesis import settings

COMPATIBLE = frozenset(
    {
        "test_canonical",
        "test_fingerprints_everywhere",
        "test_hostile",
        "test_limits",
        "test_python",
        "test_quick_imports",
        "test_yaml_strict",
    }
)
"""Modules of tests whose results must be the same on every supported Python."""

# How long an example takes says more of the machine than of the law.
settings.register_profile("mlgate", deadline=None)
settings.load_profile("mlgate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in COMPATIBLE:
            item.add_marker(pytest.mark.compat)
