.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Debian names of what the tests run beside Python
PACKAGES := chromium openssl prometheus prometheus-alertmanager systemd
ARGS ?=
# Tests wait half of their time, so two cores have work for three. They start hundreds of processes:
# bytecode is kept. Integration tests come first, so that short ones fill the end.
WORKERS ?= 3

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1 — /p' $(MAKEFILE_LIST)

demo: $(VENV)/demo  ## the collector on an embedded NATS server and AWS endpoint (ARGS="--fault NAME")
	@$(BIN)/obs demo $(ARGS)

drill: $(VENV)/demo packages  ## every fault on this machine, and whether its alerts arrive (ARGS="NAME")
	@$(BIN)/obs drill $(ARGS)

test: $(VENV)/dev packages  ## every test, integration tests included (ARGS="-k name")
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/dev  ## formatting, lint, types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: $(VENV)/dev  ## what a poll, a scrape and an evaluation cost here
	@for name in $(basename $(notdir $(wildcard tests/bench/[a-z]*.py))); do \
	  echo "── $$name"; $(BIN)/python -m tests.bench.$$name || exit 1; done

packages:
	@sh tests/packages.sh $(PACKAGES)

$(VENV)/%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what the $* needs into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

clean:  ## remove what these commands made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist

.PHONY: help demo drill test lint bench packages clean
