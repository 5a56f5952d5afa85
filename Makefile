.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Exact versions with hashes, a file an extra: what each environment is made from.
LOCK := requirements
# Debian names of what the tests run beside Python
PACKAGES := chromium curl openssl postgresql prometheus prometheus-alertmanager prometheus-node-exporter \
  prometheus-postgres-exporter prometheus-redis-exporter redis-server systemd
ARGS ?=
# Tests wait half of their time, so two cores have work for four. They start hundreds of processes:
# bytecode is kept. Integration tests come first, so that short ones fill the end.
WORKERS ?= 4
PYTEST := PYTHONDONTWRITEBYTECODE= sh tests/run.sh $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 — /p' $(MAKEFILE_LIST)

demo: $(VENV)/demo  ## the collector on an embedded NATS server and AWS endpoint (ARGS="--fault NAME")
	@$(BIN)/obs demo $(ARGS)

drill: $(VENV)/demo packages  ## every fault on this machine, and whether its alerts arrive (ARGS="NAME")
	@$(BIN)/obs drill $(ARGS)

test: $(VENV)/dev packages  ## every test, integration tests included (ARGS="-k name")
	@$(PYTEST) $(ARGS)

hostile: $(VENV)/dev  ## what each hostile neighbour costs the collector, as a table (ARGS="WORD")
	@$(BIN)/python -m tests.hostile $(ARGS)

outages: $(VENV)/dev packages  ## what is lost when something around the collector fails, and for how long (ARGS="WORD")
	@$(BIN)/python -m tests.outages $(ARGS)

soak: $(VENV)/dev  ## a collector's day in minutes: does anything grow? table and build/soak.svg (ARGS="--hours 6")
	@$(BIN)/python -m tests.soak $(ARGS)

fuzz: $(VENV)/dev  ## everything that parses foreign bytes, by atheris (ARGS="NAME --seconds 60", "--list")
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement $(LOCK)/fuzz.txt
	@$(BIN)/python -m tests.fuzz $(ARGS)

test-newest: VENV := .venv-newest
test-newest: packages  ## the same with the newest release of everything, in an environment of its own
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the newest of everything into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev]'
	@$(PYTEST) $(ARGS)

lint: $(VENV)/dev  ## formatting, lint, types, built files: what CI runs before the tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/obs build --check --spec collectors/oms.yaml

docs: $(VENV)/docs  ## the documentation site in build/docs; nothing is fetched (open index.html)
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -j auto -d build/doctrees docs build/docs
	@$(BIN)/python -m docs._generate.check_links build/docs
	@echo "build/docs/index.html"

docs-pictures: $(VENV)/dev packages  ## the pictures of the documentation, anew from the demo (four minutes)
	@$(BIN)/python -m docs._generate.pictures

lock:  ## choose the versions of requirements/ anew from pyproject.toml (ARGS="--upgrade" for the newest)
	@test -x $(VENV)-lock/bin/uv || $(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --require-hashes --requirement $(LOCK)/lock.txt
	@$(VENV)-lock/bin/python $(LOCK)/lock.py $(ARGS)

bench: $(VENV)/dev  ## what a poll, a scrape and an evaluation cost here
	@for name in $(filter-out exporter_% compat_% migration growth% peers,$(basename $(notdir $(wildcard tests/bench/[a-z]*.py)))); do \
	  echo "── $$name"; $(BIN)/python -m tests.bench.$$name || exit 1; done

bench-growth: $(VENV)/dev  ## 100 000 consumers on one collector, a million over ten shards: docs/growing.md
	@$(BIN)/python -m tests.bench.growth $(ARGS)

bench-peers: $(VENV)/dev  ## beside prometheus-nats-exporter (NATS_EXPORTER: a binary; NATS_EXPORTER_SOURCE: its sources)
	@$(BIN)/python -m tests.bench.peers $(ARGS)

dist: $(VENV)/release  ## wheel, sdist, chart, bills of materials and checksums, checked, into dist/
	@$(BIN)/python deploy/packages/dist.py $(ARGS)

dist-try:  ## the wheel of dist/ in an empty environment of each Python here (ARGS="/path/to/python3.13")
	@$(PYTHON) deploy/packages/try_wheel.py $(ARGS)

system-packages: $(VENV)/release  ## a Debian and an RPM package of the wheel in dist/, for this system's Python (EXTRAS)
	@$(BIN)/python deploy/packages/system_packages.py $(ARGS)

chart: $(VENV)/dev  ## the chart's table of values anew, then its tests
	@$(BIN)/python deploy/helm/values_table.py
	@$(PYTEST) tests/unit/deploy/test_helm.py $(ARGS)

image:  ## the container image for PLATFORMS (IMAGE, EXTRAS, PUSH=1; DRY=1 prints the commands)
	@sh deploy/container/build.sh $(ARGS)

packages:
	@sh tests/packages.sh $(PACKAGES)

$(VENV)/%: pyproject.toml $(LOCK)/build.txt $(LOCK)/base.txt $(LOCK)/%.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what the $* needs into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --require-hashes $(patsubst %,--requirement %,$(filter %.txt,$^))
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

clean:  ## remove what these commands made
	rm -rf $(VENV) $(VENV)-lock $(VENV)-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist docs/reference

.PHONY: help demo drill test hostile outages soak fuzz test-newest lint docs docs-pictures lock bench bench-growth bench-peers dist \
  dist-try system-packages chart image packages clean
