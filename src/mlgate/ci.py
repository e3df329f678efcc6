"""Whether a service builds here, or a person works. Imports nothing, for `quick`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "JENKINS_URL",
    "BUILDKITE",
    "BITBUCKET_BUILD_NUMBER",
    "CIRRUS_CI",
)


def is_ci(environment: Mapping[str, str]) -> bool:
    return any(environment.get(name) for name in VARIABLES)
