# Onefold's verbs. Each does the set-up that it needs; nothing has to be installed by hand but Python 3.11 or newer.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench simulate serve lock

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
PEOPLE ?= 1000
EVENTS ?= 10000
SEED ?= 1
OUT ?= build/events.jsonl

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment and install the locked dependencies (once)

# The system's own Python goes before that of a version manager, which builds it without profile-guided optimisation:
# the same work takes a tenth longer there.
# The stamp is older than the lock when the dependencies have changed: then, and only then, pip runs again.
$(READY): requirements.lock pyproject.toml
	@set -e; \
	if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	  found=; made=; \
	  for python in $(or $(PYTHON),/usr/bin/python3 python3 python3.13 python3.12 python3.11); do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    found=$$python; \
	    if $$python -m venv --clear $(VENV) >/dev/null 2>&1; then made=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Onefold needs Python 3.11 or newer, and found: $$($(or $(PYTHON),python3) --version 2>/dev/null || echo none)." >&2; \
	    echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; \
	  fi; \
	  if [ -z "$$made" ]; then \
	    echo "$$found could not make a virtual environment (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; \
	  fi; \
	  echo "Made $(VENV) with $$($$made --version)"; \
	fi
	@echo "Installing the locked dependencies (once; a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Play a retail day into a fresh store, tell its stories, serve API and console
	@$(BIN)/onefold demo

test: check ## Everything: the checks, then the whole test suite
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: $(READY) ## Format, lint, types and the direction of imports
	@$(BIN)/ruff format --check --quiet . || { echo "Run make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## Bring the code into its form
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

bench: $(READY) ## Measure speed and memory, beside a naive loop
	@$(BIN)/python -m tests.bench

simulate: $(READY) ## Make a stream of events: PEOPLE= EVENTS= SEED= OUT=
	@mkdir -p $(dir $(OUT))
	@$(BIN)/onefold simulate --people $(PEOPLE) --events $(EVENTS) --seed $(SEED) --out $(OUT)

serve: $(READY) ## Serve intake, API and console on loopback
	@$(BIN)/onefold serve

# Made once for all platforms and for every Python from 3.11 on; without the address of any registry.
lock: ## Choose the dependencies' versions anew (needs uv)
	@command -v uv >/dev/null || { echo "This needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock
