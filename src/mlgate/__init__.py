"""mlgate: policy as code for machine-learning repositories."""

__version__ = "0.1.0"
