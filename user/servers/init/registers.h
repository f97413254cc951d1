/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init keeps in which capability register, behind those that the kernel filled (<abi/init.h>).
 *
 * Registers marked "work" hold something only while one function runs; everything that must last is
 * on the shelf.
 */
#pragma once

#include <abi/init.h>

#define REG_MAIN_BANK 15 /* the topmost bank, once it is there; until then LK_INIT_DEVICES */
/* 16: LK_INIT_SCRATCH */
#define REG_WORK 17    /* work: a capability on its way from one place to another */
#define REG_PROCESS 18 /* work: Process of the program being built, shown or destroyed */
#define REG_ROOT 19    /* work: root GPT of the space being built */
#define REG_LEAF 20    /* work: the GPT of that space that pages go into now */
#define REG_CHILD 21   /* work: on the way down to it */
#define REG_PAGE 22    /* work: a page */
#define REG_BANK 23    /* work: the bank that pays for a program */
/* 24..27 belong to the server loop: LK_REG_CALLER, LK_REG_ARG (<lykos/start.h>) */
#define REG_SHELF 28      /* CapPage: the shelf (shelf.h) */
#define REG_SHELF_PAGE 29 /* the page of it that was used last */
#define REG_FAULTS_EP 30  /* Endpoint `init.faults` */
#define REG_EXIT_EP 31    /* Endpoint `init.exit`; `init.programs` is LK_INIT_ENDPOINT */
