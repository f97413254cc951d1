# SPDX-License-Identifier: BSD-2-Clause
#
# How a project outside of the tree is built, run, tested and debugged with the kit. A project's Makefile includes this
# file through build/kit, a link to the kit, so that a blank in the path of either does no harm.
#
# Each folder with C files is a program, but for folders libNAME: each is a library, with which a program is linked whose
# file libs says -lNAME; its headers are included as <libNAME/FILE.h>. A folder may have, like folders of programs in the tree:
#     flags     more options for the compiler, such as -msse2 -m80387
#     libs      more for the linker, such as -lgcc; the word newlib: newlib is its C library
#     needs     what it asks for by name: system.lyk is held against it
#     sources   C files of it that lie elsewhere, names as from here: such as are fetched or made into build/ by a rule of
#               the project's Makefile. All are there before the folder's own files are compiled
# In each of these a # begins a comment.
# Each file *.idl here or in such a folder is an interface; system.lyk describes the system.

KIT := build/kit
BIN := $(KIT)/bin
CFLAGS ?= -Og -Wall -Wextra # as good to debug as can be; -O2 for speed
APPEND ?=
MEMORY ?= 256M
DUMP ?=
SEEDS ?= 1 2 3
TEST_COMMAND ?= lykos test --seeds '$(SEEDS)' $(TESTS)
V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(2))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# `make clean all` begins anew: what is noted below while this is read is not to be removed by the goal `clean`.
CLEAN_FIRST := $(and $(filter clean,$(firstword $(MAKECMDGOALS))),$(filter-out clean,$(MAKECMDGOALS)))
ifneq ($(CLEAN_FIRST),)
$(shell find build -mindepth 1 -maxdepth 1 ! -name kit -exec rm -rf {} +)
endif

# What the goals need is there, or is named.
NEEDS_run := run
NEEDS_test := run
NEEDS_debug := run debug
ifneq ($(filter-out clean help,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell $(BIN)/install-deps --look kit $(sort $(foreach g,$(MAKECMDGOALS),$(NEEDS_$(g)))) 1>&2 && echo yes),yes)
$(error something that the kit works with is missing, see above)
endif
endif

# --- what there is here -----------------------------------------------------------------------------------------
FOLDERS := $(filter-out build,$(patsubst %/,%,$(sort $(dir $(wildcard */*.c */sources)))))
LIBRARIES := $(filter lib%,$(FOLDERS))
PROGRAMS := $(filter-out lib%,$(FOLDERS))
TESTS := $(filter %-test,$(PROGRAMS))
# gdb begins with its symbols: the folder that is called like the project, or else the first that is neither a client nor a test.
PROJECT ?= $(lastword $(notdir $(CURDIR)))
SERVER ?= $(firstword $(filter $(PROJECT),$(PROGRAMS)) $(filter-out %-client %-test,$(PROGRAMS)) $(PROGRAMS))
INTERFACES := $(sort $(wildcard *.idl */*.idl))
# Which kit it was built with.
TOOLS := build/version

# make takes a blank or a dollar in a name for something else.
ODD := $(shell find . -maxdepth 2 -path ./build -prune -o -path '*[ $$]*' \( -name '*.[cS]' -o -name '*.idl' \) -print | head -n 1)
ifneq ($(ODD),)
$(error the name of $(ODD) has a blank or a dollar, which make cannot cope with; give it another name)
endif

# A program has not the name of a goal, nor of something that lies in build. `lykos new` reads these lines.
GOALS := all run test debug dump clean help
BUILT := archive files folders from gen interfaces kit lib options programs version
ifneq ($(filter $(GOALS) $(BUILT),$(FOLDERS)),)
$(error a program cannot be called $(firstword $(filter $(GOALS) $(BUILT),$(FOLDERS))): `make` means something else by it; give the folder another name)
endif

ifneq ($(filter $(FOLDERS),$(MAKECMDGOALS)),)
$(error $(firstword $(filter $(FOLDERS),$(MAKECMDGOALS))) is a folder, not a goal: `make` builds all of it)
endif

# $(call remember,FILE,WORDS): the file has these words, and is as old as they are.
remember = $(shell mkdir -p $(dir $(1)); echo '$(quoted)' | cmp -s - $(1) || echo '$(quoted)' > $(1))
quoted = $(subst ','\'',$(2))

# What a folder has in one of its files, without comments.
HASH := \#
content = $(shell sed 's/$(HASH).*//' $(1) 2>/dev/null)
libs = $(call content,$(1)/libs)
flags = $(call content,$(1)/flags)
libc = $(if $(filter newlib,$(call libs,$(1))),--libc=newlib)
source = $(sort $(wildcard $(1)/*.c $(1)/*.S))
elsewhere = $(call content,$(1)/sources)
# The object of the file $(2) that the folder $(1) has from elsewhere; one that lies above must not become one of another folder.
from = build/from/$(1)/$(subst ../,__/,$(2)).o
own_objects = $(patsubst %,build/%.o,$(call source,$(1)))
objects = $(call own_objects,$(1)) $(foreach s,$(call elsewhere,$(1)),$(call from,$(1),$(s)))

.PHONY: $(GOALS)
all: build/archive ## build the programs, and the archive that they boot from

# --- interfaces -------------------------------------------------------------------------------------------------
$(call remember,build/interfaces,$(INTERFACES))
ifeq ($(INTERFACES),)
$(shell rm -rf build/gen)
else
build/gen/servers.stamp: $(INTERFACES) build/interfaces $(TOOLS)
	$(call say,IDL,"$(INTERFACES)")
	$(Q)$(if $(filter build/interfaces,$?),rm -rf build/gen)
	$(Q)$(BIN)/lykos-idl servers -I . $(INTERFACES) build/gen
GENERATED := build/gen/servers.stamp
build/gen/include/lykos/gen/%.h: $(GENERATED) ;
endif

# What the names of the compiler and its tools begin with.
CROSS := $(or $(CROSS_COMPILE),$(if $(shell command -v x86_64-elf-gcc),x86_64-elf-))

# --- programs ---------------------------------------------------------------------------------------------------
# Mistakes that a compiler may take for less; what CFLAGS or a file flags says comes behind them.
ERRORS := -Werror=implicit-function-declaration -Werror=int-conversion -Werror=incompatible-pointer-types
COMPILER := $(if $(filter environment% command%,$(origin CC)),$(CC),$(CROSS)gcc)
# This one is not known to each.
ERRORS += $(shell echo | $(COMPILER) -Werror -Werror=dangling-pointer -fsyntax-only -x c - 2>/dev/null && echo -Werror=dangling-pointer)

# Again when the options or the kit are others, or something is not there any more.
OPTIONS := $(CC) $(ERRORS) $(CFLAGS)
$(call remember,build/options,$(OPTIONS))
$(call remember,$(TOOLS),$(shell cat $(KIT)/share/kit))
$(call remember,build/folders,$(FOLDERS))
$(foreach f,$(FOLDERS),$(call remember,build/$(f)/objects,$(call objects,$(f)) $(LIBRARIES)))
$(foreach f,$(FOLDERS),$(call remember,build/$(f)/options,$(call flags,$(f)) $(call libs,$(f))))
$(shell rm -f $(filter-out $(LIBRARIES:%=build/lib/%.a),$(wildcard build/lib/*.a)))
# make read the folder before they were in it, and would take a rule that needs one of them for none.
build/options build/folders build/interfaces $(TOOLS): ;

# A file of the folder $(1).
define compile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(BIN)/lykos-cc -c -MMD -MP $(call libc,$(1)) $(ERRORS) $(CFLAGS) $(call flags,$(1)) -Ibuild/gen/include -I. -o $@ $<
endef

build/%.o: % build/options $(TOOLS) | $(GENERATED)
	$(call compile,$(<D))

define folder
$$(call own_objects,$(1)): | $$(call elsewhere,$(1))
$$(call objects,$(1)): build/$(1)/options
endef
define from_elsewhere
$(call from,$(1),$(2)): $(2) build/options $$(TOOLS) | $$(GENERATED)
	$$(call compile,$(1))
endef
$(foreach f,$(FOLDERS),$(eval $(call folder,$(f)))$(foreach s,$(call elsewhere,$(f)),$(eval $(call from_elsewhere,$(f),$(s)))))

define program
build/programs/$(1): $$(call objects,$(1)) build/$(1)/objects $(LIBRARIES:%=build/lib/%.a) $(TOOLS)
	$$(call say,LD,$(1))
	$(Q)mkdir -p $$(@D)
	$(Q)$(BIN)/lykos-cc -o $$@ $$(call libc,$(1)) $$(call objects,$(1)) -Lbuild/lib $$(filter-out newlib,$$(call libs,$(1)))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# --- libraries --------------------------------------------------------------------------------------------------

define library
build/lib/$(1).a: $$(call objects,$(1)) build/$(1)/objects $(TOOLS)
	$$(call say,AR,$(1))
	$(Q)mkdir -p $$(@D)
	$(Q)rm -f $$@
	$(Q)$(CROSS)ar rcsD $$@ $$(call objects,$(1))
endef
$(foreach l,$(LIBRARIES),$(eval $(call library,$(l))))

# --- the system -------------------------------------------------------------------------------------------------
build/system.table: system.lyk $(wildcard *.lyk) $(wildcard $(PROGRAMS:%=%/needs)) $(foreach p,$(PROGRAMS),$(call source,$(p))) $(PROGRAMS) build/folders $(TOOLS)
	$(call say,TABLE,$<)
	$(Q)$(BIN)/lykos-system table $< $@ --programs $(PROGRAMS) --base
build/archive: build/system.table $(PROGRAMS:%=build/programs/%)
	$(call say,ARCHIVE,$@)
	$(Q)$(BIN)/lykos-system files system.lyk --in build/programs > build/files
	$(Q)$(BIN)/lykos-image make $@ --list build/files build/system.table

# --- run, test, debug -------------------------------------------------------------------------------------------
run: all ## start it in QEMU; Ctrl-A X leaves (APPEND=run=PROGRAM,WORD,WORD MEMORY=256M)
	@$(BIN)/run-qemu --build build --memory $(MEMORY) --append '$(APPEND)' --interactive --dump build/run
test: all ## run the programs *-test, as they are and with preemption at random (SEEDS='1 2 3')
	@$(BIN)/$(TEST_COMMAND)
debug: all ## gdb at the start of the kernel, or at a dump: DUMP=FILE (`help lykos` in gdb)
	@$(BIN)/run-gdb build $(if $(DUMP),--open '$(DUMP)',--program '$(SERVER)' --memory $(MEMORY) --append '$(APPEND)')
dump: ## write the memory of what `make run` has started to build/run/lykos.dump
	@$(BIN)/dump build/run $(if $(DUMP),'$(DUMP)')
clean: ## remove everything built
	$(if $(CLEAN_FIRST),,rm -rf build)
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(KIT)/share/lykos.mk

-include $(patsubst %.o,%.d,$(foreach p,$(FOLDERS),$(call objects,$(p))))
