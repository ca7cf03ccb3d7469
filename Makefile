# Two commands do all the set-up: `make demo` and `make test`. Everything lands in .venv, .cache and out.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo docs dashboards test lint check kafka bench bench-page evaluate evaluate-entities evaluate-events evaluate-language train lock clean

help:  ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run  ## install, then turn examples/ into events: a table here, topic files in out/demo
	@rm -rf out/demo
	@$(BIN)/eventwire run examples/articles.jsonl --out out/demo
	@echo
	@echo "The topics are files in out/demo. One event a line:"
	@echo "  head -n1 out/demo/news.events.deal.jsonl | $(BIN)/python -m json.tool"
	@echo "Filter them as a subscriber would:"
	@echo "  $(BIN)/eventwire tail out/demo --class deal --min-confidence 0.5"
	@echo "See them on a page:"
	@echo "  $(BIN)/eventwire dashboard out/demo"
	@echo "See why an article gave what it gave:"
	@echo "  $(BIN)/eventwire explain examples/articles.jsonl"

test: $(VENV)/.dev  ## install, start a real Kafka broker, run the whole suite
	$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/.dev  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## what CI runs

kafka: $(VENV)/.dev  ## the same broker as in the tests, to play with, until Ctrl-C
	$(BIN)/python -m tests.kafka.broker

bench-page: $(VENV)/.dev  ## the dashboard with 100,000 events in a real browser: what scrolling costs
	$(BIN)/python -m tests.bench.page

bench: $(VENV)/.dev  ## microseconds an article by stage, articles/s in process and over Kafka, their ratio
	$(BIN)/python -m tests.bench.road

evaluate: $(VENV)/.dev  ## what the shipped model scores on data that it never saw (needs the data folder)
	$(BIN)/python -m training evaluate

evaluate-entities: $(VENV)/.dev  ## every number of the entity stage (needs the data folder)
	$(BIN)/python -m training.evaluate_entities

evaluate-events: $(VENV)/.dev  ## the whole event agent: types, roles, status, confusions, calibration, folds (needs the data folder)
	$(BIN)/python -m training evaluate-events
	$(BIN)/python -m training evaluate-events --folds 5

evaluate-language: $(VENV)/.dev  ## language detection against named baselines (needs the data folder)
	$(BIN)/python -m pip install -q "pycld2>=0.42,<1" "lingua-language-detector>=2.1,<3"
	$(BIN)/python -m training.evaluate_language

train: $(VENV)/.train  ## all steps of the shipped model, resumable: see training/README.md
	for step in base ner-teacher event-teacher event-teacher-2 \
	  'soft-labels ner-teacher' 'soft-labels event-teacher' 'soft-labels event-teacher-2' \
	  student export roles calibrate calibrate-events 'evaluate --write' 'evaluate-events --write'; do $(BIN)/python -m training $$step || exit 1; done

dashboards: $(VENV)/.dev  ## write the Grafana dashboards from deploy/grafana/dashboards.py
	$(BIN)/python deploy/grafana/dashboards.py

docs: $(VENV)/.dev  ## write docs/reference.md from the program
	$(BIN)/python -m tests.docs.reference

lock:  ## renew the locks from pyproject.toml (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --extra dev pyproject.toml -o requirements-dev.lock

clean:  ## remove what was built (the virtual environment too)
	rm -rf $(VENV) .cache out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Eventwire needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "No venv module? On Debian: apt install python3-venv"; exit 1; }

# Installed by hash from the lock: the same packages on every machine, and the same results.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@ $(VENV)/.run

$(VENV)/.train: training/requirements.txt $(VENV)/.dev
	$(BIN)/python -m pip install -q -r training/requirements.txt
	@touch $@
