# Each target is one plain command: use whichever you like.
.DEFAULT_GOAL := help
.PHONY: help demo test benchmark ecosystem lint format build venv clean soak

help: ## Show this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

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

lint: ## Run every linter (scripts/lint)
	@scripts/lint

format: ## Sort imports and format the code (scripts/format)
	@scripts/format

build: ## Build the tarball in dist/ and check it (scripts/build)
	@scripts/build

venv: ## Make .venv with all tools (scripts/bootstrap)
	@scripts/bootstrap

clean: ## Remove what the above made (scripts/clean)
	@scripts/clean
