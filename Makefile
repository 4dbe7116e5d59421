# Linli. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO_SOURCES := $(shell find server internal assets -name '*.go' -not -path '*/node_modules/*') go.mod go.sum
CLIENT_SOURCES := $(shell find client-web -type f -not -path '*/node_modules/*' -not -path '*/e2e/*' -not -path '*/test-results/*' 2>/dev/null)
CLIENT := assets/dist/index.html

help: ## list what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

run: build ## serve Linli on http://localhost:8080 with its data in ./data
	bin/linli serve --data data --listen localhost:8080

demo: build ## the same with a living district in ./data-demo, and accounts to sign in with
	bin/linli demo --data data-demo --listen localhost:8080

build: bin/linli ## one static binary: bin/linli

bin/linli: $(GO_SOURCES) $(CLIENT)
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./server

$(CLIENT): client-web/node_modules/.installed $(CLIENT_SOURCES)
	cd client-web && npm run --silent build

client-web/node_modules/.installed: client-web/package-lock.json
	cd client-web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

test: ## every test there is; installs what tests need
	.ci/check test

long: export LINLI_LONG = 1
long: ## every test, and all of those of which `make test` runs a sample
	.ci/check test

check: ## what CI runs: format, vet, lint, tests
	.ci/check

e2e: build client-web/node_modules/.installed ## the browser tests alone
	.ci/check browser

types: ## write the client's wire types from the Go types
	go run ./internal/web/gen > .types && mv .types client-web/src/wire/gen.ts

pictures: build client-web/node_modules/.installed ## screenshots of the real program into docs/pictures
	cd client-web && node e2e/pictures.mjs

fuzz: ## each fuzz target for half a minute
	.ci/check fuzz

bench: build ## the workloads, each beside the floor
	bin/linli bench fanout
	bin/linli bench idle
	bin/linli bench search
	bin/linli bench history

release: ## what an office installs, into release/: programs, Debian packages, checksums
	.ci/release

speed: build client-web/node_modules/.installed ## how fast the page is on a cheap phone: a cold start on slow 3G, typing
	cd client-web && node e2e/speed.mjs

clean: ## remove what was built, not the data
	rm -rf bin release assets/dist/assets assets/dist/index.html client-web/node_modules

.PHONY: help run demo build test long check e2e types pictures fuzz bench speed release clean
