# Checks the example as somebody would who has just installed mlgate. Its findings are what there is to see.
mlgate=$1
echo "$ mlgate check examples"
echo
set +e
MLGATE_CACHE_DIR=$(mktemp -d)
export MLGATE_CACHE_DIR
"$mlgate" check examples
code=$?
rm -rf "$MLGATE_CACHE_DIR"
if [ "$code" -ne 1 ]; then
    echo "The example was expected to be blocked (exit code 1), but the exit code is $code." >&2
    exit 2
fi
cat <<'END'

That was a small repository with mistakes that most of us have made; exit code 1: something blocks.
Now try:
  .venv/bin/mlgate explain unsafe-load/torch-load     why, and what to do
  .venv/bin/mlgate check /path/to/your/repository     yours (nothing is changed, nothing is sent)
  make test                                           every check of this project
END
