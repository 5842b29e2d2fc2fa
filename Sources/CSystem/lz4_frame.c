// SPDX-License-Identifier: Apache-2.0
#include "mapred_compression.h"

#ifdef MAPRED_LZ4
#include <lz4frame.h>
#include <stdlib.h>

// Nothing is held back from one call to the next, and a checksum of the text ends each frame.
static const LZ4F_preferences_t preferences = {
  .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled},
  .autoFlush = 1,
};

static void *begin_decoding(void) {
  LZ4F_dctx *context = NULL;
  return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL : context;
}

static void end_decoding(void *state) { LZ4F_freeDecompressionContext(state); }

static mapred_stream_step decode(void *state, const void *source, size_t count, void *target,
                                 size_t room) {
  const size_t result = LZ4F_decompress(state, target, &room, source, &count, NULL);
  if (LZ4F_isError(result)) return (mapred_stream_step){0, 0, MAPRED_STREAM_DAMAGED};
  const int outcome = result == 0 ? MAPRED_STREAM_ENDED : MAPRED_STREAM_GOES_ON;
  return (mapred_stream_step){count, room, outcome};
}

// A context remembers a little of earlier frames, and then makes other bytes of the same text: so
// each frame has one of its own. They are small.
typedef struct encoder {
  LZ4F_cctx *context;
} encoder;

static void *begin_encoding(void) { return calloc(1, sizeof(encoder)); }

static void end_frame(encoder *own) {
  LZ4F_freeCompressionContext(own->context);
  own->context = NULL;
}

static void end_encoding(void *state) {
  end_frame(state);
  free(state);
}

// The frame's beginning, its blocks, and its end.
static size_t room(size_t count) {
  return 32 + LZ4F_compressBound(count, &preferences) + LZ4F_compressBound(0, &preferences);
}

static mapred_stream_step encode(void *state, const void *source, size_t count, void *target,
                                 size_t room, int is_last) {
  encoder *own = state;
  char *const to = target;
  const mapred_stream_step failed = {0, 0, MAPRED_STREAM_NO_MEMORY};
  size_t made = 0, result;
  if (own->context == NULL) {
    result = LZ4F_createCompressionContext(&own->context, LZ4F_VERSION);
    if (LZ4F_isError(result)) return failed;
    result = LZ4F_compressBegin(own->context, to, room, &preferences);
    if (LZ4F_isError(result)) return failed;
    made += result;
  }
  result = LZ4F_compressUpdate(own->context, to + made, room - made, source, count, NULL);
  if (LZ4F_isError(result)) return failed;
  made += result;
  if (!is_last) return (mapred_stream_step){count, made, MAPRED_STREAM_GOES_ON};
  result = LZ4F_compressEnd(own->context, to + made, room - made, NULL);
  if (LZ4F_isError(result)) return failed;
  end_frame(own);
  return (mapred_stream_step){count, made + result, MAPRED_STREAM_ENDED};
}

static const mapred_stream stream = {
  begin_decoding, decode, end_decoding, begin_encoding, room, encode, end_encoding,
};

const mapred_stream *mapred_lz4_stream(void) { return &stream; }
#else
const mapred_stream *mapred_lz4_stream(void) { return NULL; }
#endif
