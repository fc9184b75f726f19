# Cloister: `make` builds, `make check` tests, `make demo` shows it, `make bench` measures, `make install` installs.
# What is missing on the machine is installed by contrib/install-deps, which says so first (NO_INSTALL=1 forbids it).

VERSION := 0.1.0
PREFIX  ?= /usr/local
B       := build
CC      ?= cc

all:

# V=1 shows the commands.
ifneq ($(V),1)
Q   := @
say  = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@printf '  %-7s %s\n' '$(1)' '$@')
else
say  = @:
endif

# SAN=1 builds everything with ASan and UBSan, in a build folder of its own.
ifeq ($(SAN),1)
B       := build/san
SANFLAGS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
STATIC  ?= 0
endif
# FUZZ=1 is what `make fuzz` builds with: clang, for its libFuzzer, in a build folder of its own.
ifeq ($(FUZZ),1)
B       := build/fuzz
override CC := clang
CFLAGS  := -O1 -g
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
STATIC  ?= 0
endif
# The first thing that make does: see that all is there, install what is not, and find out whether static archives are.
ifneq ($(filter-out clean uninstall,$(or $(MAKECMDGOALS),all)),)
include $(B)/config.mk
endif
$(B)/config.mk: contrib/install-deps
	@mkdir -p $(@D)
	@CC='$(CC)' contrib/install-deps build
	@echo 'int main(void) { return 0; }' >$(@D)/probe.c
	@if $(CC) -static-pie -o $(@D)/probe $(@D)/probe.c -lseccomp -lcap -lyajl_s 2>/dev/null; \
	 then echo 'STATIC ?= 1'; else echo 'STATIC ?= 0'; fi >$@
	@if $(CC) -o $(@D)/probe $(@D)/probe.c -include systemd/sd-bus.h -lsystemd 2>/dev/null; \
	 then echo 'SYSTEMD ?= 1'; else echo 'SYSTEMD ?= 0'; fi >>$@
# SYSTEMD=1: there is a program that speaks to systemd, for the systemd cgroup manager.
# STATIC=1: the runtime is linked statically, since loading shared libraries is a quarter of a container's start.

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
           -Wformat=2 -Wimplicit-fallthrough -Wundef -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
           $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
CFLAGS  ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE $(WARN) $(if $(SANFLAGS),$(SANFLAGS),$(HARDEN)) -fPIE -fvisibility=hidden
# -iquote: <sys/mount.h> is the C library's, "sys/mount.h" is ours.
override CPPFLAGS += -iquote src -iquote . -iquote $(B)/gen -DCLOISTER_VERSION='"$(VERSION)"' \
                     -DCLOISTER_SYSTEMD=$(or $(SYSTEMD),0)
LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS)
# Where the runtime begins before the C library does (src/sys/entry_*.c): nothing may be linked dynamically then.
ENTRY := $(wildcard src/sys/entry_$(shell uname -m).c)
ifeq ($(STATIC),1)
RUNTIME_LINK := -static-pie
ifneq ($(ENTRY),)
RUNTIME_LINK += -Wl,-e,cloister_entry
endif
else
RUNTIME_LINK := -pie
endif

# ---- sources, folder by folder (docs/architecture.md) ----
RUNTIME_DIRS   := base sys spec plan apply state run
CONVERTER_DIRS := base store derivation unit bundle
BUILD_DIRS     := $(CONVERTER_DIRS) build
src_of          = $(sort $(wildcard $(foreach d,$(1),src/$(d)/*.c)))
obj_of          = $(patsubst %.c,$(B)/%.o,$(1))

OCISPEC_SRC  := $(sort $(wildcard libocispec/json/*.c libocispec/field/*.c))
OCISPEC_OBJ  := $(call obj_of,$(OCISPEC_SRC)) $(B)/gen/oci_spec.o
RUNTIME_CLI  := $(filter-out src/cli/bundle%.c src/cli/build%.c src/cli/systemd%.c,$(call src_of,cli))
BUNDLE_CLI   := $(wildcard src/cli/bundle*.c) $(wildcard src/cli/options.c)
BUILD_CLI    := $(wildcard src/cli/build*.c) $(wildcard src/cli/options.c)
RUNTIME_SRC  := $(filter-out src/sys/entry_%,$(call src_of,$(RUNTIME_DIRS))) $(if $(filter 1,$(STATIC)),$(ENTRY))
RUNTIME_OBJ  := $(call obj_of,$(RUNTIME_SRC) $(RUNTIME_CLI)) $(OCISPEC_OBJ)
BUNDLE_OBJ   := $(call obj_of,$(call src_of,$(CONVERTER_DIRS)) $(BUNDLE_CLI)) $(OCISPEC_OBJ)
BUILD_OBJ    := $(call obj_of,$(call src_of,$(BUILD_DIRS)) $(BUILD_CLI)) $(OCISPEC_OBJ)

PROGRAMS := $(B)/cloister $(B)/cloister-bundle $(B)/cloister-build $(if $(filter 1,$(SYSTEMD)),$(B)/cloister-systemd)
all: $(PROGRAMS)

RUNTIME_LIBS := -lseccomp -lcap -lm $(if $(filter 1,$(STATIC)),-lyajl_s,-lyajl)
$(B)/cloister: $(RUNTIME_OBJ)
	$(call say,LINK)
	$(Q)$(CC) $(RUNTIME_LINK) $(LDFLAGS) -o $@ $^ $(RUNTIME_LIBS)

$(B)/cloister-systemd: $(call obj_of,$(wildcard src/cli/systemd*.c) $(call src_of,base))
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -lsystemd

# The runtime calls its helpers by absolute paths: what is built those of the build folder, what is installed those of
# the folders they are installed to. So the latter is linked anew, which takes a second.
HELPER_OBJ := $(B)/src/run/helper.o
helper_is   = -DCLOISTER_BUNDLE_PATH='"$(1)/cloister-bundle"' -DCLOISTER_SYSTEMD_PATH='"$(2)/cloister-systemd"'
$(HELPER_OBJ): override CPPFLAGS += $(call helper_is,$(abspath $(B)),$(abspath $(B))) -DCLOISTER_UNINSTALLED
define link_installed
	@mkdir -p $(B)/installed
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(call helper_is,$(BINDIR),$(LIBEXECDIR)) -c -o $(B)/installed/helper.o src/run/helper.c
	$(Q)$(CC) $(RUNTIME_LINK) $(LDFLAGS) -o $(B)/installed/cloister $(filter-out $(HELPER_OBJ),$(RUNTIME_OBJ)) \
	  $(B)/installed/helper.o $(RUNTIME_LIBS)
endef

$(B)/cloister-bundle: $(BUNDLE_OBJ)
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -lsqlite3 -lnettle -lyajl

$(B)/cloister-build: $(BUILD_OBJ)
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -lsqlite3 -lnettle -lyajl

# ---- libocispec: schema -> structs and field tables ----
SCHEMAS := $(sort $(wildcard libocispec/schema/*.json))

$(B)/libocispec/gen/gen: $(wildcard libocispec/gen/*.c libocispec/gen/*.h)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(filter %.c,$^) -lyajl

$(B)/gen/oci_spec.c: $(B)/libocispec/gen/gen $(SCHEMAS)
	@mkdir -p $(@D)
	ASAN_OPTIONS=detect_leaks=0 $< $(B)/gen $(SCHEMAS)
$(B)/gen/oci_spec.h: $(B)/gen/oci_spec.c ;

$(B)/gen/%.o: $(B)/gen/%.c
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -c -o $@ $<

# Every object may include the generated header, so it exists before any of them.
$(B)/%.o: %.c | $(B)/gen/oci_spec.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -c -o $@ $<

# ---- tests ----
# A unit test is linked with an archive of everything but sys/ and the mains. So it brings its own fake of each sys_
# function that the code under test reaches: one that nobody faked is a link error, never a real mount.
UNIT_LIB_OBJ := $(filter-out $(B)/src/sys/% $(addprefix $(B)/src/cli/,main.o bundle.o build.o), \
                  $(sort $(RUNTIME_OBJ) $(BUNDLE_OBJ) $(BUILD_OBJ)))
UNIT_TESTS   := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/*/*.c)))
ifeq ($(FUZZ),1)
UNIT_LIB_OBJ := $(filter $(addprefix $(B)/,libocispec/% gen/% src/base/% src/spec/% src/plan/% src/state/% src/store/% \
                  src/derivation/% src/cli/options.o),$(UNIT_LIB_OBJ))
endif

$(B)/libunit.a: $(UNIT_LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT_TESTS): %: %.o $(B)/libunit.a
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -lcmocka -lseccomp -lcap -lm -lyajl -lsqlite3 -lnettle
.SECONDARY: $(UNIT_TESTS:=.o)

# Prints the plan of a golden case.
GOLDEN := $(B)/tests/golden/plan
$(GOLDEN): $(GOLDEN).o $(B)/libunit.a
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -lseccomp -lcap -lm -lyajl

unit-tests: $(UNIT_TESTS) $(GOLDEN)

# A fuzz target is linked with libFuzzer, or without FUZZ=1 with a main that gives it each file of its corpus once.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
FUZZ_PROGRAMS := $(addprefix $(B)/tests/fuzz/,$(FUZZ_TARGETS))
ifeq ($(FUZZ),1)
FUZZ_MAIN := -fsanitize=fuzzer
else
FUZZ_MAIN := $(B)/tests/fuzz/replay.o
endif
$(FUZZ_PROGRAMS): %: %.o $(filter %.o,$(FUZZ_MAIN)) $(B)/libunit.a
	$(call say,LINK)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(B)/libunit.a -lseccomp -lcap -lm -lyajl -lsqlite3 -lnettle
.SECONDARY: $(FUZZ_PROGRAMS:=.o)

fuzz-programs: $(FUZZ_PROGRAMS)

# make fuzz T=config S=60: that many seconds of one target, or of each. What is found is written to build/fuzz/found.
fuzz:
	+@MAKE='$(MAKE)' tests/fuzz/run '$(or $(S),60)' $(or $(T),$(FUZZ_TARGETS))

# Like `make check T=fault`, but at every system call and not at a sample of them.
check-fault:
	+@B='$(B)' MAKE='$(MAKE)' CC='$(CC)' SWEEP=all SAN_OFF=1 tests/run fault

# make check T=plan/mount, T=golden/minimal or T=e2e/lifecycle runs just that one.
check:
	+@B='$(B)' MAKE='$(MAKE)' CC='$(CC)' tests/run $(T)

# The engines' tests with the newest engines, in a root file system of their own: T=e2e/engine-docker runs just that one.
check-engines: all
	@contrib/install-deps engines
	@B='$(B)' tests/engines/run $(T)

# What needs systemd and all of cgroup v2, in a machine of its own under QEMU: T=vm/delegation runs just that one.
check-vm: all
	@contrib/install-deps vm
	@B='$(B)' CC='$(CC)' tests/vm/run $(T)

# Writes down what the plans are now as what they should be: look at the diff before you commit it.
golden-update: $(GOLDEN)
	@B='$(B)' tests/run --golden-update $(T)

BENCH := $(B)/tests/bench/floor $(B)/tests/bench/timer
$(B)/tests/bench/floor: tests/bench/floor.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(RUNTIME_LINK) $(LDFLAGS) -o $@ $<
$(B)/tests/bench/timer: tests/bench/timer.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -pie $(LDFLAGS) -o $@ $<

bench: all $(BENCH)
	@contrib/install-deps bench
	@B='$(B)' tests/bench/run $(BENCHFLAGS)
	@echo
	@B='$(B)' tests/bench/commands $(COMMANDFLAGS)

demo: all
	@contrib/install-deps demo
	@B='$(B)' contrib/demo/run

lint:
	@contrib/install-deps lint
	tests/layers
	tests/style
	shellcheck --severity=warning --external-sources $(shell git grep -lE '^#!(/bin/sh|/bin/bash|/usr/bin/env bash)' -- contrib tests .ci) $(wildcard tests/e2e/*.sh tests/attack/*.sh tests/fault/*.sh tests/vm/*.sh)

# ---- installing ----
MANUALS := $(patsubst docs/%.md,$(B)/docs/%,$(wildcard docs/*.[1-8].md))
manuals: $(MANUALS)

$(B)/docs/%: docs/%.md docs/md2man
	@mkdir -p $(@D)
	$(Q)awk -f docs/md2man -v date="$$(date -u -d @$${SOURCE_DATE_EPOCH:-$$(date +%s)} +%Y-%m-%d)" -v version='$(VERSION)' $< >$@

BINDIR  := $(PREFIX)/bin
LIBEXECDIR := $(PREFIX)/libexec/cloister
MANDIR  := $(PREFIX)/share/man
BASHDIR := $(PREFIX)/share/bash-completion/completions
ZSHDIR  := $(PREFIX)/share/zsh/site-functions
FISHDIR := $(PREFIX)/share/fish/vendor_completions.d
# Where podman and buildah look; for an installation below one's home, the user's own place.
CONTAINERSDIR ?= $(if $(filter $(HOME)/%,$(abspath $(PREFIX))),$(HOME)/.config,/etc)/containers/containers.conf.d

install: all manuals
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(MANDIR)/man1 $(BASHDIR) $(ZSHDIR) $(FISHDIR) $(CONTAINERSDIR))
	$(link_installed)
	install -m 755 $(B)/installed/cloister $(B)/cloister-bundle $(B)/cloister-build $(DESTDIR)$(BINDIR)
ifeq ($(SYSTEMD),1)
	install -d $(DESTDIR)$(LIBEXECDIR)
	install -m 755 $(B)/cloister-systemd $(DESTDIR)$(LIBEXECDIR)
endif
	install -m 644 $(MANUALS) $(DESTDIR)$(MANDIR)/man1
	for name in cloister cloister-bundle cloister-build; do \
	  install -m 644 contrib/completions/$$name.bash $(DESTDIR)$(BASHDIR)/$$name && \
	  install -m 644 contrib/completions/_$$name $(DESTDIR)$(ZSHDIR) && \
	  install -m 644 contrib/completions/$$name.fish $(DESTDIR)$(FISHDIR) || exit 1; \
	done
	sed 's,"/usr/local/bin/cloister","$(abspath $(BINDIR))/cloister",' contrib/containers.conf.d/cloister.conf >$(B)/containers.conf
	install -m 644 $(B)/containers.conf $(DESTDIR)$(CONTAINERSDIR)/cloister.conf

uninstall:
	rm -f $(DESTDIR)$(LIBEXECDIR)/cloister-systemd
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,cloister cloister-bundle cloister-build) $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(MANUALS)))
	rm -f $(DESTDIR)$(CONTAINERSDIR)/cloister.conf
	rm -f $(foreach n,cloister cloister-bundle cloister-build,$(DESTDIR)$(BASHDIR)/$(n) $(DESTDIR)$(ZSHDIR)/_$(n) $(DESTDIR)$(FISHDIR)/$(n).fish)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
# A header that is gone stops nobody: what included it is compiled again.
%.h: ;

clean:
	rm -rf build

.PHONY: all clean unit-tests fuzz-programs fuzz check check-fault check-engines check-vm golden-update bench demo lint manuals install uninstall
.DELETE_ON_ERROR:
