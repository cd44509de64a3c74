# Everything runs from .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test fuzz bench results reproduce check format clean

help:  ## list the targets
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY)  ## make .venv and install the package into it

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## train a victim on the embedded drawings, attack it, write a report (minutes)
	$(BIN)/mia-exp experiment=demo

# A process a core, each with one thread: more would wait for each other. Tests of one file stay in order, in one process.
test: $(READY)  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadscope

fuzz: $(READY)  ## read 2,000 damaged files of each kind; an error that is no sentence of ours fails
	MIA_EXP_FUZZ=2000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/fuzz

bench: $(READY)  ## measure each part against its plain form; results/bench/
	set -e; for name in difficulty misalignment evaluation training queries sweep growth fleet tables; do $(BIN)/mia-bench $$name; done

results: $(READY)  ## make results/*.json and the figures of the README again (MIA_EXP_DATA names the folder of datasets)
	$(BIN)/mia-exp experiment=demo hydra.run.dir=outputs/results/demo
	cp outputs/results/demo/metrics.json results/demo.json
	mkdir -p docs/images
	cp outputs/results/demo/figures/roc.png outputs/results/demo/figures/histograms.png docs/images/
	$(BIN)/mia-exp experiment=facades64 hydra.run.dir=outputs/results/facades64
	cp outputs/results/facades64/metrics.json results/facades64.json
	$(BIN)/mia-exp experiment=all_attacks visual_search.allow_missing=true hydra.sweep.dir=outputs/results/all_attacks-facades
	cp outputs/results/all_attacks-facades/sweep.json results/all_attacks-facades.json
	$(BIN)/mia-exp experiment=all_attacks dataset=maps2sat split.n_members=150 victim.augment=false victim.epochs=70 \
	  visual_search.allow_missing=true hydra.sweep.dir=outputs/results/all_attacks-maps2sat
	cp outputs/results/all_attacks-maps2sat/sweep.json results/all_attacks-maps2sat.json

scale ?= cpu
# A small model keeps one core busy: two jobs at a time. At the paper's size one has the whole GPU.
launcher ?= $(if $(filter cpu half,$(scale)),joblib,basic)
reproduce: $(READY)  ## make every table and figure of the paper again, at scale=cpu, half or paper
	$(BIN)/mia-reproduce all --scale $(scale) hydra/launcher=$(launcher)

reproduce-%: $(READY)  ## the same of one, such as reproduce-table4; reproduce-status says what is done
	$(BIN)/mia-reproduce $* --scale $(scale) hydra/launcher=$(launcher)

check: $(READY)  ## lint, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove .venv; runs and artifacts in outputs/ stay
	rm -rf $(VENV)
