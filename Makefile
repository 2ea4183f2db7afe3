# `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE_MODULES := node_modules/.package-lock.json

.PHONY: help example build binary check test e2e e2e-smoke lint fmt golden docs bench clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-10s %s\n' "$$name" "$$text"; done

$(NODE_MODULES): package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

build: $(NODE_MODULES) ## type-check and bundle the command into dist/
	npm run --silent build
	@chmod +x dist/cli.js

binary: $(NODE_MODULES) ## the command with Node inside, as one file: dist/hardway
	node packaging/binary.mjs

example: build ## render the six-host example into out/
	node dist/cli.js render examples/ha-stacked.yaml --out out

test: build ## all tests that this machine can run, with coverage; each skip says why
	npm run --silent coverage

e2e: build ## real clusters on throw-away hosts, as root on Debian; E2E_SEED, E2E_TIMINGS, E2E_KEEP
	npx vitest run --config vitest.e2e.config.ts

e2e-smoke: build ## of that, one host only: from its tarball to a running pod
	npx vitest run --config vitest.e2e.config.ts single

lint: $(NODE_MODULES) ## types, style, shell scripts
	npm run --silent typecheck
	npm run --silent lint

fmt: $(NODE_MODULES) ## format the sources
	npm run --silent format

golden: build ## rewrite the golden files; read the git diff as an operator would
	UPDATE_GOLDEN=1 npx vitest run test/golden test/diff/golden.test.ts

check: lint test ## everything that CI runs

docs: $(NODE_MODULES) ## rewrite the reference in docs/inventory.md from the schema
	UPDATE_DOCS=1 npx vitest run test/docs/inventory.test.ts

bench: build ## measure renders, and the same certificates made by OpenSSL
	node bench/bench.mjs

clean: ## remove what was built and rendered
	rm -rf dist out coverage
