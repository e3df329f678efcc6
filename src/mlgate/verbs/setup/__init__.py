"""`mlgate init` and `mlgate doctor`: a repository set up, and whether enforcement is really on."""
