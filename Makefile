# Each target is one plain command: use whichever you like.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all ecosystem lint sanity units integration galaxy docs format build release venv clean soak mutate benchmark

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: ## Run the main job against the embedded API (scripts/demo)
	@scripts/demo

test: ## Run every test (scripts/test)
	@scripts/test

benchmark: ## Measure speed beside floors and a peer, on a quiet machine (scripts/benchmark)
	@scripts/benchmark

ecosystem: ## Run the tests that need more, such as a browser (scripts/ecosystem)
	@scripts/ecosystem

soak: ## Look for failures with fresh random seeds (scripts/soak; MINUTES=10)
	@scripts/soak $(MINUTES)

mutate: ## Change the code in small ways and see which a test notices (scripts/mutate; WHAT=core)
	@scripts/mutate $(WHAT)

lint: ## Run every linter (scripts/lint)
	@scripts/lint

test-all: ## Run the tests on every Python and ansible-core here (scripts/test-all)
	@scripts/test-all

sanity: ## Run ansible-test sanity on three ansible-cores (scripts/sanity)
	@scripts/sanity

units: ## Run ansible-test units on three ansible-cores (scripts/units)
	@scripts/units

integration: ## Run ansible-test integration on three ansible-cores (scripts/integration)
	@scripts/integration

galaxy: ## Import the tarball as Galaxy does (scripts/galaxy)
	@scripts/galaxy

docs: ## Build the documentation site, check its links, code and commands (scripts/docs)
	@scripts/docs

release: ## Prepare a release: make release VERSION=1.2.3 (scripts/release)
	@scripts/release $(VERSION)

format: ## Sort imports and format the code (scripts/format)
	@scripts/format

build: ## Build the tarball in dist/ and check it (scripts/build)
	@scripts/build

venv: ## Make .venv with all tools (scripts/bootstrap)
	@scripts/bootstrap

clean: ## Remove what the above made (scripts/clean)
	@scripts/clean
