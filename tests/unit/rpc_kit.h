/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For the tests of user/rpc: bytes written as text, and messages read word by word, without the
 * code under test.
 */
#pragma once

#include <lykos/rpc.h>

#define KIT_BYTES 4096u

/* A message that is sent or was received. */
struct kit_bytes {
    size_t n;
    uint8_t at[KIT_BYTES] __attribute__((aligned(8)));
};

/* Bytes from hexadecimal digits; blanks do not count, and "00000000*26" is a word 26 times. */
struct kit_bytes kit_hex(const char *text);
void kit_append(struct kit_bytes *to, struct kit_bytes more);
/* Word i of it; the length in front is set to what it is. */
uint32_t kit_word(const struct kit_bytes *b, size_t i);
void kit_set_word(struct kit_bytes *b, size_t i, uint32_t value);
void kit_seal(struct kit_bytes *b);
bool kit_same(const uint8_t *bytes, size_t n, const char *hex);

/* A call with a payload. */
struct kit_bytes kit_call(int32_t number, const char *payload);

/* rpc_take() of a message of which all is there, in memory that ends where the message does. */
struct kit_taken {
    enum rpc_verdict verdict;
    struct rpc_call call;
    struct rpc_arena arena;
    struct rpc_output out;
    uint8_t memory[RPC_ARENA_FOR(KIT_BYTES)] __attribute__((aligned(8)));
    uint8_t sent[KIT_BYTES] __attribute__((aligned(8)));
};
void kit_take(struct kit_taken *t, const struct rpc_service *service, bool open,
              const struct kit_bytes *message);
/* It was answered with an error, under the header of the message, that has this code and text. */
bool kit_is_error(const struct kit_taken *t, const struct kit_bytes *message, int32_t code,
                  const char *text);

/* A structure of remote.x with values in it, and what it is on the wire. */
struct kit_sample {
    const char *name;
    rpc_codec *codec;
    size_t size;
    void *value;
    const char *hex;
};
/* The arguments and the result of a procedure, and the two that belong to none. */
const struct kit_sample *kit_arguments(enum rpc_procedure_index i);
const struct kit_sample *kit_result(enum rpc_procedure_index i);
const struct kit_sample *kit_error(void);
const struct kit_sample *kit_lifecycle(void);
