# Everything a person does here, by name. `make` lists it.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$p && break; done)
STORE ?= ./store
OWN_STORE = $(if $(filter file,$(origin STORE)),./store-own,$(STORE))
BIN := .venv/bin
CURATION := $(BIN)/curation
STAMP := .venv/.installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header

.DEFAULT_GOAL := help
.PHONY: help env demo run run-arguments airflow test lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## make .venv from the lock file (instant when nothing changed)

# uv comes from the lock file too, by hash, and installs the rest a good deal faster than pip.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "make env: no Python 3.11, 3.12 or 3.13 found as python3 or python3.1x." >&2; \
		echo "Install one, or name it: make env PYTHON=/path/to/python3.12" >&2; exit 1; }
	@command -v "$(PYTHON)" > /dev/null || { \
		echo "make env: there is no $(PYTHON); name a Python that is: make env PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) \
		else f"make env: {sys.executable} is Python {v[0]}.{v[1]}; 3.11, 3.12 or 3.13 is needed.")'
	@"$(PYTHON)" -c 'import ensurepip, venv' || { \
		echo "make env: $(PYTHON) cannot make virtual environments: install its venv package" \
		"(Debian: apt install python3-venv)." >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	@awk '/^uv==/ {found = 1} found; found && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@test -s .venv/uv.lock || { echo "make env: requirements.lock does not hold uv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		-r .venv/uv.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --require-hashes \
		-r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

demo: env ## the whole road on the example library, on an embedded Airflow
	$(CURATION) airflow demo --store "$(STORE)"

run: run-arguments env ## the same on yours: make run LIBRARY=folder CATALOG=folder RECIPE=file
	$(CURATION) airflow run --library "$(LIBRARY)" --catalog "$(CATALOG)" --recipe "$(RECIPE)" \
		--store "$(OWN_STORE)"

run-arguments:
	$(if $(LIBRARY),,$(error make run: LIBRARY is missing: the folder with the films))
	$(if $(CATALOG),,$(error make run: CATALOG is missing: the folder or rulebook that states works, assets and rights))
	$(if $(RECIPE),,$(error make run: RECIPE is missing: the file that says what to release))
	@:

airflow: env ## keep Airflow and its UI up until Ctrl-C
	$(CURATION) airflow ui --store "$(STORE)"

test: env ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

lock: env ## resolve the dependencies again
	$(COMPILE) --extra dev --extra models --extra safety pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --extra models --extra safety pyproject.toml docker/cluster.in -o docker/requirements.lock

clean: ## remove the environment and caches; the store stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
