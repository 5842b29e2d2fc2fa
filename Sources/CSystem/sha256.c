// SPDX-License-Identifier: Apache-2.0
#include "mapred_sha256.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int mapred_has_sha256(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3)) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return (b >> 29) & 1;
}

__attribute__((target("sha,sse4.1,ssse3")))
void mapred_sha256(uint32_t *state, const uint32_t *constants, const void *blocks, size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
  const __m128i *next = blocks;
  // The instructions want the words as a b e f and c d g h, the first one highest.
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
  __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
  __m128i abef = _mm_alignr_epi8(low, high, 8);
  __m128i cdgh = _mm_blend_epi16(high, low, 0xF0);
  for (; count > 0; count--) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    // The last sixteen words of the schedule, four in each.
    __m128i words[4];
    for (int group = 0; group < 16; group++) {
      __m128i *now = &words[group & 3];
      if (group < 4) {
        *now = _mm_shuffle_epi8(_mm_loadu_si128(next++), big_endian);
      } else {
        const __m128i last = words[(group + 3) & 3];
        __m128i sum = _mm_sha256msg1_epu32(*now, words[(group + 1) & 3]);
        sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, words[(group + 2) & 3], 4));
        *now = _mm_sha256msg2_epu32(sum, last);
      }
      const __m128i four = _mm_loadu_si128((const __m128i *)(constants + 4 * group));
      const __m128i mixed = _mm_add_epi32(*now, four);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, mixed);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(mixed, 0x0E));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  low = _mm_shuffle_epi32(abef, 0x1B);
  high = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xF0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}
#else
int mapred_has_sha256(void) { return 0; }

void mapred_sha256(uint32_t *state, const uint32_t *constants, const void *blocks, size_t count) {
  (void)state, (void)constants, (void)blocks, (void)count;
}
#endif
