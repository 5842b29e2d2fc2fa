// SPDX-License-Identifier: Apache-2.0
// The compression function of SHA-256 (FIPS 180-4, section 6.2.2) by the processor's own
// instructions, where it has them.
#ifndef MAPRED_SHA256_H
#define MAPRED_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// 1 where this processor has the instructions.
int mapred_has_sha256(void);

/// Mixes `count` blocks of 64 bytes into the eight words of `state`. `constants` are the 64 of the
/// standard. Only where `mapred_has_sha256` says so.
void mapred_sha256(uint32_t *_Nonnull state, const uint32_t *_Nonnull constants,
                   const void *_Nonnull blocks, size_t count);

#endif
