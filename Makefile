# Everything a fresh machine with Go, git and make needs: the two commands of the
# README are "make demo" and "make test". The rest is for working on cairn.

GO    ?= go
BIN   := $(CURDIR)/.bin
MINIO := github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
VGW   := github.com/versity/versitygw/cmd/versitygw@v1.8.0
GCS   := github.com/fsouza/fake-gcs-server@v1.56.1
STAT  := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

.PHONY: build demo test race soak fuzz check servers peers bench bench-formats bench-micro man clean

build: ## the program, as ./cairn
	CGO_ENABLED=0 $(GO) build -trimpath -o cairn ./cmd/cairn

demo: build ## the incident that cairn was made for, on a local store
	@CGO_ENABLED=0 $(GO) build -o $(BIN)/plain ./examples/churn/plain
	@PATH="$(CURDIR):$$PATH" PLAIN=$(BIN)/plain ./examples/churn/run.sh

test: servers ## every test, on real servers
	CAIRN_TEST_REQUIRE=1 $(GO) test -timeout 20m ./...

race: servers ## the same under the race detector, whose programs would each rest a second at their end
	CAIRN_TEST_REQUIRE=1 GORACE=atexit_sleep_ms=0 $(GO) test -race -timeout 30m ./...

soak: servers ## long and large: gigabytes, and a million inputs for each parser
	CAIRN_TEST_REQUIRE=1 CAIRN_TEST_SOAK=1 $(GO) test -count=1 -timeout 60m -run 'TestLarge|TestResume|TestResets|TestColumnDelta|TestTransferMemory' -v ./cmd/cairn
	$(MAKE) fuzz FUZZTIME=1000000x

# A number of inputs: fuzzing for a time fails now and then, when it runs out in
# the midst of one.
FUZZTIME ?= 20000x
fuzz: ## each parser in turn
	@for package in $$($(GO) list ./layout ./formats/...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep ^Fuzz); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
		done; \
	done

check: ## what a change must pass before it is tested
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt: the files above are not formatted"; exit 1; }
	$(GO) vet ./...
	cd bench/transfer/sdks && $(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

servers: $(BIN)/minio $(BIN)/versitygw $(BIN)/fake-gcs-server ## what the tests run against
$(BIN)/minio:
	GOBIN=$(BIN) $(GO) install $(MINIO)
$(BIN)/versitygw:
	GOBIN=$(BIN) $(GO) install $(VGW)
$(BIN)/fake-gcs-server:
	GOBIN=$(BIN) $(GO) install $(GCS)

peers: $(BIN)/peers/installed ## the Python libraries that write the same tables
$(BIN)/peers/installed: formats/testdata/peers.txt
	python3 -m venv $(BIN)/peers
	$(BIN)/peers/bin/pip install -q --disable-pip-version-check -r $<
	touch $@

bench: servers ## pushing and pulling beside other tools, on one server; half an hour
	$(GO) run ./bench/transfer

bench-micro: $(BIN)/bench/benchstat ## micro-benchmarks; BASE=FILE compares with an earlier run
	$(GO) test -run xxx -bench . -count 6 ./store/transfer ./layout ./formats ./formats/parquet > $(BIN)/bench/micro.txt
	$(BIN)/bench/benchstat $(BASE) $(BIN)/bench/micro.txt
$(BIN)/bench/benchstat:
	GOBIN=$(BIN)/bench $(GO) install $(STAT)

bench-formats: $(BIN)/peers/installed ## the columnar digest beside the libraries that read the same files
	$(GO) run ./bench/formats

man: build ## manual pages, in ./man
	./cairn man man

clean:
	rm -rf $(BIN) cairn man
