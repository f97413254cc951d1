# SPDX-License-Identifier: BSD-2-Clause
#
# Lykos: build, run, test. `make help` lists what there is.
#
# There are no lists of objects here: what lies in a folder is built. The kernel is kernel/, kernel/cap/, boot/,
# arch/x86_64/ and tests/kernel/; each folder under user/servers, user/programs and tests/system is one program.
# Everything made goes to build/ (gcc) or build-clang/ (make CC=clang); V=1 shows the commands.

# --- tools ----------------------------------------------------------------------------------------------------
ARCH := x86_64
ifeq ($(origin CROSS_COMPILE),undefined)
CROSS_COMPILE := $(if $(shell command -v x86_64-elf-gcc),x86_64-elf-,)
endif
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin LD),default)
LD := $(CROSS_COMPILE)ld
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
NM := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)

CLANG := $(if $(findstring clang,$(notdir $(CC))),yes)
BUILD ?= $(if $(CLANG),build-clang,build)
GEN := $(BUILD)/gen

V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(2))

# As many jobs as there are processors, unless the caller said how many.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- flags ----------------------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wconversion -Wsign-compare -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wswitch-enum -Wvla -Werror
# The same bytes wherever the tree lies.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/=
COMMON := -std=gnu11 -O2 -g $(WARNINGS) $(REPRODUCIBLE) -ffreestanding -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-pic -fno-common -MMD -MP $(if $(CLANG),--target=x86_64-unknown-none-elf)

KERNEL_INC := -Ikernel/include -Ikernel -I$(GEN)/include -I$(GEN) -Iarch/$(ARCH)/include -I.
KERNEL_CFLAGS := $(COMMON) -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls $(KERNEL_INC)
USER_INC := -Iuser/lib/include -Ikernel -I$(GEN)/include
# Programs are built without SSE and x87. A program that wants floating point says so in a file `flags` in its
# folder: more options for the compiler, such as -msse2 -m80387.
USER_CFLAGS := $(COMMON) -mno-mmx -mno-sse -mno-sse2 -mno-80387 -mno-red-zone $(USER_INC)
LINK := $(LD) -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings

# Compile again when the flags or the compiler change.
FLAGS_NOW := $(CC) $(KERNEL_CFLAGS) $(USER_CFLAGS) $(LINK)
FLAGS := $(BUILD)/flags
$(shell mkdir -p $(BUILD); echo '$(FLAGS_NOW)' | cmp -s - $(FLAGS) || echo '$(FLAGS_NOW)' > $(FLAGS))

# --- sources --------------------------------------------------------------------------------------------------
objects = $(addprefix $(BUILD)/,$(addsuffix .o,$(1)))

KERNEL_SRC := $(sort $(filter-out arch/$(ARCH)/offsets.c,$(wildcard kernel/*.c kernel/cap/*.c \
	arch/$(ARCH)/*.c arch/$(ARCH)/*.S boot/*.c boot/*.S tests/kernel/*.c)))
LIB_SRC := $(sort $(wildcard user/lib/*.c user/lib/*.S))
PROGRAM_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard user/servers/*/*.c user/programs/*/*.c tests/system/*/*.c))))
PROGRAMS := $(addprefix $(BUILD)/user/,$(notdir $(PROGRAM_DIRS)))
program_src = $(sort $(wildcard $(1)/*.c $(1)/*.S))
ALL_USER_SRC := $(LIB_SRC) $(foreach d,$(PROGRAM_DIRS),$(call program_src,$(d)))

KERNEL := $(BUILD)/lykos
ARCHIVE := $(BUILD)/archive
ISO := $(BUILD)/lykos.iso

.PHONY: all
all: $(KERNEL) $(ARCHIVE) ## build the kernel and the archive of user programs

# --- generated from the list of operations --------------------------------------------------------------------
GENERATED := $(GEN)/abi.stamp
$(GENERATED): tools/genabi.py kernel/abi/lykos.toml
	$(call say,GEN,kernel/abi/lykos.toml)
	$(Q)$(PYTHON) tools/genabi.py kernel/abi/lykos.toml $(GEN)

# Offsets of structure fields for assembly: offsets.c is compiled to assembly, in which each line
# `.ascii "->NAME VALUE"` becomes a #define.
OFFSETS := $(GEN)/include/arch/offsets.h
$(OFFSETS): arch/$(ARCH)/offsets.c $(FLAGS) | $(GENERATED)
	$(call say,OFFSETS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MF $(BUILD)/offsets.d -MT $@ -S -o $(BUILD)/offsets.s $<
	$(Q)(echo '/* Made by the Makefile from $<. */'; \
	  sed -n 's/^[[:space:]]*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\) [$$]*\([-0-9]*\).*"/#define \1 \2/p' \
	  $(BUILD)/offsets.s) > $@
-include $(BUILD)/offsets.d

# --- kernel ---------------------------------------------------------------------------------------------------
KERNEL_OBJ := $(call objects,$(KERNEL_SRC))
KERNEL_LDS := boot/kernel.ld

$(KERNEL_OBJ): $(BUILD)/%.o: % $(FLAGS) | $(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<
$(filter %.S.o,$(KERNEL_OBJ)): | $(if $(wildcard arch/$(ARCH)/offsets.c),$(OFFSETS))

# The kernel is linked twice: the first time to learn where its functions are, the second time with the table of
# their names for back-traces (kernel/symbols.c). The table stands behind all code, so no function moves.
$(BUILD)/ksyms-%.o: $(BUILD)/ksyms-%.S
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<
$(BUILD)/ksyms-none.S: tools/mksyms $(FLAGS)
	$(Q)$(PYTHON) tools/mksyms --empty > $@
$(BUILD)/ksyms-full.S: $(BUILD)/lykos.pass1 tools/mksyms
	$(call say,SYMBOLS,$@)
	$(Q)$(NM) $< | $(PYTHON) tools/mksyms > $@
$(BUILD)/lykos.pass1: $(KERNEL_OBJ) $(BUILD)/ksyms-none.o $(KERNEL_LDS)
	$(call say,LD,$@)
	$(Q)$(LINK) -T $(KERNEL_LDS) -o $@ $(KERNEL_OBJ) $(BUILD)/ksyms-none.o
$(BUILD)/lykos.debug: $(BUILD)/ksyms-full.o $(BUILD)/lykos.pass1
	$(call say,LD,$@)
	$(Q)$(LINK) -T $(KERNEL_LDS) -Map $(BUILD)/lykos.map -o $@ $(KERNEL_OBJ) $<
	$(Q)$(NM) $@ | $(PYTHON) tools/mksyms | cmp -s - $(BUILD)/ksyms-full.S || \
	  { echo "the symbol table moved the code it describes"; rm -f $@; exit 1; }
$(KERNEL): $(BUILD)/lykos.debug
	$(call say,STRIP,$@)
	$(Q)$(OBJCOPY) --strip-debug $< $@

# --- user level -----------------------------------------------------------------------------------------------
LIB := $(BUILD)/liblykos.a
LIB_OBJ := $(call objects,$(LIB_SRC))
USER_LDS := $(firstword $(wildcard user/lib/*.ld))

$(call objects,$(ALL_USER_SRC)): $(BUILD)/%.o: % $(FLAGS) | $(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) $(shell cat $(<D)/flags 2>/dev/null) -c -o $@ $<
$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

define program
$(BUILD)/user/$(notdir $(1)).debug: $(call objects,$(call program_src,$(1))) $(LIB) $(USER_LDS)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(LINK) $(if $(USER_LDS),-T $(USER_LDS)) -o $$@ --start-group \
	  $(call objects,$(call program_src,$(1))) $(LIB) --end-group
endef
$(foreach d,$(PROGRAM_DIRS),$(eval $(call program,$(d))))
$(PROGRAMS): %: %.debug
	$(Q)$(OBJCOPY) --strip-all $< $@

$(ARCHIVE): $(PROGRAMS) $(wildcard user/system.lyk) tools/mkimage
	$(call say,ARCHIVE,$@)
	$(Q)$(PYTHON) tools/mkimage make $@ $(PROGRAMS) $(wildcard user/system.lyk)

.PHONY: programs
programs: $(PROGRAMS) $(LIB)

.PHONY: clean
clean: ## remove everything built
	rm -rf build build-clang

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(patsubst %.o,%.d,$(KERNEL_OBJ) $(call objects,$(ALL_USER_SRC)))
