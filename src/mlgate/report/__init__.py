"""Reports: one pure function per format."""

from __future__ import annotations

from mlgate.model import Report
from mlgate.report.options import Options

FORMATS = ("text", "json", "sarif", "github", "markdown")


def render(name: str, report: Report, options: Options) -> str:
    """`report` in format `name`, one of FORMATS; empty, or whole lines. Can be encoded in UTF-8."""
    # Each is imported when somebody wants it: most runs print one.
    match name:
        case "text":
            from mlgate.report import text

            return text.render(report, options)
        case "json":
            from mlgate.report import json_report

            return json_report.render(report, options)
        case "sarif":
            from mlgate.report import sarif

            return sarif.render(report, options)
        case "github":
            from mlgate.report import github

            return github.render(report, options)
        case "markdown":
            from mlgate.report import markdown

            return markdown.render(report, options)
    raise ValueError(f"{name} is none of {', '.join(FORMATS)}")


__all__ = ["FORMATS", "Options", "render"]
