# Both targets do their own set-up. Options of the demo: make demo ARGS="--size 2G --remote"
# Several machines can share the tests: make test ARGS="--shard 1/2"
.PHONY: demo test

demo:
	@scripts/setup $(if $(filter --remote --disaster,$(ARGS)),test,demo)
	@npm run --silent demo -- $(ARGS)

test:
	@scripts/setup test
	@npm run --silent test -- $(ARGS)
