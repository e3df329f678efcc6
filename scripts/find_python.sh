# Prints the first Python that is new enough and really runs: a name on PATH may be a shim that fails.
for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
exit 0
