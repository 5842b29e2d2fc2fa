// SPDX-License-Identifier: Apache-2.0
// What Swift cannot say well: SIMD byte masks, prefetch hints, optional compression. No logic lives
// here.
#ifndef MAPRED_CSYSTEM_H
#define MAPRED_CSYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include "mapred_compression.h"
#include "mapred_epoll.h"
#include "mapred_executor.h"
#include "mapred_process.h"
#include "mapred_rows.h"
#include "mapred_sha256.h"
#include "mapred_shared_memory.h"

#if defined(__SSE2__)
#include <emmintrin.h>

static inline uint64_t mapred_word_bits(__m128i bytes) {
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                       _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
  const __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                      _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
  // The comparison is signed: bytes of 0x80 and above are negative.
  const __m128i high = _mm_cmplt_epi8(bytes, _mm_setzero_si128());
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), high));
}

/// Bit i is set where byte i of the 16 at `p` is an ASCII letter, a digit, or at least 0x80.
static inline uint64_t mapred_word_bits16(const uint8_t *_Nonnull p) {
  return mapred_word_bits(_mm_loadu_si128((const __m128i *)p));
}
#else
static inline uint64_t mapred_word_bits16(const uint8_t *_Nonnull p) {
  uint64_t bits = 0;
  for (int i = 0; i < 16; i++) {
    const uint8_t b = p[i], lower = b | 0x20;
    const int word = (lower >= 'a' && lower <= 'z') || (b >= '0' && b <= '9') || b >= 0x80;
    bits |= (uint64_t)word << i;
  }
  return bits;
}
#endif

/// The word bits of `count` bytes, 1 to 64; reads no byte outside of them.
static inline uint64_t mapred_word_mask(const void *_Nonnull base, size_t count) {
  const uint8_t *p = (const uint8_t *)base;
  if (count < 16) {
    uint8_t copy[16] = {0};
    // Two overlapping moves of a fixed size instead of a call.
    if (count >= 8) {
      memcpy(copy, p, 8);
      memcpy(copy + count - 8, p + count - 8, 8);
    } else if (count >= 4) {
      memcpy(copy, p, 4);
      memcpy(copy + count - 4, p + count - 4, 4);
    } else {
      for (size_t i = 0; i < count; i++) copy[i] = p[i];
    }
    return mapred_word_bits16(copy);
  }
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + 16 <= count; at += 16) bits |= mapred_word_bits16(p + at) << at;
  // The last, overlapping, 16 bytes.
  if (at < count) bits |= mapred_word_bits16(p + count - 16) << (count - 16);
  return bits;
}

/// Asks for the cache line at `p`; never faults.
static inline void mapred_prefetch(const void *_Nonnull p) { __builtin_prefetch(p, 1, 3); }

/// Where `needle` first stands, or NULL.
const void *_Nullable mapred_find(const void *_Nonnull base, size_t count,
                                  const void *_Nonnull needle, size_t needle_count);

/// Where the byte last stands, or NULL.
const void *_Nullable mapred_find_last(const void *_Nonnull base, uint8_t value, size_t count);

/// Whether this build can compress.
int mapred_lz4_available(void);
/// The most bytes that compressing `count` bytes can take.
int mapred_lz4_bound(int count);
/// Compressed size, or 0 where it does not fit (or this build cannot compress).
int mapred_lz4_compress(const void *_Nonnull source, int count, void *_Nonnull target,
                        int capacity);
/// Decompressed size, or a negative number where the source is damaged.
int mapred_lz4_decompress(const void *_Nonnull source, int count, void *_Nonnull target,
                          int capacity);

/// Asks the system to begin bringing a file's bytes to the disk: a hint.
void mapred_begin_writeback(int descriptor, int64_t offset, int64_t count);

/// Opens an empty file without a name in a directory, to be read and written; -1 where that cannot
/// be, with the reason in errno.
int mapred_scratch_file(const char *_Nonnull directory);

/// Renames within one directory tree and fails where the target exists. 0, or an errno value.
int mapred_rename_exclusive(const char *_Nonnull source, const char *_Nonnull target);

#endif
