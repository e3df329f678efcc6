"""Reports: one pure function per format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mlgate.model import Report
from mlgate.report import github, json_report, markdown, sarif, text
from mlgate.report.options import Options

FORMATS: Mapping[str, Callable[[Report, Options], str]] = MappingProxyType(
    {
        "text": text.render,
        "json": json_report.render,
        "sarif": sarif.render,
        "github": github.render,
        "markdown": markdown.render,
    }
)


def render(name: str, report: Report, options: Options) -> str:
    """`report` in format `name`, a key of FORMATS; empty, or whole lines. Can be encoded in UTF-8."""
    return FORMATS[name](report, options)


__all__ = ["FORMATS", "Options", "render"]
