# Every target does its own set-up. The virtual environments are .venv, on the oldest supported
# Python that is installed, and for `make test` also .venv-newest, on the newest one.

VENV = .venv
WHICH = oldest
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROGRAMS = age chromium chromedriver fish man mandoc nix npm ssh-keygen zsh
SUITE = sid
TREE = .cache/modern/$(SUITE)
TESTS =
# Neighbours share what their files set up; who is done early takes from who is not.
SPREAD = -n auto --dist worksteal
ROWS =
LINES = $(CURDIR)/.cache/coverage/lines
# What tries other things than this Python: browsers, hook managers, CI, Nix, make, CONTRIBUTING,
# what is packed, and large amounts.
ELSEWHERE = tests/browser tests/ci tests/flake tests/hooks tests/test_make.py tests/test_recipes.py \
	tests/test_wheel.py tests/mend/test_bulk.py tests/report/test_large.py
# The tests start thousands of Pythons: none is to compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test lint format bench bench-hostile screenshot trial modern clean \
	programs packages tests one-case measured

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.runtime ## see a small fleet break, and the fixes, in five stories
	@$(BIN)/agenix-check demo

test: ## set up, then check everything: lint, types, tests on two Pythons
	@MAKE="$(MAKE)" sh tests/setup/plan.sh $(PROGRAMS)
	@$(MAKE) --no-print-directory lint programs packages
	@MAKE="$(MAKE)" sh tests/setup/pythons.sh

setup: $(VENV)/.dev ## make .venv, with what development needs

lint: $(VENV)/.dev ## ruff, mypy and the syntax of shell scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy .github/action.py
	@for script in nix/*.sh tests/setup/*.sh findings/*.sh; do sh -n "$$script" || exit 1; done
	@bash -n .ci/run

format: $(VENV)/.dev ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## measure the speed, beside what it must reach
	@$(BIN)/python -m tests.bench $(ROWS)

bench-hostile: $(VENV)/.dev ## measure what input as bad as the bounds allow costs
	@$(BIN)/python -m tests.bench.hostile

screenshot: $(VENV)/.dev programs ## take the pictures of the HTML report that README shows
	@$(BIN)/python -m tests.browser.screenshot

trial: $(VENV)/.dev programs ## hold fixed trees against agenix(-rekey)'s scripts, our module against flake-parts
	@test -n "$(AGENIX)$(AGENIX_REKEY)$(FLAKE_PARTS)$(HOMES)" || { \
		echo "make trial AGENIX=CHECKOUT: a checkout of agenix"; \
		echo "make trial AGENIX_REKEY=CHECKOUT: a checkout of agenix-rekey"; \
		echo "make trial FLAKE_PARTS=CHECKOUT NIXPKGS_LIB=CHECKOUT: of flake-parts and nixpkgs.lib"; \
		echo "make trial HOMES=60 HOME_MANAGER=CHECKOUT NIXPKGS_LIB=CHECKOUT: so many to evaluate"; \
		exit 2; }
	@test -z "$(AGENIX)" || \
		AGENIX="$(AGENIX)" $(BIN)/python -m pytest tests/mend/trial/agenix.py
	@test -z "$(AGENIX_REKEY)" || \
		AGENIX_REKEY="$(AGENIX_REKEY)" $(BIN)/python -m pytest tests/mend/trial/agenix_rekey.py
	@test -z "$(FLAKE_PARTS)" || \
		FLAKE_PARTS="$(FLAKE_PARTS)" NIXPKGS_LIB="$(NIXPKGS_LIB)" \
		$(BIN)/python -m pytest tests/flake/test_flake_module.py tests/flake/test_options_page.py
	@test -z "$(HOMES)" || \
		HOMES="$(HOMES)" HOME_MANAGER="$(HOME_MANAGER)" NIXPKGS_LIB="$(NIXPKGS_LIB)" \
		$(BIN)/python -m pytest -s tests/discover/nix/trial/many_homes.py
	@test -z "$(HOME_MANAGER)" || test -n "$(HOMES)" || \
		FLAKE_PARTS="$(FLAKE_PARTS)" NIXPKGS_LIB="$(NIXPKGS_LIB)" AGENIX="$(AGENIX)" \
		AGENIX_REKEY="$(AGENIX_REKEY)" HOME_MANAGER="$(HOME_MANAGER)" GIT_HOOKS="$(GIT_HOOKS)" \
		$(BIN)/python -m pytest tests/flake/real_modules.py

modern: ## run the tests on the programs of Debian's SUITE, in a tree built in TREE (root, Debian)
	@sh tests/setup/modern.sh $(SUITE) $(TREE) programs packages tests "TESTS=$(TESTS)"

clean: ## remove what the other targets made
	rm -rf .venv .venv-newest .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# What `test` is made of.

programs:
	@sh tests/setup/programs.sh $(PROGRAMS)

packages: programs
	@sh tests/setup/packages.sh

tests: $(VENV)/.dev
	$(BIN)/python -m pytest $(SPREAD) $(TESTS)

# What may differ between two Pythons is what a test reaches, not with which of its cases, nor in
# how many stories of a whole repository.
one-case: $(VENV)/.dev
	$(BIN)/python -m pytest $(SPREAD) --one-case $(ELSEWHERE:%=--ignore=%) $(TESTS)

# All, with the coverage of the package, which Python can note cheaply from 3.12 on. What failed
# still counts when it is printed.
measured: $(VENV)/.dev
	@rm -rf $(LINES) && mkdir -p $(LINES)
	COVERAGE_LINES=$(LINES) PYTHONPATH=$(CURDIR)/tests/coverage/path \
		$(BIN)/python -m pytest $(SPREAD) $(TESTS); \
	code=$$?; \
	$(BIN)/python -m tests.coverage $(LINES) && exit $$code

# The environments. pip comes last into a new one, so an environment that has it is whole.

$(BIN)/pip:
	@sh tests/setup/programs.sh venv
	python=$$(sh tests/setup/python.sh $(WHICH)) && "$$python" -m venv $(VENV)
	@echo '*' > $(VENV)/.gitignore

$(VENV)/.runtime: pyproject.toml | $(BIN)/pip
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/pip
	$(PIP) --editable '.[dev]'
	@touch $(VENV)/.runtime $@
