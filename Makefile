# All commands of this repository; `make` alone lists them.

TSX := node_modules/.bin/tsx
WITH_ENGINE := PATH="$(CURDIR)/.cache/engine/bin:$$PATH"
# Which machine `make ssh` enters.
HOST = a
# What `make test` runs, all suites when empty; ARGS goes on to jest: make test-e2e ARGS="lab -t 'reboot'"
SUITES =
ARGS =
# How many random stacks `make stacks` lives through, and the seed that they grow from.
STACKS = 50
SEED = $(shell date +%s)
# How many reboots in a row `make reboots` goes through.
REBOOTS = 10
# How many hostile inputs `make fuzz` tries, and what its targets' names contain: make fuzz N=5000 PART=nft
N = 100000
PART =
VERSION = $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)

.PHONY: help setup dependencies demo-setup demo shell ssh sdks test test-unit test-ssh test-faults test-e2e faults stacks fuzz reboots kernels doors plugin lint bench \
  bench-short bench-profile bench-scale bench-startup peers clean distclean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install and build all that the demo and the tests need; repeating it costs nothing
	@tools/setup.sh

dependencies:
	@tools/setup.sh dependencies

# What `make setup` does but for what the tests alone need.
demo-setup:
	@tools/setup.sh packages dependencies build engine image

demo: demo-setup ## boot two Linux machines, join them by a tunnel with pulumi, break it and repair it
	@$(WITH_ENGINE) tools/as-root.sh $(TSX) examples/demo.ts

shell: dependencies ## a shell in which pulumi works on the demo's stack
	@$(WITH_ENGINE) $(TSX) examples/demo.ts shell

ssh: dependencies ## enter a machine of the demo: make ssh HOST=a
	@$(WITH_ENGINE) $(TSX) examples/demo.ts ssh $(HOST)

sdks: dependencies ## make the SDKs for Python and Go of provider/plugin/schema.json, into .cache/sdks
	@tools/setup.sh engine languages sdks

test: setup ## run everything CI runs; some of it: make test SUITES="lint types unit"
	@$(TSX) tools/test.ts $(SUITES)

test-unit: dependencies ## run the unit tests; these need no machines and no root
	@$(TSX) tools/test.ts unit -- $(ARGS)

test-ssh: dependencies ## run the tests against a real SSH server in the test process
	@$(TSX) tools/test.ts ssh -- $(ARGS)

test-faults: setup ## run the short form of `make faults`
	@$(TSX) tools/test.ts faults -- $(ARGS)

test-e2e: setup ## run the tests on the real engine and real machines
	@$(TSX) tools/test.ts e2e -- $(ARGS)

faults: setup ## break things on purpose in every way and print what came of it: make faults ARGS="-t 'ID'"
	@$(WITH_ENGINE) tools/as-root.sh $(TSX) tests/faults/run.ts $(ARGS)

stacks: setup ## live through many random stacks on a real kernel (about 8 s each): make stacks STACKS=200 SEED=7
	@STACKS=$(STACKS) STACKS_SEED=$(SEED) $(TSX) tools/test.ts e2e -- e2e/stacks

fuzz: dependencies ## put hostile inputs into all that reads hosts and makes commands (about 15 minutes): make fuzz N=5000 SEED=7
	@$(TSX) tests/fuzz/run.ts $(N) $(SEED) "$(PART)"

reboots: setup ## reboot machines many times, on each kernel (about 40 s each): make reboots REBOOTS=10
	@REBOOTS=$(REBOOTS) $(TSX) tools/test.ts e2e -- e2e/persist

kernels: setup ## what depends on a host's own managers and timers, on both of Debian's releases (about 5 minutes)
	@KERNELS=all $(TSX) tools/test.ts e2e -- "e2e/(managers|undo)"

doors: setup ## the suites that two doors share, through each of them whole (about 20 minutes)
	@for door in dynamic plugin; do DOOR=$$door $(TSX) tools/test.ts faults e2e -- "faults/(loopback|harness)|e2e/(engine-|objects|(tunnel-)?attributes)" || exit 1; done

plugin: ## the plugin as a tarball, for `pulumi plugin install resource ipip VERSION -f FILE`
	@tools/setup.sh dependencies build
	@tar -czf pulumi-resource-ipip-v$(VERSION).tar.gz --owner=0 --group=0 -C dist/plugin .
	@echo pulumi-resource-ipip-v$(VERSION).tar.gz

lint: dependencies ## check format, lint rules and types
	@$(TSX) tools/test.ts lint types

peers: setup
	@tools/setup.sh ansible

bench: peers ## measure this package beside its peers (about 85 minutes), into docs/benchmark.md and bench/results.json
	@$(WITH_ENGINE) tools/as-root.sh $(TSX) bench/main.ts $(ARGS)

bench-short: peers ## the same with few tunnels (about 8 minutes), only onto the screen
	@$(WITH_ENGINE) tools/as-root.sh $(TSX) bench/main.ts --short

bench-profile: setup ## where the time of 500 tunnels goes (about 3 minutes), into docs/benchmark.md
	@$(WITH_ENGINE) tools/as-root.sh $(TSX) bench/profile.ts $(ARGS)

bench-startup: setup ## how long the plugin's process takes to start, beside others (about half a minute), into docs/benchmark.md
	@$(TSX) bench/startup.ts $(ARGS)

bench-scale: setup ## how far one stack goes: a simulation of 1,000 hosts (about 15 minutes), into docs/benchmark.md
	@$(WITH_ENGINE) $(TSX) bench/scale.ts $(ARGS)

clean: ## stop the demo and every machine of this clone
	@tools/clean.sh

distclean: clean ## also remove all that setup and builds made
	@tools/clean.sh --everything
