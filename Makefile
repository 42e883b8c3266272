# Wherry's tasks. `make help` lists them; docs/development.md says more.
ARCH  ?= $(shell go env GOARCH)
GO    ?= go
GUEST := dist/guest-$(ARCH)

.PHONY: chaos help deps build guest run test test-long check bench bench-ui bench-share test-share screenshots clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what this host lacks (apt)
	@bash .ci/deps

build: ## build the programs into bin/
	@mkdir -p bin
	@echo "gather licences"; $(GO) run ./assets/licences/gather assets/licences/data/modules.json.gz
	@echo "build bin/wherry"; CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/wherry ./cmd/wherry
	@echo "build bin/wherry-desktop"; CGO_ENABLED=1 $(GO) build -trimpath -tags no_emoji -ldflags='-s -w' -o bin/wherry-desktop ./cmd/wherry-desktop

guest: ## build the guest image into dist/guest-ARCH (ARCH=amd64|arm64)
	@$(GO) run ./cmd/wherry-image build -arch $(ARCH) -o $(GUEST)

run: deps build guest ## set everything up, start the engine and the desktop app, run a first container
	@bash .ci/open
	@bin/wherry welcome

test: deps build guest ## run the tests, a core of those with a VM included (test-long runs all)
	@$(MAKE) --no-print-directory guest ARCH=arm64
	@bash .ci/test

test-long: deps build guest ## run the tests with a VM that take minutes each, too
	@WHERRY_LONG=1 $(GO) test -count=1 -timeout 90m -v ./cmd/e2e

check: ## format, vet, staticcheck, cross-builds and import rules
	@bash .ci/check

bench: deps build guest ## measure, print a table and write dist/bench.json
	@$(GO) run ./cmd/wherry-bench -o dist/bench.json

bench-ui: deps build guest ## measure the desktop app into dist/bench-ui.json
	@BENCH=$(CURDIR)/dist/bench-ui.json $(GO) test -tags e2e,no_emoji -run TestBench -v -timeout 30m ./cmd/wherry-desktop

bench-share: deps build guest ## measure shared folders beside the guest's own disk into dist/bench-share.json
	@bash .ci/share-image
	@$(GO) run ./cmd/wherry-bench -only share -o dist/bench-share.json

test-share: deps build guest ## try shared folders with real programs, and both sides at random for 10 minutes
	@bash .ci/share-image
	@WHERRY_LONG=1 SHARE_TESTS=1 SHARE_PROGRAMS=1 SHARE_FUZZ=$${SHARE_FUZZ:-10m} $(GO) test -count=1 -timeout 90m -v -run 'TestShare' ./cmd/e2e

screenshots: deps build guest ## take the pictures of the README and docs from a real run
	@SHOTS=$(CURDIR)/docs/screenshots $(GO) test -tags e2e,no_emoji -run TestScreenshots -timeout 15m ./cmd/wherry-desktop

chaos: deps build guest ## do harm at random for CHAOS_FOR (20m), with CHAOS_SEED, while containers work
	@CHAOS_FOR=$(or $(CHAOS_FOR),20m) $(GO) test -run 'TestChaos$$' -count=1 -v -timeout 60m ./cmd/e2e

clean: ## remove everything that was built; state directories are not touched
	rm -rf bin dist .cache
