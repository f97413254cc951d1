# SPDX-License-Identifier: BSD-2-Clause
#
# Lykos: build, run, test. `make help` lists what there is.
#
# There are no lists of objects here: what lies in a folder is built. The kernel is kernel/, kernel/cap/, boot/,
# arch/x86_64/ and tests/kernel/; each folder under user/servers and user/programs is one program; each folder under
# tests/system, with tests/system/lib, is a test scenario: a program that is `init` of an archive of its own. Each under
# tests/programs is a program that only tests put into an archive. user/lib, user/newlib,
# user/rpc, user/dispatch, user/domains and user/portserver are libraries.
# Everything made goes to build/ (gcc) or build-clang/ (make CC=clang); V=1 shows the commands.

# What each goal needs beside a compiler: groups of tools/install-deps.
NEEDS_run := build run
NEEDS_iso := build iso
NEEDS_run-iso := build run iso
NEEDS_run-uefi := build run iso uefi
NEEDS_serve := build run
NEEDS_virsh := build virsh
NEEDS_debug := build run debug
NEEDS_dump := build
NEEDS_trace := build run
NEEDS_pictures := build run
NEEDS_test := build run iso uefi test virsh debug graph
NEEDS_graph := build graph
NEEDS_docs := build graph
NEEDS_soak := $(NEEDS_test)
NEEDS_bench := build run test
NEEDS_bench-dispatch := build run virsh libvirtd
NEEDS_bench-check := $(NEEDS_bench)
NEEDS_bench-baseline := $(NEEDS_bench)
NEEDS_format := check
NEEDS_check := build check

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

# What the goals need is there, or gets installed, before anything else happens (tools/install-deps).
NEEDS := $(foreach g,$(or $(MAKECMDGOALS),all),$(or $(NEEDS_$(g)),$(if $(filter clean help,$(g)),,build)))
ifneq ($(strip $(NEEDS)),)
$(shell tools/install-deps $(sort $(NEEDS)) 1>&2)
ifneq ($(.SHELLSTATUS),0)
$(error something that Lykos is made with is missing, see above)
endif
endif

# --- flags ----------------------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wconversion -Wsign-compare -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wswitch-enum -Wvla -Werror
# The same bytes wherever the tree lies.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.
COMMON := -std=gnu11 -O2 -g $(WARNINGS) $(REPRODUCIBLE) -ffreestanding -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-pic -fno-common -MMD -MP $(if $(CLANG),--target=x86_64-unknown-none-elf)

KERNEL_INC := -Ikernel/include -Ikernel -I$(GEN)/include -I$(GEN) -Iarch/$(ARCH)/include -I.
KERNEL_CFLAGS := $(COMMON) -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls $(KERNEL_INC)
USER_INC := -Iuser/lib/include -Ikernel -I$(GEN)/include
# Programs are built without SSE and x87. A program that wants floating point says so in a file `flags` in its
# folder: more options for the compiler, such as -msse2 -m80387.
USER_CFLAGS := $(COMMON) -mno-mmx -mno-sse -mno-sse2 -mno-80387 -mno-red-zone -fno-omit-frame-pointer $(USER_INC)
LINK := $(LD) -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings

# Compile again when the flags or the compiler change.
FLAGS_NOW := $(CC) $(KERNEL_CFLAGS) $(USER_CFLAGS) $(LINK) $(foreach f,$(wildcard user/*/flags user/*/*/flags tests/*/*/flags),$(f) $(shell cat $(f)))
FLAGS := $(BUILD)/flags
$(shell mkdir -p $(BUILD); echo '$(FLAGS_NOW)' | cmp -s - $(FLAGS) || echo '$(FLAGS_NOW)' > $(FLAGS))
# What tools/lykos-cc compiles and links programs with: the same, but for what is about this tree or this compiler.
USER_FLAGS := $(BUILD)/user-flags
$(USER_FLAGS): $(FLAGS) Makefile
	$(Q)echo 'compile $(filter-out $(WARNINGS) $(REPRODUCIBLE) $(USER_INC) --target=% -MMD -MP,$(USER_CFLAGS))' > $@
	$(Q)echo 'link $(filter-out $(LD),$(LINK))' >> $@
	$(Q)echo 'compile-newlib $(call newlib_flags,@LIB@/newlib/include,@COMPILER@)' >> $@
	$(Q)echo 'link-newlib $(call newlib_link,-lnewlib -llykos,@LIB@/newlib)' >> $@

# --- sources --------------------------------------------------------------------------------------------------
objects = $(addprefix $(BUILD)/,$(addsuffix .o,$(1)))

KERNEL_SRC := $(sort $(filter-out arch/$(ARCH)/offsets.c,$(wildcard kernel/*.c kernel/cap/*.c \
	arch/$(ARCH)/*.c arch/$(ARCH)/*.S boot/*.c boot/*.S tests/kernel/*.c tests/kernel/check/*.c)))
LIB_SRC := $(sort $(wildcard user/lib/*.c user/lib/*.S))
PROGRAM_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard user/servers/*/*.c user/programs/*/*.c))))
PROGRAMS := $(addprefix $(BUILD)/user/,$(notdir $(PROGRAM_DIRS)))
program_src = $(sort $(wildcard $(1)/*.c $(1)/*.S))
# Scenarios of tests/system.
SYS_LIB_SRC := $(call program_src,tests/system/lib)
SYS_DIRS := $(filter-out tests/system/lib,$(patsubst %/,%,$(sort $(dir $(wildcard tests/system/*/*.c)))))
SYS_ARCHIVES := $(patsubst tests/system/%,$(BUILD)/test/%.archive,$(SYS_DIRS))
# Programs that only tests put into an archive.
TEST_PROGRAM_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard tests/programs/*/*.c))))
TEST_PROGRAMS := $(addprefix $(BUILD)/test/programs/,$(notdir $(TEST_PROGRAM_DIRS)))
ALL_USER_SRC := $(LIB_SRC) $(foreach d,$(PROGRAM_DIRS) $(SYS_DIRS) $(TEST_PROGRAM_DIRS),$(call program_src,$(d))) $(SYS_LIB_SRC)

KERNEL := $(BUILD)/lykos
ARCHIVE := $(BUILD)/archive
ISO := $(BUILD)/lykos.iso

.PHONY: all
all: $(KERNEL) $(ARCHIVE) $(USER_FLAGS) ## build the kernel and the archive of user programs

# --- generated from descriptions of interfaces (docs/idl.md) --------------------------------------------------
IDL := tools/lykos-idl tools/places.py tools/plain.py $(wildcard tools/idl/*.py) tools/idl/grammar.lark
KERNEL_IDL := $(wildcard kernel/abi/*.idl)
GENERATED := $(GEN)/abi.stamp
$(GENERATED): $(IDL) $(KERNEL_IDL)
	$(call say,IDL,kernel/abi/lykos.idl)
	$(Q)$(PYTHON) tools/lykos-idl kernel kernel/abi/lykos.idl $(GEN)

# Interfaces of servers: of many programs in user/idl, of one in its folder, for tests in tests/idl and tests/programs.
SERVER_IDL := $(sort $(wildcard user/idl/*.idl user/*/*/*.idl))
TEST_IDL := $(sort $(wildcard tests/idl/*.idl tests/programs/*/*.idl))
SERVERS_GENERATED := $(GEN)/servers.stamp
$(SERVERS_GENERATED): $(IDL) $(KERNEL_IDL) $(SERVER_IDL) $(TEST_IDL)
	$(call say,IDL,"$(SERVER_IDL)")
	$(Q)$(PYTHON) tools/lykos-idl servers -I kernel $(SERVER_IDL) $(TEST_IDL) $(GEN)

# What is compiled with one of these waits for it to be made, and is compiled again if it was written, not each time.
$(addprefix $(GEN)/,include/abi/gen.h include/lykos/stubs.h captypes.h traceevents.h ops.h optables.inc): $(GENERATED) ;
$(GEN)/include/lykos/gen/%.h: $(SERVERS_GENERATED) ;

# Offsets of structure fields for assembly: offsets.c is compiled to assembly, in which each line
# `.ascii "->NAME VALUE"` becomes a symbol.
OFFSETS := $(GEN)/include/arch/offsets.h
$(OFFSETS): arch/$(ARCH)/offsets.c $(FLAGS) | $(GENERATED)
	$(call say,OFFSETS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MF $(BUILD)/offsets.d -MT $@ -S -o $(BUILD)/offsets.s $<
	$(Q)(echo '/* Made by the Makefile from $<. */'; \
	  sed -n 's/^[[:space:]]*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\) [$$]*\([-0-9]*\).*"/.set \1, \2/p' \
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

# --- RPC: remote.x through rpcgen, and newlib's XDR, which it stands on (user/rpc/README.md) ------------------
# newlib's sources are a package. They are unpacked here and compiled as they are, but for one line: what a decoder
# throws away goes to the stack, not to a variable that all threads would write.
NEWLIB := $(lastword $(sort $(wildcard /usr/src/newlib/newlib-*.tar.*)))
ifneq ($(strip $(NEEDS)),)
ifeq ($(NEWLIB),)
$(error there are no sources of newlib in /usr/src/newlib: the package newlib-source has them)
endif
endif
XDR := $(BUILD)/newlib-xdr
XDR_MEMBERS := libc/xdr/xdr.c libc/xdr/xdr_array.c libc/xdr/xdr_mem.c libc/xdr/xdr_reference.c libc/xdr/xdr_private.h \
	libc/include/rpc/types.h libc/include/rpc/xdr.h
$(XDR)/stamp: $(NEWLIB) Makefile
	$(call say,UNPACK,$<)
	$(Q)rm -rf $(XDR) && mkdir -p $(XDR)
	$(Q)tar -xmf $< -C $(XDR) --strip-components=2 --wildcards $(addprefix '*/newlib/,$(addsuffix ',$(XDR_MEMBERS)))
	$(Q)sed -i 's/  static char crud\[/  char crud[/' $(XDR)/libc/xdr/xdr.c && grep -q '^  char crud\[' $(XDR)/libc/xdr/xdr.c
	$(Q)touch $@
RPC_FOREIGN := $(GEN)/rpc/remote_xdr.c $(filter %.c,$(addprefix $(XDR)/,$(XDR_MEMBERS)))
$(filter $(XDR)/%,$(RPC_FOREIGN)): $(XDR)/stamp ;
$(GEN)/rpc/remote.h: user/rpc/remote.x
	$(call say,RPCGEN,$<)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)cd $(<D) && rpcgen -i 0 -h -o $(abspath $@) $(<F)
$(GEN)/rpc/remote_xdr.c: user/rpc/remote.x $(GEN)/rpc/remote.h
	$(Q)rm -f $@
	$(Q)cd $(<D) && rpcgen -i 0 -c -o $(abspath $@) $(<F)
RPC_MADE := $(GENERATED) $(SERVERS_GENERATED) $(GEN)/rpc/remote.h $(XDR)/stamp

# Libraries that use RPC, a folder each, which names it in its file `libs` as programs do.
OVER_RPC := dispatch domains portserver
OVER_RPC_SRC := $(sort $(wildcard $(OVER_RPC:%=user/%/*.c)))

# What uses RPC has no C library (newlib as a whole would be much for it): where XDR looks for one it finds the headers in user/rpc/libc. They stand before
# those of this machine, but behind them where something is built for this machine.
RPC_SRC := $(sort $(wildcard user/rpc/*.c))
RPC_OBJ := $(call objects,$(RPC_SRC))
RPC_INC := $(OVER_RPC:%=-Iuser/%/include) -Iuser/rpc/include -I$(GEN)/rpc -isystem $(XDR)/libc/include
RPC_LIBC := -isystem user/rpc/libc
RPC_HOST_INC := $(RPC_INC) -idirafter user/rpc/libc
# What others wrote, and what rpcgen wrote, is compiled without warnings.
FOREIGN_CFLAGS := -w -fno-strict-aliasing $(RPC_LIBC) -Iuser/lib/include $(RPC_INC) -include user/rpc/xdr_port.h
RPC := $(BUILD)/librpc.a

# $(call foreign,OBJECT,SOURCE,COMPILER,FLAGS,FLAG FILE)
define foreign
$(1): $(2) $(5) user/rpc/xdr_port.h $(wildcard user/rpc/libc/*.h user/rpc/libc/*/*.h) | $(RPC_MADE)
	$$(call say,CC,$(2))
	$(Q)mkdir -p $$(@D)
	$(Q)$(3) $(4) $(FOREIGN_CFLAGS) -c -o $$@ $(2)
endef
foreign_objects = $(addprefix $(BUILD)/$(1)/,$(notdir $(RPC_FOREIGN:.c=.o)))
$(foreach f,$(RPC_FOREIGN),$(eval $(call foreign,$(BUILD)/rpc/$(notdir $(f:.c=.o)),$(f),$(CC),$(filter-out \
	$(WARNINGS),$(USER_CFLAGS)),$(FLAGS) Makefile)))
$(RPC_OBJ): $(BUILD)/%.o: % $(FLAGS) Makefile | $(RPC_MADE)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) $(RPC_LIBC) $(RPC_INC) -c -o $@ $<
$(RPC): $(RPC_OBJ) $(call foreign_objects,rpc)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^
all: $(RPC)

-include $(wildcard $(BUILD)/rpc/*.d $(BUILD)/unit/xdr/*.d $(BUILD)/fuzz/xdr/*.d)

# --- newlib: the C library for programs that want one (user/newlib/README.md) ---------------------------------
# Compiled once, by gcc, for whatever compiler the rest is built with; `make clean` leaves it.
NEWLIB_BUILD ?= build-newlib
NEWLIB_CC := $(if $(CLANG),gcc,$(CC))
# As programs are compiled, but with SSE. Its locks are ours, and errno is each thread's own.
NEWLIB_CFLAGS := -O2 -ffreestanding -fno-pic -mno-red-zone -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -D__DYNAMIC_REENT__ -w
NEWLIB_OPTIONS := --host=x86_64-elf --disable-dependency-tracking --disable-multilib --disable-shared \
	--disable-newlib-supplied-syscalls \
	--enable-newlib-io-long-long --enable-newlib-io-c99-formats --enable-newlib-retargetable-locking \
	--enable-newlib-global-stdio-streams
NEWLIB_NOW := $(notdir $(NEWLIB)) $(NEWLIB_CC) $(NEWLIB_CFLAGS) $(NEWLIB_OPTIONS)
$(shell mkdir -p $(NEWLIB_BUILD); echo '$(NEWLIB_NOW)' | cmp -s - $(NEWLIB_BUILD)/flags || \
	echo '$(NEWLIB_NOW)' > $(NEWLIB_BUILD)/flags)
NEWLIB_LIBS := $(NEWLIB_BUILD)/libc.a $(NEWLIB_BUILD)/libm.a
$(NEWLIB_BUILD)/stamp: $(NEWLIB) $(NEWLIB_BUILD)/flags tools/make-newlib
	$(call say,NEWLIB,"$< (once: a minute or two)")
	$(Q)tools/make-newlib $< $(NEWLIB_BUILD) '$(NEWLIB_CC)' '$(AR)' '$(NEWLIB_CFLAGS)' '$(NEWLIB_OPTIONS)'
	$(Q)touch $@
$(NEWLIB_LIBS): $(NEWLIB_BUILD)/stamp ;
NEWLIB_SRC := $(sort $(wildcard user/newlib/*.c))
# $(call newlib_flags,ITS HEADERS,THE COMPILER'S OWN): no others are found, above all none of this machine.
newlib_flags = -DLK_NEWLIB -D__DYNAMIC_REENT__ -D_POSIX_TIMERS=1 -D_POSIX_MONOTONIC_CLOCK=1 -msse2 -m80387 \
	-nostdinc -isystem $(1) -isystem $(2)
# $(call newlib_link,OUR LIBRARIES,FOLDER): what both newlib and our library have is taken from ours.
newlib_link = -u lk_main -u memcpy -u strlen --start-group $(1) $(2)/libc.a $(2)/libm.a --end-group
NEWLIB_FLAGS := $(call newlib_flags,$(NEWLIB_BUILD)/include,$(shell $(CC) -print-file-name=include))
NEWLIB_OURS := $(BUILD)/libnewlib.a
$(call objects,$(NEWLIB_SRC)): $(BUILD)/%.o: % $(FLAGS) Makefile $(NEWLIB_BUILD)/stamp | $(RPC_MADE)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) $(NEWLIB_FLAGS) -c -o $@ $<
$(NEWLIB_OURS): $(call objects,$(NEWLIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^
	$(Q)ln -sfn $(abspath $(NEWLIB_BUILD)) $(BUILD)/newlib

# --- user level -----------------------------------------------------------------------------------------------
LIB := $(BUILD)/liblykos.a
LIB_OBJ := $(call objects,$(LIB_SRC))
USER_LDS := $(firstword $(wildcard user/lib/*.ld))

# A file `libs` in a program's folder names what it uses beside the library of all programs: `newlib`, or libraries
# that use RPC, `rpc` last.
libs = $(shell cat $(1)/libs 2>/dev/null)
NEWLIB_USERS := $(foreach d,$(PROGRAM_DIRS) $(SYS_DIRS) $(TEST_PROGRAM_DIRS),$(if $(filter newlib,$(call libs,$(d))),$(call program_src,$(d))))
$(call objects,$(NEWLIB_USERS)): $(NEWLIB_BUILD)/stamp Makefile
lib_flags = $(if $(filter newlib,$(1)),$(NEWLIB_FLAGS),$(if $(1),$(RPC_LIBC) $(RPC_INC)))
$(call objects,$(ALL_USER_SRC) $(OVER_RPC_SRC)): $(BUILD)/%.o: % $(FLAGS) | $(RPC_MADE)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(USER_CFLAGS) $(call lib_flags,$(call libs,$(<D))) $(shell cat $(<D)/flags 2>/dev/null) -c -o $@ $<
$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

# $(call library,NAME): the rules for one that uses RPC.
define library
$(BUILD)/lib$(1).a: $(call objects,$(filter user/$(1)/%,$(OVER_RPC_SRC)))
	$$(call say,AR,$$@)
	$(Q)rm -f $$@
	$(Q)$(AR) rcsD $$@ $$^
all: $(BUILD)/lib$(1).a
endef
$(foreach l,$(OVER_RPC),$(eval $(call library,$(l))))

# $(call program,OUTPUT,SOURCES,LIBRARIES): the rules for one program. What is packed has names for fault reports, no
# more.
lib_files = $(foreach l,$(1),$(BUILD)/lib$(l).a $(if $(filter newlib,$(l)),$(NEWLIB_LIBS)))
lib_link = $(if $(filter newlib,$(1)),$(call newlib_link,$(NEWLIB_OURS) $(LIB),$(NEWLIB_BUILD)),$(lib_files) $(LIB))
define program
$(1).debug: $(call objects,$(2)) $(call lib_files,$(3)) $(LIB) $(USER_LDS)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(LINK) -T $(USER_LDS) -o $$@ $(call objects,$(2)) $(call lib_link,$(3))
$(1): $(1).debug
	$(Q)$(OBJCOPY) --strip-debug $$< $$@
endef
$(foreach d,$(PROGRAM_DIRS),$(eval $(call program,$(BUILD)/user/$(notdir $(d)),$(call program_src,$(d)),$(call libs,$(d)))))

# The system description is checked, and a mistake in it ends the build; what init reads is a table of it.
HOST_CC ?= $(if $(CLANG),clang,gcc)
TABLE := $(BUILD)/system.table
DESCRIPTION := user/system.lyk $(filter-out user/system.lyk,$(wildcard user/*.lyk))
LYKOS_SYSTEM := tools/lykos-system tools/places.py tools/plain.py $(wildcard tools/system/*.py tools/system/*.lark) user/servers/init/table.def
$(TABLE): $(DESCRIPTION) $(LYKOS_SYSTEM) $(PROGRAM_DIRS) $(wildcard $(PROGRAM_DIRS:%=%/needs)) | $(FLAGS)
	$(call say,TABLE,$<)
	$(Q)$(PYTHON) tools/lykos-system table user/system.lyk $@ --programs $(PROGRAM_DIRS)
$(ARCHIVE): $(PROGRAMS) $(TABLE) tools/mkimage
	$(call say,ARCHIVE,$@)
	$(Q)$(PYTHON) tools/mkimage make $@ $(PROGRAMS) $(TABLE)

.PHONY: graph
graph: docs/system.svg $(BUILD)/graph.svg ## draw the capability graph: docs/system.svg, what runs after boot; build/graph.svg, all
docs/system.svg: $(DESCRIPTION) $(LYKOS_SYSTEM)
	$(call say,GRAPH,$@)
	$(Q)$(PYTHON) tools/lykos-system graph $< --boot --all --svg $@
$(BUILD)/graph.svg: $(DESCRIPTION) $(LYKOS_SYSTEM)
	$(call say,GRAPH,$@)
	$(Q)$(PYTHON) tools/lykos-system graph $< --svg $@

.PHONY: programs
programs: $(PROGRAMS) $(LIB)

# --- system tests: each scenario is an archive whose init is the test -----------------------------------------
$(foreach d,$(SYS_DIRS),$(eval $(call program,$(BUILD)/test/$(notdir $(d)),$(call program_src,$(d)) $(SYS_LIB_SRC),$(call libs,$(d)))))
$(SYS_ARCHIVES): %.archive: % tools/mkimage
	$(Q)$(PYTHON) tools/mkimage make $@ init=$<

$(foreach d,$(TEST_PROGRAM_DIRS),$(eval $(call program,$(BUILD)/test/programs/$(notdir $(d)),$(call program_src,$(d)),$(call libs,$(d)))))

.PHONY: tests
tests: $(KERNEL) $(SYS_ARCHIVES) $(TEST_PROGRAMS) unit-build ## build the tests (to build/test and build/unit) without running them

# --- the kit: for servers outside of the tree (docs/kit.md) ------------------------------------------------------
KIT := $(BUILD)/lykos-kit.tar.xz
KIT_FILES := $(shell find user/kit user/exercises docs tools/kit tools/gdb tools/idl tools/remote tools/system user/lib/include -type f ! -name '*.pyc')
$(KIT): all $(NEWLIB_OURS) $(NEWLIB_LIBS) tools/make-kit tools/lykos tools/lykos-cc tools/run-gdb tools/dump tools/install-deps $(KIT_FILES)
	$(call say,KIT,$@)
	$(Q)$(PYTHON) tools/make-kit $(BUILD) $@
.PHONY: kit
kit: $(KIT) ## pack what is needed to write servers outside of this tree: build/lykos-kit.tar.xz (docs/kit.md)

# --- image ----------------------------------------------------------------------------------------------------
# APPEND is the kernel's command line.
APPEND ?=
$(ISO): $(KERNEL) $(ARCHIVE) boot/grub.cfg tools/mkiso
	$(call say,ISO,$@)
	$(Q)tools/mkiso $(KERNEL) $(ARCHIVE) boot/grub.cfg $@ '$(APPEND)'

.PHONY: iso
iso: $(ISO) ## make the bootable image for BIOS and UEFI, build/lykos.iso

# --- run ------------------------------------------------------------------------------------------------------
MEMORY ?= 256M
CPUS ?= 1
MACHINE ?= pc
DUMP ?=
START = tools/run-qemu --build $(BUILD) --machine $(MACHINE) --memory $(MEMORY) --cpus $(CPUS) --append '$(APPEND)'

# The ports for virsh are sockets in build/run (docs/virsh.md).
PORTS := --ports $(BUILD)/run
# A panic leaves the machine's memory there, too (docs/debugging.md).
KEEP := --dump $(BUILD)/run

.PHONY: run run-iso run-uefi serve virsh debug dump
run: all ## build and start in QEMU; Ctrl-A X leaves (APPEND=run=ping,10 MEMORY=256M CPUS=1 MACHINE=pc)
	@$(START) --interactive $(PORTS) $(KEEP)
run-iso: all ## the same through GRUB on BIOS
	@$(START) --interactive $(PORTS) $(KEEP) --way bios
run-uefi: all ## the same through GRUB on UEFI
	@$(START) --interactive $(PORTS) $(KEEP) --way uefi
serve: all ## the same without a terminal, with programs to try virsh on; Ctrl-C or kill ends it
	@exec $(START) --append 'serve $(APPEND)' --serve --end-with-parent $(PORTS) $(KEEP)
virsh: ## virsh on a free port of what `make run` or `make serve` has started
	@exec tools/virsh --folder $(BUILD)/run
debug: all ## start in QEMU with gdb attached, or gdb on a dump: DUMP=FILE (docs/debugging.md; `help lykos` in gdb)
	@tools/run-gdb $(BUILD) $(if $(DUMP),--open '$(DUMP)',--memory $(MEMORY) --cpus $(CPUS) --append '$(APPEND)')
dump: ## write the memory of what `make run` or `make serve` has started to build/run/lykos.dump (or DUMP=FILE)
	@tools/dump $(BUILD)/run $(if $(DUMP),'$(DUMP)')

# What happens while a program runs, as a timeline (docs/tracing.md).
SECONDS ?= 0
RUN ?=
.PHONY: trace
trace: all ## trace a program, to build/trace/trace.html and trace.json (RUN="ping 10" SECONDS=2 CPUS=1)
	@tools/lykos-trace run --build $(BUILD) --memory $(MEMORY) --cpus $(CPUS) --append '$(APPEND)' --program '$(RUN)' \
	  --seconds $(SECONDS)

# The pictures of docs that are made from traces, on the virtual clock (tools/tracing/album.py): of ping, and of a program that is
# there for nothing else.
PICTURES := $(BUILD)/test/pictures
$(PICTURES)/system.table: tests/programs/pictures.lyk $(DESCRIPTION) $(LYKOS_SYSTEM)
	$(call say,TABLE,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/lykos-system table $< $@
$(PICTURES)/archive: $(PROGRAMS) $(BUILD)/test/programs/scenes $(PICTURES)/system.table tools/mkimage
	$(call say,ARCHIVE,$@)
	$(Q)$(PYTHON) tools/mkimage make $@ $(filter-out tools/mkimage,$^)
tests: $(PICTURES)/archive
.PHONY: pictures
pictures: all $(PICTURES)/archive ## draw the pictures of docs that are made from traces, anew
	@tools/lykos-trace album --build $(BUILD) --archive $(PICTURES)/archive --out docs

# --- test -----------------------------------------------------------------------------------------------------
# T=NAME chooses tests by name: PART or PART/CASE.
.PHONY: test soak bench bench-dispatch bench-check bench-baseline
test: all tests ## run every test; ends in `N passed, N failed` (T=PART, or T=PART/CASE: see below)
	@tools/test --build $(BUILD) $(T)
soak: all tests ## the long versions of the tests: more seeds, more rounds
	@tools/test --build $(BUILD) --soak $(T)
bench: all ## measure; prints `name value unit` lines, with targets
	@tools/bench --build $(BUILD)
bench-dispatch: all ## measure calls to the dispatcher, beside libvirt's own daemon
	@tools/bench-dispatch --build $(BUILD)
bench-check: all ## measure, and fail if anything takes more than in tests/bench-baseline.json
	@tools/bench --build $(BUILD) --check
bench-baseline: all ## measure, and write the baseline, and the pages that show its numbers
	@tools/bench --build $(BUILD) --baseline

# --- unit tests on the build machine --------------------------------------------------------------------------
# The machine-independent kernel with the port arch/host, under sanitizers: make unit [T=NAME].
UNIT := $(BUILD)/unit/lykos-unit
UNIT_SRC := $(sort $(wildcard kernel/*.c kernel/cap/*.c arch/host/*.c tests/unit/*.c tests/kernel/check/*.c)) \
	tests/kernel/probe.c boot/loaders.c boot/memmap.c $(RPC_SRC) tests/fuzz/rpc/one.c tests/fuzz/dispatch/one.c
UNIT_OBJ := $(addprefix $(BUILD)/unit/,$(addsuffix .o,$(UNIT_SRC)))
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-omit-frame-pointer -fno-common $(SANITIZE) -MMD -MP \
	-Ikernel/include -Ikernel -I$(GEN)/include -I$(GEN) -Iarch/host/include -Iuser/lib/include -I. $(RPC_HOST_INC)
# The host has a C library: what the kernel calls by the name of something there goes by another name here.
UNIT_CFLAGS += -Dsched_yield=kernel_sched_yield
# The table of the system as it is, to be read and damaged.
UNIT_CFLAGS += -DSYSTEM_TABLE='"$(TABLE)"'
UNIT_STRING := $(foreach f,memcpy memmove memset memcmp strlen strcmp,-D$(f)=kernel_$(f))

$(UNIT_OBJ): $(BUILD)/unit/%.o: % $(FLAGS) Makefile | $(RPC_MADE)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(UNIT_CFLAGS) $(if $(filter kernel/string.c,$<),$(UNIT_STRING)) -c -o $@ $<
$(foreach f,$(RPC_FOREIGN),$(eval $(call foreign,$(BUILD)/unit/xdr/$(notdir $(f:.c=.o)),$(f),$(HOST_CC),-std=gnu11 -O1 -g \
	-fno-omit-frame-pointer -fno-common $(SANITIZE) -MMD -MP,$(FLAGS) Makefile)))
$(UNIT): $(UNIT_OBJ) $(call foreign_objects,unit/xdr) | $(TABLE)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(SANITIZE) -o $@ $^

# The fuzzers, of user/rpc (tests/fuzz/rpc) and of generated dispatch (tests/fuzz/dispatch), if this machine has clang's libFuzzer.
FUZZ := $(BUILD)/fuzz/rpc
FUZZ_SRC := $(wildcard tests/fuzz/rpc/*.c) $(RPC_SRC) user/lib/format.c
FUZZ_DISPATCH := $(BUILD)/fuzz/dispatch
FUZZ_DISPATCH_OBJ := $(patsubst %,$(BUILD)/fuzz/%.o,$(wildcard tests/fuzz/dispatch/*.c))
FUZZ_OBJ := $(addprefix $(BUILD)/fuzz/,$(addsuffix .o,$(FUZZ_SRC))) $(FUZZ_DISPATCH_OBJ)
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -MMD -MP -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
$(FUZZ_OBJ): $(BUILD)/fuzz/%.o: % Makefile | $(RPC_MADE)
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) $(WARNINGS) -I. -Ikernel -I$(GEN)/include -Iuser/lib/include $(RPC_HOST_INC) -c -o $@ $<
$(foreach f,$(RPC_FOREIGN),$(eval $(call foreign,$(BUILD)/fuzz/xdr/$(notdir $(f:.c=.o)),$(f),clang,$(FUZZ_CFLAGS),Makefile)))
$(FUZZ): $(filter-out $(FUZZ_DISPATCH_OBJ),$(FUZZ_OBJ)) $(call foreign_objects,fuzz/xdr)
	$(call say,HOSTLD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined -o $@ $^
$(FUZZ_DISPATCH): $(FUZZ_DISPATCH_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined -o $@ $^
-include $(FUZZ_OBJ:.o=.d)
tests: $(if $(wildcard /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a),$(FUZZ) $(FUZZ_DISPATCH))

.PHONY: unit
unit: $(UNIT) ## unit tests of the kernel on this machine
	$(Q)$(UNIT) $(T)
.PHONY: unit-build
unit-build: $(UNIT)
-include $(UNIT_OBJ:.o=.d)

# --- check ----------------------------------------------------------------------------------------------------
C_FILES := $(sort $(shell find kernel arch boot user tests tools -name '*.c' -o -name '*.h' 2>/dev/null))
KERNEL_C := $(filter kernel/% boot/% arch/$(ARCH)/% tests/kernel/%,$(filter %.c,$(C_FILES)))
NEWLIB_C := $(filter %.c,$(NEWLIB_SRC) $(NEWLIB_USERS))
USER_C := $(filter-out $(NEWLIB_C),$(filter %.c,$(ALL_USER_SRC)))
KERNEL_HEADERS := $(filter kernel/include/% kernel/abi/% arch/$(ARCH)/% boot/%,$(filter %.h,$(C_FILES)))
USER_HEADERS := $(filter user/lib/include/%,$(filter %.h,$(C_FILES)))
RPC_HEADERS := $(filter user/rpc/include/% user/rpc/libc/% $(OVER_RPC:%=user/%/include/%),$(filter %.h,$(C_FILES)))
CPPCHECK = cppcheck --quiet -j $$(nproc) --error-exitcode=1 --inline-suppr --std=c11 \
	--enable=warning,portability,performance --suppressions-list=tools/cppcheck.suppress \
	'-D_Noreturn=__attribute__((noreturn))'
# For clang's tools: flags without what only gcc knows.
TIDY_FLAGS = $(filter-out -MMD -MP -Werror --target=%,$(1)) --target=x86_64-unknown-none-elf

.PHONY: check check-format check-headers check-tidy check-cppcheck check-abi check-performance check-compilers
check: check-format check-headers check-abi check-performance check-commit check-compilers check-cppcheck check-tidy ## layout, lint, headers, both compilers
	@echo 'all checks passed'
check-format:
	$(call say,FORMAT,"$(words $(C_FILES)) files")
	$(Q)clang-format --dry-run -Werror $(C_FILES)
	$(Q)awk 'length > 100 { print FILENAME ":" FNR ": more than 100 columns"; bad = 1 } END { exit bad }' $(C_FILES)
# Every header compiles alone.
check-headers: $(RPC_MADE)
	$(call say,HEADERS,"$(words $(KERNEL_HEADERS) $(USER_HEADERS) $(RPC_HEADERS)) files")
	$(Q)for h in $(filter-out %/arch_inline.h,$(KERNEL_HEADERS)); do \
	  $(CC) $(filter-out -MMD -MP,$(KERNEL_CFLAGS)) -fsyntax-only -include stddef.h -include $$h \
	    -x c /dev/null || exit 1; done
	$(Q)for h in $(USER_HEADERS) $$(ls $(GEN)/include/lykos/gen/*.h | grep -v _server.h); do \
	  $(CC) $(filter-out -MMD -MP,$(USER_CFLAGS)) -fsyntax-only -include $$h -x c /dev/null || exit 1; done
	$(Q)for h in $(RPC_HEADERS); do \
	  $(CC) $(filter-out -MMD -MP,$(USER_CFLAGS)) $(RPC_LIBC) $(RPC_INC) -fsyntax-only -include $$h \
	    -x c /dev/null || exit 1; done
check-abi: $(GENERATED)
	$(call say,ABI,docs/abi.md docs/interfaces docs/book/reference.md)
	$(Q)$(PYTHON) tools/lykos-idl kernel kernel/abi/lykos.idl --page docs/abi.md --check
	$(Q)$(PYTHON) tools/lykos-idl servers -I kernel $(SERVER_IDL) --page docs/interfaces --check
	$(Q)$(PYTHON) tools/reference --check
check-performance:
	$(call say,BENCH,docs/performance.md docs/preemption.md)
	$(Q)tools/bench --pages --same
check-commit:
	$(call say,COMMIT,"commit points")
	$(Q)$(PYTHON) tools/check-commit
check-compilers:
	$(Q)$(MAKE) --no-print-directory CC=gcc BUILD=build all
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=build-clang all
# Functions that newlib declares are defined here, with names of our own for what they are given.
check-tidy: $(RPC_MADE) $(NEWLIB_BUILD)/stamp
	$(call say,TIDY,"$(words $(KERNEL_C) $(USER_C) $(RPC_SRC) $(OVER_RPC_SRC) $(NEWLIB_C)) files")
	$(Q)printf '%s\n' $(KERNEL_C) | xargs -P $$(nproc) -n 4 sh -c \
	  'clang-tidy --quiet "$$@" -- $(call TIDY_FLAGS,$(KERNEL_CFLAGS)) 2>/dev/null' tidy
	$(Q)printf '%s\n' $(USER_C) $(RPC_SRC) $(OVER_RPC_SRC) | xargs -P $$(nproc) -n 4 sh -c \
	  'clang-tidy --quiet "$$@" -- $(call TIDY_FLAGS,$(USER_CFLAGS) -DLK_CHECKED $(RPC_LIBC) $(RPC_INC)) 2>/dev/null' tidy
	$(Q)printf '%s\n' $(NEWLIB_C) | xargs -P $$(nproc) -n 4 sh -c \
	  'clang-tidy --quiet --checks=-readability-inconsistent-declaration-parameter-name "$$@" -- $(call TIDY_FLAGS,$(USER_CFLAGS) -DLK_CHECKED $(NEWLIB_FLAGS)) 2>/dev/null' tidy
check-cppcheck: $(RPC_MADE)
	$(call say,CPPCHECK,"$(words $(KERNEL_C) $(USER_C) $(RPC_SRC) $(OVER_RPC_SRC) $(NEWLIB_C)) files")
	$(Q)$(CPPCHECK) $(KERNEL_INC) $(KERNEL_C)
	$(Q)$(CPPCHECK) $(USER_INC) $(subst -isystem ,-I,$(RPC_INC)) $(USER_C) $(RPC_SRC) $(OVER_RPC_SRC)
	$(Q)$(CPPCHECK) $(USER_INC) -DLK_NEWLIB $(NEWLIB_C)

.PHONY: format
format: ## lay the C sources out as make check wants them
	clang-format -i $(C_FILES)

.PHONY: docs
docs: docs/system.svg ## write again what is generated in docs/: abi.md, interfaces, the graph, the lists of docs/book/reference.md, and the chart and tables of `make bench`
	$(PYTHON) tools/lykos-idl kernel kernel/abi/lykos.idl --page docs/abi.md
	$(PYTHON) tools/lykos-idl servers -I kernel $(SERVER_IDL) --page docs/interfaces
	tools/bench --pages
	$(PYTHON) tools/reference

.PHONY: clean help
clean: ## remove everything built
	rm -rf build build-clang
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo; echo "T=PART, T=PART/CASE, and T='PART --list' for its cases; * stands for anything. The parts:"
	@$(PYTHON) tools/test --parts | fmt -w 78 | sed 's/^/  /'

-include $(patsubst %.o,%.d,$(KERNEL_OBJ) $(call objects,$(ALL_USER_SRC) $(NEWLIB_SRC)) $(RPC_OBJ))
