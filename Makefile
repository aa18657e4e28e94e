# Each target does its own set-up. Options of the demo: make demo ARGS="--size 2G --remote"
# Several machines can share the tests: make test ARGS="--shard 1/2"
# The races of docs/reference/benchmarks.md, or some of them: make bench ARGS="postgresql --megabytes 4000 --quick"
.PHONY: demo test bench

demo:
	@scripts/setup $(if $(filter --remote --disaster,$(ARGS)),test,demo)
	@npm run --silent demo -- $(ARGS)

test:
	@scripts/setup test
	@npm run --silent test -- $(ARGS)

bench:
	@scripts/setup $(if $(filter --quick,$(ARGS)),demo,bench)
	@npm run --silent bench -- $(ARGS)
