# OnRecord. `make help` lists the targets; `V=1` shows each command.
#
# Everything built goes to build/:
#   build/onrecord         the server
#   build/asan/onrecord    the same under AddressSanitizer and UndefinedBehaviorSanitizer: what the tests run
#   build/unit/<name>      one test program for each tests/unit/<name>.c
#   build/fuzz/<name>      one fuzzer for each tests/fuzz/<name>.c
#   build/assets.c, sql.c  files and SQL statements as C
#   build/npm, npm-test, npm-bench  what package-lock.json names, for the page at /docs and for tests

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

DOCS ?= 1
V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = @printf '  %-7s %s\n' '$(1)' '$(2)'

# --- what there is -----------------------------------------------------------------------------------------------------

SOURCES := $(sort $(wildcard server/*.c server/*/*.c))
HEADERS := $(sort $(wildcard server/*.h server/*/*.h))
MODULES := $(SOURCES:server/%.c=%) assets sql
LIBRARY := $(filter-out main,$(MODULES))
UNITS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(sort $(wildcard tests/fuzz/*.c))))

MIGRATIONS := $(sort $(wildcard schema/migrations/*.sql))
STATEMENTS := $(sort $(wildcard server/sql/*.sql))
SWAGGER := swagger-ui.css swagger-ui-bundle.js favicon-32x32.png LICENSE NOTICE
PAGE := $(if $(filter-out 0,$(DOCS)),index.html docs.js docs.css $(SWAGGER))
ASSETS := $(MIGRATIONS) $(if $(wildcard openapi.yaml),openapi.yaml openapi.json) $(PAGE:%=docs/%)

# --- how it is built ---------------------------------------------------------------------------------------------------

CC := gcc
PYTHON := /usr/bin/python3
PG_INCLUDE := $(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
COMMON := -std=c11 -D_GNU_SOURCE -Iserver -Ibuild -isystem $(PG_INCLUDE) $(WARNINGS) -pthread -g -MMD -MP
RELEASE := -O2 -fstack-protector-strong -fPIE $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARDENED := -pie -Wl,-z,relro,-z,now
LIBS := -lmicrohttpd -ljansson -lpq -lz -lnettle -lutf8proc -lxxhash -lm

# A variant: $(1) its folder under build/, $(2) the compiler, $(3) its flags. Makes build/<folder>/obj/**.o of everything.
define variant
$(1)_OBJECTS := $$(MODULES:%=build/$(1)/obj/%.o)
$(1)_LIBRARY := $$(LIBRARY:%=build/$(1)/obj/%.o)

build/$(1)/obj/%.o: server/%.c | build/sql.h
	$$(call say,$(2),$$<$(if $(filter release,$(1)),, ($(1))))
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(COMMON) $(3) $$(CFLAGS) -c -o $$@ $$<

build/$(1)/obj/%.o: build/%.c | build/sql.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(COMMON) $(3) $$(CFLAGS) -c -o $$@ $$<

# All but main.o, for test programs: each takes of it what it needs.
build/$(1)/onrecord.a: $$($(1)_LIBRARY)
	@rm -f $$@
	@ar rcs $$@ $$^

-include $$($(1)_OBJECTS:.o=.d)
endef

$(eval $(call variant,release,$$(CC),$$(RELEASE)))
$(eval $(call variant,asan,$$(CC),-O1 $$(SANITIZE)))
$(eval $(call variant,fuzz,clang,-O1 $$(SANITIZE) -fsanitize=fuzzer-no-link))
$(eval $(call variant,check-gcc,gcc,-O2 -Werror))
$(eval $(call variant,check-clang,clang,-O2 -Werror))
$(eval $(call variant,check-analyzer,gcc,-O1 -Werror -fanalyzer))

.PHONY: all asan units fuzzers run test check bench fuzz format settings clean help install-tools docs FORCE

all: build/onrecord ## build the server, build/onrecord

build/onrecord: $(release_OBJECTS)
	$(call say,link,$@)
	$(Q)$(CC) $(RELEASE) $(HARDENED) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

asan: build/asan/onrecord ## build the server under the sanitizers, build/asan/onrecord

build/asan/onrecord: $(asan_OBJECTS)
	$(call say,link,$@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

units: $(UNITS:%=build/unit/%) ## build the unit tests, build/unit/*

build/unit/%: tests/unit/%.c build/asan/onrecord.a
	$(call say,test,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON) -Wno-missing-prototypes -O1 $(SANITIZE) -MF build/unit/$*.d -MT $@ -o $@ $< \
		build/asan/onrecord.a -lcmocka $(LIBS)

-include $(UNITS:%=build/unit/%.d)

# --- what is generated -------------------------------------------------------------------------------------------------

build/sql.h build/sql.c &: tools/sql-to-c $(STATEMENTS)
	$(call say,sql,build/sql.c)
	@mkdir -p build
	$(Q)tools/sql-to-c build/sql.c build/sql.h $(STATEMENTS)

# The list of assets is a file of its own, so that a file that comes or goes makes assets.c anew.
build/assets.list: FORCE
	@mkdir -p build
	@printf '%s\n' $(ASSETS) | LC_ALL=C sort | cmp -s - $@ || printf '%s\n' $(ASSETS) | LC_ALL=C sort >$@

asset_file = $(if $(filter schema/% openapi.yaml,$(1)),$(1),build/$(1))

build/assets.c: build/assets.list tools/assets-to-c $(foreach a,$(ASSETS),$(call asset_file,$(a)))
	$(call say,assets,$@)
	$(Q)tools/assets-to-c $@ <build/assets.list

build/openapi.json: openapi.yaml tools/yaml-to-json
	$(call say,json,$@)
	@mkdir -p build
	$(Q)$(PYTHON) tools/yaml-to-json $< $@

docs: $(PAGE:%=build/docs/%)
	@$(if $(PAGE),:,echo 'DOCS=0: building without the page at /docs')

ifeq ($(PAGE),)
build/assets.c: | docs
endif

build/docs/%: docs/page/%
	@mkdir -p $(@D)
	@cp $< $@

$(SWAGGER:%=build/docs/%): build/docs/%: build/npm/.installed
	@mkdir -p $(@D)
	@cp build/npm/node_modules/swagger-ui-dist/$* $@

build/npm/.installed: package.json package-lock.json
	$(call say,npm,what the page at /docs is made of)
	$(Q)tools/npm-install . build/npm --omit=dev

build/npm-test/.installed: package.json package-lock.json
	$(call say,npm,what the tests use)
	$(Q)tools/npm-install . build/npm-test

build/npm-bench/.installed: tests/bench/peers/package.json tests/bench/peers/package-lock.json
	$(call say,npm,what the peers of the benchmark use)
	$(Q)tools/npm-install tests/bench/peers build/npm-bench

# --- what is run -------------------------------------------------------------------------------------------------------

run: ## install what is missing, build, and serve on http://127.0.0.1:8080
	@tools/install $(if $(PAGE),run docs,run)
	@if [ '$(DOCS)' != 0 ] && ! $(MAKE) --no-print-directory docs; then \
		echo 'Going on without the page at /docs.'; \
		$(MAKE) --no-print-directory -j$$(nproc) DOCS=0 build/onrecord; \
	else \
		$(MAKE) --no-print-directory -j$$(nproc) build/onrecord; \
	fi
	@exec build/onrecord serve

test: ## install what tests need, and run them all
	@tools/install $(if $(PAGE),run docs test,run test)
	@$(MAKE) --no-print-directory -j$$(nproc) test-build
	@tools/run-tests

.PHONY: test-build
test-build: build/onrecord build/asan/onrecord units replays build/cost/allocations.so build/npm-test/.installed

build/cost/%.so: tests/cost/%.c
	$(call say,cost,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(COMMON)) -Wno-missing-prototypes -O2 -fPIC -shared -o $@ $<

check: ## -Werror in gcc and clang, clang-format, clang-tidy, cppcheck, gcc -fanalyzer, shellcheck, house rules
	@tools/install run test check
	@$(MAKE) --no-print-directory -j$$(nproc) check-build
	@tools/check

.PHONY: check-build
check-build: $(check-gcc_OBJECTS) $(check-clang_OBJECTS) $(check-analyzer_OBJECTS)

bench: ## measure against pgbench, nginx and peers; takes minutes
	@tools/install run test docs bench
	@$(MAKE) --no-print-directory -j$$(nproc) build/onrecord build/npm-bench/.installed
	@tests/bench/run

.PHONY: replays
replays: $(FUZZERS:%=build/replay/%) ## build what replays the fuzzers' corpus

build/replay/%: tests/fuzz/%.c tests/fuzz/replay.c tests/fuzz/exchange.h build/asan/onrecord.a
	$(call say,replay,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(COMMON)) -Wno-missing-prototypes -O1 $(SANITIZE) -o $@ $< tests/fuzz/replay.c \
		build/asan/onrecord.a $(LIBS)

fuzzers: $(FUZZERS:%=build/fuzz/%)

build/fuzz/%: tests/fuzz/%.c tests/fuzz/exchange.h build/fuzz/onrecord.a
	$(call say,fuzzer,$<)
	@mkdir -p $(@D)
	$(Q)clang $(filter-out -MMD -MP,$(COMMON)) -Wno-missing-prototypes -O1 $(SANITIZE) -fsanitize=fuzzer -o $@ $< \
		build/fuzz/onrecord.a $(LIBS)

fuzz: ## fuzz each target for FUZZ_SECONDS (60)
	@tools/install run test check
	@$(MAKE) --no-print-directory -j$$(nproc) fuzzers
	@tools/fuzz $(FUZZERS)

install-tools: ## install all packages that building, running, testing, checking and measuring need
	@tools/install run docs test check bench

format: ## clang-format on all sources
	clang-format -i $$(find server tests -name '*.[ch]')

settings: build/onrecord ## write docs/settings.md anew, from the table in server/config.c
	@tools/settings-page build/onrecord >build/settings.md && mv build/settings.md docs/settings.md

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-14s %s\n' "$$name" "$$what"; done
	@echo '  DOCS=0 leaves out the page at /docs (and needs no npm); V=1 shows commands.'
