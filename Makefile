# mgbatch. `make help` lists what can be asked for.
#
# VARIANT=release|debug|asan|tsan builds into build/VARIANT; CC=clang works too (use another BUILD for it).
# Sources are found by folder: adding a file is adding a file.

VARIANT ?= release
ifeq ($(origin CC),default) # make's own cc
CC := gcc
endif
BUILD ?= build/$(VARIANT)
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PKGS := yaml-0.1 libcjson sqlite3 sndfile kissfft-float libcrypto libcurl

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wvla -Wundef -Wformat=2 -Wdouble-promotion -Wcast-qual
ifdef DEVELOPER
WARNINGS += -Werror
endif

# -ffp-contract=off: clang fuses a * b + c unasked, gcc in GNU mode too; the order of every rounding is ours (MODEL.md).
ARITHMETIC := -ffp-contract=off -fno-math-errno
OPT_release := -O2 -g
OPT_debug := -O0 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan := -O1 -g -fsanitize=thread

CPPFLAGS_ALL := -std=c11 -D_POSIX_C_SOURCE=200809L -Isrc $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
CFLAGS_ALL = $(OPT_$(VARIANT)) $(WARNINGS) $(ARITHMETIC) -pthread $(CFLAGS)
LDFLAGS_ALL = $(OPT_$(VARIANT)) -pthread $(LDFLAGS)
LDLIBS_ALL = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

SRC := $(sort $(wildcard src/*/*.c src/*/*/*.c))
CARDS := $(sort $(wildcard schema/models/*.json))
PAGE := $(sort $(wildcard src/report/page*.html src/report/page*.css src/report/page*.js))
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/card_data.o $(BUILD)/gen/page_data.o
LIB := $(BUILD)/libmgbatch.a
PROGRAM := $(BUILD)/mgbatch

UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
REPLAY := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(BUILD)/tests/fuzz/replay_%)
BROWSER := $(BUILD)/tests/browser/grid
MODEL_TESTS := $(BUILD)/tests/model/compare $(BUILD)/tests/model/published
CLI_TESTS := $(sort $(wildcard tests/cli/t*.sh))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all
all: $(PROGRAM) ## the program, at build/release/mgbatch

# One short line a file; make V=1 shows the commands.
ifdef V
SAY := @:
else
SAY := @echo
Q := @
endif

# ---- building ------------------------------------------------------------------------------------

# A change of compiler or flags rebuilds (git's GIT-CFLAGS).
FLAGS_NOW := $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(FLAGS_NOW)' | cmp -s - $@ || echo '$(FLAGS_NOW)' >$@
FORCE:

# Only these files may use wider instructions: the program chooses among them at run time.
# (UBSan's checks of every address in their unrolled loops take minutes to compile; kernels_scalar has them on the same text.)
$(BUILD)/src/engine/kernels_avx2.o: CFLAGS_ALL += -O3 -fno-trapping-math -mavx2 -mfma -mf16c -fno-sanitize=undefined
$(BUILD)/src/engine/kernels_avx512.o: CFLAGS_ALL += -O3 -fno-trapping-math -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -fno-sanitize=undefined

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  CC    $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Files that are built into the program, as C arrays.
$(BUILD)/gen/card_data.c: $(CARDS) tools/embed
	@mkdir -p $(@D)
	$(SAY) '  EMBED $@'
	$(Q)sh tools/embed card_data param/card_data.h $(CARDS) >$@
$(BUILD)/gen/page_data.c: $(PAGE) tools/embed
	@mkdir -p $(@D)
	$(SAY) '  EMBED $@'
	$(Q)sh tools/embed page_data report/page_data.h $(PAGE) >$@
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(SAY) '  CC    $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(LIB): $(OBJ)
	@rm -f $@
	$(SAY) '  AR    $@'
	$(Q)ar rcs $@ $(OBJ)

$(PROGRAM): $(BUILD)/src/main.o $(LIB)
	$(SAY) '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(UNIT): $(BUILD)/tests/%: tests/%.c $(LIB) $(BUILD)/flags tests/tap.h
	@mkdir -p $(@D)
	$(SAY) '  TEST  $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LDLIBS_ALL)

# A library that is put before the program's others; never itself under a sanitizer.
PRELOAD := $(BUILD)/tests/fault/preload.so $(BUILD)/tests/fault/resolver.so
$(PRELOAD): $(BUILD)/%.so: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  TEST  $@'
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fPIC -shared -o $@ $< -ldl

$(REPLAY): $(BUILD)/tests/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  TEST  $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< tests/fuzz/replay.c $(LIB) $(LDLIBS_ALL)

-include $(OBJ:.o=.d) $(BUILD)/src/main.d $(UNIT:=.d) $(REPLAY:=.d)

# ---- what people ask for ---------------------------------------------------------------------------

.PHONY: demo test check unit clean help deps deps-test
demo: ## installs what is missing, builds, makes the demo's jobs, says where the report lies
	@sh tools/install-deps build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	$(PROGRAM) run manifests/demo/demo.yaml

test: ## installs what the tests need, builds, runs every test
	@sh tools/install-deps test
	@$(MAKE) --no-print-directory -j$(JOBS) test-all

.PHONY: test-all
test-all: all $(UNIT) $(REPLAY) $(PRELOAD)
	@$(MAKE) --no-print-directory check
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec '' $(UNIT) $(REPLAY)
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec sh $(CLI_TESTS)

unit: all $(UNIT) ## only the unit tests: fast
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec '' $(UNIT)

check: ## layers, style, headers that compile alone
	sh tools/check-layers
	sh tools/check-style
	@CC='$(CC)' CPPFLAGS='$(CPPFLAGS_ALL)' sh tools/check-headers

.PHONY: torture faults sanitize warnings fuzz bench install
KILLS ?= 1900
NATIVE_KILLS ?= 100
torture: all ## KILLS=1900 NATIVE_KILLS=100: kills the program at random moments, with the fake backend and the native one
	BUILD=$(abspath $(BUILD)) sh tests/fault/torture.sh $(KILLS) $(NATIVE_KILLS)

EVERY ?= 1
faults: all $(PRELOAD) ## EVERY=1: every call of a run that may change the disk fails, is short or is the last (make test: a sample)
	BUILD=$(abspath $(BUILD)) sh tests/fault/faults.sh $(EVERY)
	BUILD=$(abspath $(BUILD)) sh tests/fault/oom.sh

.PHONY: hosted-faults hosted-torture
hosted-faults: all $(PRELOAD) ## EVERY=1: every fault of a hosted service at every step, a run that ends at each write, and nobody pays twice (make test: a sample)
	BUILD=$(abspath $(BUILD)) sh tests/fault/hosted_faults.sh $(EVERY)
	BUILD=$(abspath $(BUILD)) sh tests/fault/hosted_cuts.sh $(EVERY)

hosted-torture: all ## KILLS=200: kills runs that cost money at random moments; the service's book has each job paid for once
	BUILD=$(abspath $(BUILD)) sh tests/fault/hosted_torture.sh $(if $(filter command line,$(origin KILLS)),$(KILLS),200)

sanitize: ## unit and command line tests under ASan + UBSan, the threaded ones under TSan
	$(MAKE) VARIANT=asan BUILD=build/asan test-asan
	$(MAKE) VARIANT=tsan BUILD=build/tsan test-tsan

.PHONY: test-asan test-tsan
test-asan: all $(UNIT) $(REPLAY) $(PRELOAD)
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec '' $(UNIT) $(REPLAY)
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec sh $(filter-out %-same-samples.sh %-symbols.sh %-torture.sh %-house-checks.sh %-server.sh,$(CLI_TESTS))
test-tsan: all $(UNIT)
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec '' $(UNIT)
	@BUILD=$(abspath $(BUILD)) prove -j$(JOBS) --exec sh $(filter %-run-fake.sh %-native.sh,$(CLI_TESTS))

warnings: ## the whole program and its tests without a warning under gcc and clang
	$(MAKE) DEVELOPER=1 CC=gcc BUILD=build/warnings-gcc objects
	$(MAKE) DEVELOPER=1 CC=clang BUILD=build/warnings-clang objects

.PHONY: objects
objects: $(PROGRAM) $(UNIT) $(REPLAY) $(PRELOAD) $(BROWSER) $(MODEL_TESTS)

# clang's libFuzzer over one parser: make fuzz TARGET=manifest SECONDS=60
TARGET ?= manifest
SECONDS ?= 60
fuzz: ## TARGET=manifest SECONDS=60: fuzzes one parser with clang's libFuzzer
	$(MAKE) CC=clang VARIANT=asan BUILD=build/fuzz CFLAGS=-fsanitize=fuzzer-no-link build/fuzz/libmgbatch.a
	clang $(CPPFLAGS_ALL) -Itests -g -O1 -fsanitize=fuzzer,address,undefined -o build/fuzz/fuzz_$(TARGET) \
		tests/fuzz/fuzz_$(TARGET).c build/fuzz/libmgbatch.a $(LDLIBS_ALL)
	mkdir -p build/fuzz/corpus/$(TARGET)
	build/fuzz/fuzz_$(TARGET) -max_total_time=$(SECONDS) $(patsubst %,-dict=%,$(wildcard tests/fuzz/$(TARGET).dict)) \
		build/fuzz/corpus/$(TARGET) tests/fuzz/corpus/$(TARGET)

$(BROWSER): $(wildcard tests/browser/*.[ch]) tests/tap.h $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  TEST  $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests -Itests/browser $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) $(LIB) $(LDLIBS_ALL)

.PHONY: test-browser
test-browser: ## drives report.html in a headless Chromium, which it installs where there is none; pictures in build/browser
	@sh tools/install-deps browser
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BROWSER)
	@BUILD=$(abspath $(BUILD)) prove --exec sh $(sort $(wildcard tests/browser/t*.sh))

.PHONY: test-schema test-datasets
test-schema: all ## the JSON Schema against `check`, by a public validator, which it installs where there is none
	@sh tools/install-deps schema
	/usr/bin/python3 tools/check-schema.py $(PROGRAM)

# Needs the Python package index once: the environment stays in build/.
DATASETS_ENV := build/datasets
$(DATASETS_ENV)/ready: tools/requirements-datasets.txt
	@sh tools/install-deps datasets
	/usr/bin/python3 -m venv $(DATASETS_ENV)
	$(DATASETS_ENV)/bin/pip install -q -r $<
	touch $@
test-datasets: all $(DATASETS_ENV)/ready ## output folders load with Hugging Face datasets and WebDataset
	$(PROGRAM) run manifests/demo/demo.yaml --output build/datasets/demo -q
	$(PROGRAM) run manifests/style-key-tempo.yaml --backend fake --output build/datasets/style-key-tempo -q
	$(PROGRAM) run manifests/prompt-table.yaml --backend fake --limit 300 --output build/datasets/prompt-table -q || test $$? = 3
	$(DATASETS_ENV)/bin/python tools/check-datasets.py build/datasets/demo build/datasets/style-key-tempo build/datasets/prompt-table

BENCH := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/bench_*.c)))
$(BENCH): $(BUILD)/tests/%: tests/%.c $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  BENCH $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LDLIBS_ALL)
-include $(BENCH:=.d)

# Programs that hold a model of real size against others' numbers: never run by make test.
$(MODEL_TESTS): $(BUILD)/tests/%: tests/%.c tests/model/stages.c tests/model/stages.h tests/vectors.h tests/tap.h $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) '  TEST  $@'
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests -Itests/model $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) $(LIB) $(LDLIBS_ALL)

MODEL ?= tests/data/model
.PHONY: test-model
test-model: $(MODEL_TESTS) ## MODEL=folder: a public checkpoint against the numbers that its makers publish
	$(BUILD)/tests/model/published $(if $(filter file,$(origin MODEL)),,$(MODEL))

bench: all $(BENCH) ## MODEL=folder: speed of the kernels and of many clips against one; the memory of one clip; 2,000 hosted jobs in flight and a million jobs, with limits
	@sh tools/install-deps bench
	$(BUILD)/tests/bench/bench_kernels
	$(BUILD)/tests/bench/bench_batch $(MODEL)
	BUILD=$(abspath $(BUILD)) sh tests/bench/bench_memory.sh
	BUILD=$(abspath $(BUILD)) sh tests/bench/bench_hosted.sh
	BUILD=$(abspath $(BUILD)) sh tests/bench/bench_scale.sh

PREFIX ?= /usr/local
SHARE := $(DESTDIR)$(PREFIX)/share
install: all ## PREFIX=/usr/local DESTDIR=: the program, its manual page, completions for bash and zsh
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/mgbatch
	@mkdir -p $(BUILD)/gen
	$(PROGRAM) --man >$(BUILD)/gen/mgbatch.1
	install -D -m 644 $(BUILD)/gen/mgbatch.1 $(SHARE)/man/man1/mgbatch.1
	$(PROGRAM) completions bash >$(BUILD)/gen/mgbatch.bash
	install -D -m 644 $(BUILD)/gen/mgbatch.bash $(SHARE)/bash-completion/completions/mgbatch
	$(PROGRAM) completions zsh >$(BUILD)/gen/_mgbatch
	install -D -m 644 $(BUILD)/gen/_mgbatch $(SHARE)/zsh/site-functions/_mgbatch

clean: ## removes build/
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | sort
