# Every target makes the .venv it needs, and re-uses it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SITE := $(VENV)/.site
# TensorBoard, MLflow and Weights & Biases: `make test` needs none of them.
TRACKERS := $(VENV)/.trackers
PRESET := quick
# Where it is set, each process of the tests compiles all of them anew.
unexport PYTHONDONTWRITEBYTECODE
# Three processes on two cores: studies on Ray wait for their processes to start.
SIDE_BY_SIDE := -q -n 3 --dist loadscope --no-loadscope-reorder
STUDIES := $(basename $(notdir $(wildcard studies/*.py)))

.PHONY: study studies figures test test-all test-types test-minutes test-cluster lint docs site bench evidence campaign-merge clean

# One command on a fresh machine: install, run the quick study on the CPU, draw its figures.
study: study-sgd_noise

# Every study, one after another, and its figures: up to half an hour at quick on two cores.
studies: $(STUDIES:%=study-%)

# One study by its name: make study-batch_size
study-%: $(STAMP)
	$(BIN)/python studies/$*.py --preset $(PRESET)
	$(BIN)/nvp analyse $* --preset $(PRESET)

figures: $(STAMP)
	$(BIN)/nvp analyse sgd_noise --preset $(PRESET)

test: lint
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not cluster and not minutes"

# Also what needs servers and minutes. What is not installed fails here, and is not skipped.
test-all: test test-types test-minutes test-cluster

test-minutes: $(STAMP) $(SITE) $(TRACKERS)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "minutes and not cluster"

# The tests of what computes, with every argument's type and shape checked at each call: twice as long.
test-types: $(STAMP)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not cluster and not minutes" \
		--jaxtyping-packages=nvp,tests.numeric_tower \
		$(addprefix tests/,config data models network pruning training vitality)

# A real `ray up` of three emulated hosts, and a real Slurm of two; root on Linux, iproute2,
# openssh-server, rsync, slurm-wlm and munge. Minutes.
test-cluster: $(STAMP)
	NVP_TEST_ALL=1 $(BIN)/python -m pytest -q -m cluster -rs

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# The pages that are made from the code and from evidence/; a test fails when one is stale.
docs: $(STAMP)
	$(BIN)/nvp tables > docs/tables.md
	$(BIN)/nvp settings > docs/settings.md
	$(BIN)/python -m benchmarks.code_map
	$(BIN)/python -m benchmarks.study_table
	$(BIN)/python -m benchmarks.methods --pages
	$(BIN)/python -m benchmarks.documents
	$(BIN)/python -m benchmarks.notebooks

# The documentation as a site, in build/site/html: it opens as files, and loads nothing from elsewhere.
site: $(SITE)
	$(BIN)/python -m benchmarks.site

# Prints one BAR line per bar, measured against target; fails when one is short.
bench: $(TRACKERS)
	$(BIN)/python -m benchmarks

# The laptop studies whole, by the newest commit; again: it goes on, with the same code. About six hours.
evidence: $(STAMP)
	$(BIN)/python -m benchmarks.evidence

# make campaign-merge FOLDER=campaign.tar.gz: what a GPU campaign measured, into evidence/ and docs/
campaign-merge: $(STAMP)
	$(BIN)/python -m benchmarks.campaign.merge $(FOLDER)

$(STAMP): pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'nvp needs Python >= 3.11: make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "installing nvp and what it needs into $(VENV): a few minutes and 6 GB, the first time"
	$(BIN)/python -m pip install -e ".[dev]"
	touch $(STAMP)

$(SITE): $(STAMP)
	$(BIN)/python -m pip install --quiet -e ".[site]"
	touch $(SITE)

$(TRACKERS): $(STAMP)
	$(BIN)/python -m pip install --quiet -e ".[trackers]"
	touch $(TRACKERS)

clean:
	rm -rf $(VENV)
