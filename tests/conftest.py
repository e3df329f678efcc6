"""Which tests are the compatibility suite: parsing, fingerprints, start-up, on every Python that is installed."""

from __future__ import annotations

import pytest

COMPATIBLE = frozenset({"test_fingerprints_everywhere", "test_python", "test_quick_imports", "test_yaml_strict"})
"""Modules of tests whose results must be the same on every supported Python."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in COMPATIBLE:
            item.add_marker(pytest.mark.compat)
