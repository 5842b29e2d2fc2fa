// SPDX-License-Identifier: Apache-2.0
#include "mapred_compression.h"

#ifdef MAPRED_ZLIB
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

// The largest window, and 16 more for the gzip format with its CRC-32.
enum { window_bits = 15 + 16, memory_level = 8 };

static uInt at_most(size_t count) { return count < UINT_MAX ? (uInt)count : UINT_MAX; }

static void *begin_decoding(void) {
  z_stream *z = calloc(1, sizeof *z);
  if (z == NULL || inflateInit2(z, window_bits) == Z_OK) return z;
  free(z);
  return NULL;
}

static void *begin_encoding(void) {
  z_stream *z = calloc(1, sizeof *z);
  if (z == NULL) return NULL;
  const int status = deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, memory_level,
                                  Z_DEFAULT_STRATEGY);
  if (status == Z_OK) return z;
  free(z);
  return NULL;
}

// Hands source and target over, runs one call, and tells what it took and made.
static mapred_stream_step step(z_stream *z, const void *source, size_t count, void *target,
                               size_t room, int (*run)(z_stream *, int), int flush,
                               int (*restart)(z_stream *)) {
  const uInt given = at_most(count), free_room = at_most(room);
  z->next_in = (Bytef *)source;
  z->avail_in = given;
  z->next_out = target;
  z->avail_out = free_room;
  const int status = run(z, flush);
  mapred_stream_step step = {given - z->avail_in, free_room - z->avail_out, MAPRED_STREAM_GOES_ON};
  switch (status) {
    case Z_OK: case Z_BUF_ERROR: break;
    case Z_STREAM_END:
      step.outcome = restart(z) == Z_OK ? MAPRED_STREAM_ENDED : MAPRED_STREAM_DAMAGED;
      break;
    case Z_MEM_ERROR: step.outcome = MAPRED_STREAM_NO_MEMORY; break;
    default: step.outcome = MAPRED_STREAM_DAMAGED;
  }
  return step;
}

static mapred_stream_step decode(void *state, const void *source, size_t count, void *target,
                                 size_t room) {
  return step(state, source, count, target, room, inflate, Z_NO_FLUSH, inflateReset);
}

static mapred_stream_step encode(void *state, const void *source, size_t count, void *target,
                                 size_t room, int is_last) {
  const int flush = is_last && count <= UINT_MAX ? Z_FINISH : Z_NO_FLUSH;
  return step(state, source, count, target, room, deflate, flush, deflateReset);
}

static void end_decoding(void *state) {
  inflateEnd(state);
  free(state);
}

static void end_encoding(void *state) {
  deflateEnd(state);
  free(state);
}

static size_t room(size_t count) { return compressBound(count) + 32; }

static const mapred_stream stream = {
  begin_decoding, decode, end_decoding, begin_encoding, room, encode, end_encoding,
};

const mapred_stream *mapred_gzip_stream(void) { return &stream; }
#else
const mapred_stream *mapred_gzip_stream(void) { return NULL; }
#endif
