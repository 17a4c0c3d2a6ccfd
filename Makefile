# Needs only make and Python 3.11 or newer: `make run` on a fresh machine makes .venv and trains in it.

PYTHON   ?= python3
WORKERS  ?= 2
RUN_ARGS ?= mnist-fast output.sequence=20261122 output.grid_every=15000
VENV     := .venv
BIN      := $(VENV)/bin
PIP      := $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
TORCH    := $(shell grep '^torch==' constraints.txt)
PINS     := pyproject.toml constraints.txt
# Jittor needs numpy < 2, and compiles anew for each place that it is installed in: one for all checkouts.
JITTOR   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/condgan/jittor

.PHONY: help run features test test-slow jittor test-jittor bench bench-compare lint format clean

help:  ## show this
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: $(VENV)/.core  ## train for about two minutes and show digits (RUN_ARGS="..." goes to condgan train)
	$(BIN)/condgan train $(RUN_ARGS)

features: export OMP_NUM_THREADS = 1
features: $(VENV)/.core  ## train the feature network for MNIST that is shipped (20 minutes)
	$(BIN)/condgan features mnist --steps 6000 -o src/condgan/metrics/files/mnist.safetensors

test: export OMP_NUM_THREADS = 1
test: export MKL_NUM_THREADS = 1
test: $(VENV)/.test  ## run the tests, by two processes of one thread each (WORKERS=N: by N)
	$(BIN)/python -m pytest -n $(WORKERS)

test-slow: export OMP_NUM_THREADS = 1
test-slow: export MKL_NUM_THREADS = 1
test-slow: $(VENV)/.test  ## run the tests that train for minutes
	$(BIN)/python -m pytest -m slow

jittor: $(JITTOR)/.installed  ## install condgan with its Jittor engine in an environment of its own, and compile it
	@$(JITTOR)/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
	$(JITTOR)/bin/condgan doctor --engine jittor --warm
	@echo 'Now: $(JITTOR)/bin/condgan train cgan-lsgan engine=jittor'

test-jittor: export OMP_NUM_THREADS = 1
test-jittor: export MKL_NUM_THREADS = 1
# this checkout, and not the one that `make jittor` has installed there, which stays
test-jittor: export PYTHONPATH = $(CURDIR)/src
test-jittor: $(JITTOR)/.installed  ## run the tests of the Jittor engine (the first time it compiles for ten minutes)
	$(JITTOR)/bin/python -m pytest -m jittor tests/jittor_engine

bench: $(VENV)/.test  ## measure speed against its baselines, into bench.json (BENCH_ARGS="..." goes to bench.py)
	$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

bench-compare: $(VENV)/.core  ## compare two such files: make bench-compare OLD=old.json NEW=new.json
	$(BIN)/python benchmarks/compare.py "$(OLD)" "$(NEW)"

lint: $(VENV)/.dev  ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python tools/page_types.py

format: $(VENV)/.dev  ## put the code into its style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove .venv and all caches; runs stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { echo 'condgan needs Python 3.11 or newer, and there is no "$(PYTHON)": install it, or name one: make PYTHON=/path/to/python3 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "condgan needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): name another: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'this Python cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.python $(PINS)
	@echo 'Installing $(TORCH) and condgan into $(VENV): takes a minute, once ...'
	@$(PIP) $(TORCH)
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	@echo 'Installing what the tests need ...'
	@$(PIP) -e '.[test,parquet,provenance,readers,sweep,studio,pages]'
	@touch $@

$(JITTOR)/.installed: $(VENV)/.python $(PINS)
	@echo 'Installing $(TORCH), Jittor and condgan into $(JITTOR): takes a minute, once ...'
	@$(PYTHON) -m venv $(JITTOR)
	@grep -v '^numpy==' constraints.txt > $(JITTOR)/constraints.txt
	@$(JITTOR)/bin/python -m pip install -q --disable-pip-version-check -c $(JITTOR)/constraints.txt $(TORCH)
	@$(JITTOR)/bin/python -m pip install -q --disable-pip-version-check -c $(JITTOR)/constraints.txt -e '.[jittor,test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@echo 'Installing what the checks need ...'
	@$(PIP) -e '.[dev,studio]'
	@touch $@
