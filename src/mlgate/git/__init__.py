"""The only door to git: answered without hooks, filters and prompts; the network is in `remotes` alone."""
