"""The verbs: one module each, behind the command line."""
