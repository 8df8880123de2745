# Two commands do everything: `make build` and `make test`. `make help` lists the rest.

PYTHON  ?= python3
LANDING ?= data/sample
TARGET  ?= $(or $(SHELFCAST_TARGET),duckdb)
BIN     := .venv/bin

# Each landing has a warehouse of its own, named after its whole path; the sample's is warehouse/sample.
ifeq ($(LANDING),data/sample)
export SHELFCAST_HOME ?= warehouse/sample
else
export SHELFCAST_HOME ?= warehouse/$(shell cd "$(LANDING)" 2> /dev/null && pwd | cut -c2- | tr -c 'A-Za-z0-9._\n' -)
endif
export SHELFCAST_TARGET := $(TARGET)
export DBT_PROFILES_DIR := profiles
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help deps build land server gate docs test lint format bench bench-build clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

deps: .venv/.installed dbt_packages/dbt_utils/dbt_project.yml ## Make the environment and fetch packages

build: deps land gate ## Build the warehouse from LANDING, on TARGET=duckdb or postgres, and print the plan
	$(BIN)/dbt build
	@$(MAKE) --no-print-directory docs
	@$(BIN)/shelfcast summary

land: deps server $(if $(filter data/sample,$(LANDING)),data/sample)
	$(BIN)/shelfcast land "$(LANDING)"

# PostgreSQL is the server that DATABASE_URL names, or an embedded one.
ifeq ($(TARGET)$(DATABASE_URL),postgres)
server: .venv/.embedded
	$(BIN)/shelfcast postgres start
else
server:
endif

gate: land ## Check what has landed; warnings let the build go on, critical findings stop it
	$(BIN)/shelfcast gate || { code=$$?; [ $$code -eq 1 ] || exit $$code; }

data/sample: | .venv/.installed
	$(BIN)/shelfcast generate $@

docs: deps ## Write the docs site, one file: target/static_index.html
	@$(BIN)/dbt --quiet docs generate --static --no-compile

test: .venv/.developing dbt_packages/dbt_utils/dbt_project.yml ## Run every test
	$(BIN)/pytest

lint: .venv/.developing dbt_packages/dbt_utils/dbt_project.yml ## Check style, types, SQL and the dbt project
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/shelfcast contract
	mkdir -p target/lint
	SHELFCAST_HOME=target/lint $(BIN)/dbt --quiet --warn-error-options '{"error": ["Deprecations"]}' parse --no-partial-parse
	SHELFCAST_HOME=target/lint $(BIN)/sqlfluff lint --processes 2 models tests/integrity

format: .venv/.developing ## Format Python and SQL
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	SHELFCAST_HOME=target/lint $(BIN)/sqlfluff fix --processes 2 models tests/integrity

bench: .venv/.developing ## Measure what each step costs
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/gate.py

# SKUS=10000 measures ten times as many. The warehouse is one of its own, in target/bench-build.
bench-build: deps $(if $(filter postgres,$(TARGET)),.venv/.embedded) ## Measure a whole build: steps and models
	$(BIN)/python benchmarks/build.py --skus $(or $(SKUS),1000) --target $(TARGET)

clean: ## Remove what was built, but not the environment
	rm -rf warehouse data exports target logs

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "shelfcast needs Python 3.11 or later; name one with PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.embedded: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[embedded]'
	@touch $@

.venv/.developing: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# dbt-utils comes from the dbt hub; where that cannot be reached, our own few macros stand in.
dbt_packages/dbt_utils/dbt_project.yml: packages.yml fallback/dbt_utils/dbt_project.yml | .venv/.installed
	@$(BIN)/dbt --quiet deps > /dev/null 2>&1 || { \
		echo "The dbt hub cannot be reached: using fallback/dbt_utils."; \
		mkdir -p dbt_packages && rm -rf dbt_packages/dbt_utils && cp -R fallback/dbt_utils dbt_packages/; }
	@touch $@
