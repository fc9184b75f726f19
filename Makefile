# Cloister: `make` builds, `make check` tests, `make demo` shows it, `make bench` measures, `make install` installs.
# What is missing on the machine is installed by contrib/install-deps, which says so first (NO_INSTALL=1 forbids it).

VERSION := 0.1.0
PREFIX  ?= /usr/local
B       := build
CC      ?= cc

# SAN=1 builds everything with ASan and UBSan, in a build folder of its own.
ifeq ($(SAN),1)
B       := build/san
SANFLAGS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
STATIC  ?= 0
endif
# The runtime is linked statically: loading shared libraries is a quarter of the time that a container's start takes.
STATIC  ?= 1

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
           -Wformat=2 -Wimplicit-fallthrough -Wundef -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fcf-protection
CFLAGS  ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE $(WARN) $(if $(SANFLAGS),$(SANFLAGS),$(HARDEN)) -fPIE -fvisibility=hidden
override CPPFLAGS += -Isrc -I. -I$(B)/gen -DCLOISTER_VERSION='"$(VERSION)"'
LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS)
ifeq ($(STATIC),1)
RUNTIME_LINK := -static-pie
else
RUNTIME_LINK := -pie
endif

# ---- sources, folder by folder (docs/architecture.md) ----
RUNTIME_DIRS   := base sys spec plan apply state run
CONVERTER_DIRS := base store derivation unit bundle
src_of          = $(sort $(wildcard $(foreach d,$(1),src/$(d)/*.c)))
obj_of          = $(patsubst %.c,$(B)/%.o,$(1))

OCISPEC_SRC  := $(sort $(wildcard libocispec/json/*.c libocispec/field/*.c))
OCISPEC_OBJ  := $(call obj_of,$(OCISPEC_SRC)) $(B)/gen/oci_spec.o
RUNTIME_CLI  := $(filter-out src/cli/bundle%.c,$(call src_of,cli))
BUNDLE_CLI   := $(wildcard src/cli/bundle*.c) $(wildcard src/cli/options.c)
RUNTIME_OBJ  := $(call obj_of,$(call src_of,$(RUNTIME_DIRS)) $(RUNTIME_CLI)) $(OCISPEC_OBJ)
BUNDLE_OBJ   := $(call obj_of,$(call src_of,$(CONVERTER_DIRS)) $(BUNDLE_CLI)) $(OCISPEC_OBJ)

all: $(B)/cloister $(B)/cloister-bundle

$(B)/cloister: $(RUNTIME_OBJ)
	$(CC) $(RUNTIME_LINK) $(LDFLAGS) -o $@ $^ -lseccomp -lcap $(if $(filter 1,$(STATIC)),-lyajl_s,-lyajl)

$(B)/cloister-bundle: $(BUNDLE_OBJ)
	$(CC) -pie $(LDFLAGS) -o $@ $^ -lsqlite3 -lyajl

# ---- libocispec: schema -> structs and field tables ----
SCHEMAS := $(sort $(wildcard libocispec/schema/*.json))

$(B)/libocispec/gen/gen: $(wildcard libocispec/gen/*.c libocispec/gen/*.h)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(filter %.c,$^) -lyajl

$(B)/gen/oci_spec.c: $(B)/libocispec/gen/gen $(SCHEMAS)
	@mkdir -p $(@D)
	$< $(B)/gen $(SCHEMAS)
$(B)/gen/oci_spec.h: $(B)/gen/oci_spec.c ;

$(B)/gen/%.o: $(B)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -c -o $@ $<

# Every object may include the generated header, so it exists before any of them.
$(B)/%.o: %.c | $(B)/gen/oci_spec.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf build

.PHONY: all clean
.DELETE_ON_ERROR:
