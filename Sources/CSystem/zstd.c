// SPDX-License-Identifier: Apache-2.0
#include "mapred_compression.h"

#ifdef MAPRED_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

static void *begin_decoding(void) { return ZSTD_createDCtx(); }
static void end_decoding(void *state) { ZSTD_freeDCtx(state); }
static void end_encoding(void *state) { ZSTD_freeCCtx(state); }

static void *begin_encoding(void) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (context != NULL) ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  return context;
}

static int outcome(size_t result, int is_end) {
  if (!ZSTD_isError(result)) return is_end ? MAPRED_STREAM_ENDED : MAPRED_STREAM_GOES_ON;
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation: case ZSTD_error_frameParameter_windowTooLarge:
      return MAPRED_STREAM_NO_MEMORY;
    default: return MAPRED_STREAM_DAMAGED;
  }
}

static mapred_stream_step decode(void *state, const void *source, size_t count, void *target,
                                 size_t room) {
  ZSTD_inBuffer in = {source, count, 0};
  ZSTD_outBuffer out = {target, room, 0};
  const size_t result = ZSTD_decompressStream(state, &out, &in);
  return (mapred_stream_step){in.pos, out.pos, outcome(result, result == 0)};
}

static size_t room(size_t count) { return ZSTD_compressBound(count) + 32; }

static mapred_stream_step encode(void *state, const void *source, size_t count, void *target,
                                 size_t room, int is_last) {
  ZSTD_inBuffer in = {source, count, 0};
  ZSTD_outBuffer out = {target, room, 0};
  const size_t result =
    ZSTD_compressStream2(state, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
  return (mapred_stream_step){in.pos, out.pos, outcome(result, is_last && result == 0)};
}

static const mapred_stream stream = {
  begin_decoding, decode, end_decoding, begin_encoding, room, encode, end_encoding,
};

const mapred_stream *mapred_zstd_stream(void) { return &stream; }
#else
const mapred_stream *mapred_zstd_stream(void) { return NULL; }
#endif
