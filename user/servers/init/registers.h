/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init keeps in which capability register, behind those that the kernel filled (<abi/init.h>).
 *
 * Registers marked "work" hold something only while one function runs; everything that must last is
 * on the shelf.
 */
#pragma once

#include <abi/init.h>

#define REG_WORK 16      /* work: a capability on its way from one place to another */
#define REG_PROCESS 17   /* work: Process of the program being built, shown or destroyed */
#define REG_ROOT 18      /* work: root GPT of the space being built */
#define REG_LEAF 19      /* work: the GPT of that space that pages go into now */
#define REG_CHILD 20     /* work: on the way down to it */
#define REG_PAGE 21      /* work: a page */
#define REG_FAULTS_EP 22 /* Endpoint `init.faults` */
#define REG_BANK 23      /* work: the bank that pays for a program */
/* 24..27 belong to the server loop: LK_REG_CALLER, LK_REG_ARG (<lykos/start.h>) */
#define REG_SHELF 28      /* CapPage: the shelf (shelf.h) */
#define REG_SHELF_PAGE 29 /* the page of it that was used last */
#define REG_MAIN_BANK 30  /* the topmost bank, once it is there */
#define REG_EXIT_EP 31    /* Endpoint `init.exit`; `init.programs` is LK_INIT_ENDPOINT */
