/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the tracer writes to its port: records of 32 bytes, little-endian. Most are those of the
 * kernel's ring, as SysCtl.readTrace shows them (docs/abi.md, Trace events); those below are the
 * tracer's own. tools/trace/stream.py reads them, and takes the numbers from here.
 */
#pragma once

#include <stdint.h>

/* One record. */
struct trace_record {
    uint64_t cycles;
    uint32_t process; /* oid of the one that runs */
    uint32_t event;   /* its lowest byte is the code */
    uint64_t a, b;
};

#define STREAM_PORT 0xe9u       /* QEMU's debug console */
#define STREAM_PORT_READS 0xe9u /* what reads from that port, if it is there */

/* Codes of the tracer's own records. */
#define STREAM_BEGIN 0xf0u   /* the first: time in nanoseconds since boot; version */
#define STREAM_PROGRAM 0xf1u /* what is traced: its name, 16 bytes */
#define STREAM_LOST 0xf2u    /* the next record is not that behind the last: how many are lost */
#define STREAM_PAUSE 0xf3u   /* nothing is recorded while the tracer writes: */
#define STREAM_RESUME 0xf4u  /* and now it is again */
#define STREAM_END 0xf5u     /* the last: time in nanoseconds since boot; how many were lost */

#define STREAM_VERSION 1u
