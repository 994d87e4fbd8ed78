# The two commands are `make run` and `make test`; everything they need they set up themselves.

PYTHON ?= python3
PROMPT ?=
SEED ?= 1
MINUTES ?= 20
VENV := .venv
BIN := $(VENV)/bin
MODEL := smollm2-135m-instruct
QUESTION := Can I run a large language model on a laptop?
PACKAGES := g4tui backends/g4tui_ctransformers backends/g4tui_llama_cpp backends/g4tui_openai plugins/g4tui_exchange training/g4tui_training

# What tests and benchmarks download stays in the checkout.
TEST_HOME := $(CURDIR)/.cache/home
TEST_MODEL := $(TEST_HOME)/data/models/$(MODEL).gguf

# The vision library of llama.cpp takes a third of its build and is not used.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PROMPT

# TRL, for its figures beside ours, on the torch and transformers of $(VENV).
PEER := .cache/bench/trl
TRL_VERSION := 1.16.0

# What is measured by make coverage; all, if it is empty.
TESTS ?=

.PHONY: help setup run test test-full torture check bench bench-peers fuzz coverage mutants wheel clean

help:
	@echo "make run                 chat (the first time: installs, compiles llama.cpp, pulls a 98 MB model)"
	@echo "make run PROMPT='...'    ask one question"
	@echo "make test                set up and run every check and test"
	@echo "make test-full           the same, and what takes minutes each: half an hour"
	@echo "make check               lint, format, types, imports"
	@echo "make bench               speed, as ratios in one run"
	@echo "make bench-peers         beside elia, oterm, parllama, llm and TRL: half an hour"
	@echo "make fuzz                an hour of hostile input for all that reads some (FUZZ_MINUTES, FUZZ_SEED)"
	@echo "make coverage            which branches of the inner rooms the tests take (TESTS: only these)"
	@echo "make mutants             50 small changes in those rooms, which the tests should notice"
	@echo "make torture             faults at random for MINUTES=20, drawn by SEED=1: nothing may be lost"
	@echo "make wheel               build the wheel into dist/"
	@echo "make clean               remove what the other commands made here"

$(VENV)/made: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "g4tui needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >&2
	@touch $@

# Output goes to stderr, so that `make run | cat` prints the answer alone.
$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing. Compiling llama.cpp takes 5 to 12 minutes, once." >&2
	@$(BIN)/pip install -c constraints.txt -e ".[llama-cpp]" >&2
	@touch $@

# torch by itself first: pip then takes a build without CUDA where one is at hand.
$(VENV)/installed-dev: $(VENV)/installed
	@$(BIN)/pip install -c constraints.txt torch >&2
	@$(BIN)/pip install -c constraints.txt -e ".[dev]" >&2
	@touch $@

$(TEST_MODEL): | $(VENV)/installed
	G4TUI_HOME=$(TEST_HOME) $(BIN)/g4tui models pull $(MODEL) >&2

setup: $(VENV)/installed
	@$(BIN)/g4tui models pull $(MODEL) >&2

run: setup
	@if [ -n "$$PROMPT" ]; then $(BIN)/g4tui ask "$$PROMPT" </dev/null; \
	elif [ -t 0 ] && [ -t 1 ]; then $(BIN)/g4tui; \
	else $(BIN)/g4tui ask "$(QUESTION)" </dev/null; fi

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports

test: check $(TEST_MODEL)
	$(BIN)/python -m pytest

test-full: check $(TEST_MODEL)
	$(BIN)/python -m pytest -m "full or not full"

# Without it that benchmark is skipped, and says so.
$(PEER)/installed: $(VENV)/installed-dev
	@$(BIN)/python -m venv --without-pip $(PEER) >&2
	@$(BIN)/python -c 'import sys, sysconfig; print(sysconfig.get_path("purelib"), file=open(sys.argv[1], "w"))' \
	  $$($(PEER)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared.pth
	@if $(BIN)/pip --python $(PEER)/bin/python install trl==$(TRL_VERSION) >&2; then touch $@; \
	  else echo "TRL cannot be installed; its benchmark is skipped." >&2; fi

# Faults at random, drawn by a seed; what is found goes to .cache/torture.
torture: $(VENV)/installed-dev $(TEST_MODEL)
	PYTHONPATH=tests $(BIN)/python -m torture --seed $(SEED) --minutes $(MINUTES)

bench: $(VENV)/installed-dev $(TEST_MODEL) $(PEER)/installed
	$(BIN)/python tests/benchmarks/run.py

fuzz: $(VENV)/installed-dev
	$(BIN)/python tests/fuzz/run.py

# Workers are measured too, hence the path; what two tests look at in them is then no longer so.
coverage: $(VENV)/installed-dev $(TEST_MODEL)
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	-PYTHONPATH=$(CURDIR)/tests/measuring $(BIN)/python -m coverage run -m pytest -p contexts $(TESTS)
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --skip-covered --show-missing

mutants: $(VENV)/installed-dev $(TEST_MODEL)
	@test -e .cache/coverage/data || $(MAKE) coverage
	$(BIN)/python tests/mutants.py

bench-peers: $(VENV)/installed-dev $(TEST_MODEL) $(PEER)/installed
	PYTHONPATH=tests $(BIN)/python -m benchmarks.peers

wheel: $(VENV)/installed-dev
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
