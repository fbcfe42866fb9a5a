# pricetime. Each target sets up .venv by itself and does nothing twice.
#   make demo     a venue for a day on loopback, replayed and compared     make test    every test
#   make bench    figures beside their yardsticks                          make lint    style and types
#   make bench-compare REV=main    what a change did, with a verdict where it exceeds the noise
#   make build    compile the modules in place                             make clean   remove what was built
#   make soak     both engines against each other on random commands, until stopped or they differ
#   make soak SOAK=faults    kills, power losses, flipped bits, failing disks, hostile messages and bad lines, for hours
#   make coverage, make sanitize, make mutants    what the tests reach, and what they catch

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REPORT := build/bench
SOURCES := $(wildcard matching/*.p[yx][xd] journal/*.p[yx][xd] gateway/*.p[yx][xd] bench/*.p[yx][xd] \
             matching/*.h journal/*.h gateway/*.h bench/*.h)

FAULTS := faults kills power bits disks fuzz chaos

.PHONY: build demo test soak bench bench-compare lint coverage sanitize mutants clean check-machine
.DEFAULT_GOAL := build

build: $(VENV)/.built

demo: build
	@$(BIN)/pricetime demo $(DEMO)

test: build $(VENV)/.test-tools
	$(BIN)/python -m pytest $(TESTS)

soak: build $(VENV)/.test-tools
	@PYTHONPATH=tests:$(CURDIR) $(BIN)/python -P -m $(if $(filter $(FAULTS),$(firstword $(SOAK))),faults.soak \
	    $(patsubst faults,,$(SOAK)),differential.soak $(SOAK))

# BENCH="gateway --quick" for a part of it; without it all, into $(REPORT): a page, JSON, curves for HdrHistogram's tools.
bench: build $(VENV)/.bench-tools
	@mkdir -p $(REPORT)
	$(BIN)/pricetime bench $(or $(BENCH),--html $(REPORT)/report.html --json $(REPORT)/report.json --hdr $(REPORT)/hdr)

# What this tree's change did: make bench-compare REV=main, COMPARE="--pairs 4 -k cancel"
bench-compare: build $(VENV)/.test-tools
	@$(BIN)/python -P -m pricetime.bench.compare $(if $(REV),"$(REV)",$(error say which revision: make bench-compare REV=main)) \
	    $(COMPARE)

lint: build $(VENV)/.lint-tools
	$(BIN)/ruff check .
	$(BIN)/mypy

# Proof that takes longer than the tests may: docs/contributing.md says what each finds.
coverage sanitize mutants: build $(VENV)/.test-tools
	@PYTHONPATH=$(CURDIR)/tests $(BIN)/python -m proof.$@ $(PROOF)

clean:
	rm -rf build dist $(VENV) *.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
	rm -f matching/*.so journal/*.so gateway/*.so bench/*.so

check-machine:
	@sh .ci/check-machine "$(PYTHON)"

$(VENV)/.venv:
	@$(MAKE) --no-print-directory check-machine
	@echo "setting up $(VENV)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 2; }
	@$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.tools: $(VENV)/.venv pyproject.toml
	@echo "installing what the build needs"
	@$(BIN)/python -m pip install -q --group build
	@touch $@

# What has changed is compiled, and only that.
$(VENV)/.built: $(VENV)/.installed $(SOURCES)
	@echo "compiling (about two minutes the first time)"
	@$(BIN)/python setup.py build_ext --inplace >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@touch $@

# No module is compiled here. The tree of links on the path: a regular package, which a folder that is only called pricetime
# does not hide.
$(VENV)/.installed: $(VENV)/.tools setup.py
	@PRICETIME_FOLDERS= $(BIN)/python -m pip install -q --no-build-isolation -e . >$(VENV)/build.log 2>&1 || \
	    { cat $(VENV)/build.log; exit 1; }
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "pricetime-tree.pth").write_text("$(CURDIR)/build/cython\n")'
	@touch $@

$(VENV)/.bench-tools: $(VENV)/.venv pyproject.toml
	@$(BIN)/python -m pip install -q --group bench
	@touch $@

$(VENV)/.test-tools: $(VENV)/.venv pyproject.toml
	@$(BIN)/python -m pip install -q --group test
	@touch $@

$(VENV)/.lint-tools: $(VENV)/.venv pyproject.toml
	@$(BIN)/python -m pip install -q --group lint
	@touch $@
