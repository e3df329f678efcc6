"""The errors that a person can act on."""

from __future__ import annotations


class MlgateError(Exception):
    """One clear sentence: where, what, what to do. Ends the run with exit code 2."""


class PolicyError(MlgateError):
    """A policy document that cannot be used; one sentence per problem, joined by newlines."""


class GitError(MlgateError):
    """git could not answer."""
