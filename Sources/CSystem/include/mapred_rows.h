// SPDX-License-Identifier: Apache-2.0
// Bytes that matter in lines and separated text, as masks of 64, and how often a byte stands
// somewhere. No logic lives here.
#ifndef MAPRED_ROWS_H
#define MAPRED_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Bit i of each mask tells of byte i.
struct mapred_row_bits {
  uint64_t quotes;
  uint64_t separators;
  uint64_t line_feeds;
};

/// The masks of the 64 bytes at `p`.
static inline struct mapred_row_bits mapred_row_bits64(const uint8_t *_Nonnull p,
                                                       uint8_t separator) {
  struct mapred_row_bits bits = {0, 0, 0};
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i between = _mm_set1_epi8((char)separator);
  const __m128i feed = _mm_set1_epi8('\n');
  for (int i = 0; i < 64; i += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(p + i));
    bits.quotes |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote)) << i;
    bits.separators |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, between)) << i;
    bits.line_feeds |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, feed)) << i;
  }
#else
  for (int i = 0; i < 64; i++) {
    bits.quotes |= (uint64_t)(p[i] == '"') << i;
    bits.separators |= (uint64_t)(p[i] == separator) << i;
    bits.line_feeds |= (uint64_t)(p[i] == '\n') << i;
  }
#endif
  return bits;
}

/// The masks of `count` bytes, 1 to 64; reads no byte outside of them. The separator is not zero.
static inline struct mapred_row_bits mapred_row_bits(const void *_Nonnull base, size_t count,
                                                     uint8_t separator) {
  if (count >= 64) return mapred_row_bits64((const uint8_t *)base, separator);
  uint8_t copy[64] = {0};
  memcpy(copy, base, count);
  return mapred_row_bits64(copy, separator);
}

/// The mask of line feeds alone: what nobody asks for is not computed.
static inline uint64_t mapred_line_bits(const void *_Nonnull base, size_t count) {
  return mapred_row_bits(base, count, '\n').line_feeds;
}

/// How many of `count` bytes are `value`.
size_t mapred_count(const void *_Nonnull base, size_t count, uint8_t value);

#endif
