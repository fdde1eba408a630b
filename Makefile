# The two commands are `make run` and `make test`; both do all the set-up themselves.
export PATH := $(PATH):$(HOME)/.cargo/bin
.DEFAULT_GOAL := run

playground_sources := $(shell find playground -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/test/*')

.PHONY: run
run: ## Build everything and start the server with its own PostgreSQL
	@.ci/tools run
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory playground \
		|| echo "The playground could not be built; the server starts with what is there."; fi
	cargo build --release --locked
	@exec cargo run --release --locked --quiet -- serve

.PHONY: test
test: ## Formatting, lints and every test, against a PostgreSQL of their own
	@.ci/test

.PHONY: bench
bench: ## Measure the release server against PostgreSQL itself; SCALE=20 ONLY=Q2 AT=16 SECS=3 for a quick look
	@benches/run

.PHONY: bench-peers
bench-peers: ## Measure it against other GraphQL servers over the same rows too; needs Node
	@benches/run peers

.PHONY: bench-growth
bench-growth: ## Measure whether an answer costs more where there is more that it does not tell
	@benches/growth

.PHONY: playground
playground: playground/dist/index.html ## Build the playground's bundle, when its sources changed

playground/dist/index.html: $(playground_sources)
	cd playground && npm ci --no-audit --no-fund && npm run build
	@touch $@

.PHONY: tables
tables: ## Write src/store/tables from a migrated database; needs diesel (cargo install diesel_cli)
	@.ci/tables

.PHONY: schema
schema: ## Write schema.graphql from the code
	cargo run --locked --quiet -- schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

.PHONY: clean
clean: ## Remove what was built; data in .portico stay
	cargo clean
	rm -rf playground/node_modules benches/peers/*/node_modules examples/node_modules
	find playground/dist -mindepth 1 -not -name .gitkeep -delete

.PHONY: help
help: ## Print the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)
