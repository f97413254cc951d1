/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading ELF64 programs: check one, list its segments, name the function at an address.
 *
 * Pure, and sceptical: the file is foreign input, so every offset and length is checked against the
 * bytes there are, and what is refused is refused in words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 8 /* most segments that are loaded */

struct elf_segment {
    uint64_t address;     /* where it begins in memory */
    uint64_t memory_size; /* bytes there; behind file_size: zeros */
    uint64_t offset;      /* where it begins in the file */
    uint64_t file_size;
    bool write, exec;
};

struct elf_program {
    uint64_t entry;
    unsigned segments; /* sorted by address; no two share a page */
    struct elf_segment segment[ELF_SEGMENTS];
};

/* Check a program that is to lie wholly in [low, high). NULL: good, `out` is filled in. Otherwise
 * why not. */
const char *elf_check(struct elf_program *out, const void *file, size_t bytes, uint64_t low,
                      uint64_t high);

/* The executable segment of an accepted program that `address` lies in, as far as the file has it;
 * NULL: there is none. */
const struct elf_segment *elf_code_at(const struct elf_program *program, uint64_t address);

/* The byte of code at `address`, as the program's file has it; 0 where there is none. */
uint8_t elf_code_byte(const struct elf_program *program, const void *file, uint64_t address);

/* What stands at `address` of an accepted program when it begins: a byte of its file, or 0 behind
 * those. False: it has nothing there. */
bool elf_byte(const struct elf_program *program, const void *file, uint64_t address, uint8_t *out);

/* The address of the symbol of this name in a file that elf_check() accepted. False: there is none.
 */
bool elf_find(const void *file, size_t bytes, const char *wanted, uint64_t *address);

/* The name of the function that `address` lies in, from the symbol table of a file that elf_check()
 * accepted, and how far in it. The name is copied into `name`, cut to fit. False: the file has no
 * symbols, or none for this address. */
bool elf_symbol(const void *file, size_t bytes, uint64_t address, char *name, size_t name_size,
                uint64_t *offset);
