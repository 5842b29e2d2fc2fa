// SPDX-License-Identifier: Apache-2.0
// Streams of gzip, zstd and LZ4, each where its library was there at build time. No logic lives
// here: a table of calls for each library, so that the caller is the same for all of them.
#ifndef MAPRED_COMPRESSION_H
#define MAPRED_COMPRESSION_H

#include <stddef.h>

enum {
  /// Takes and makes more.
  MAPRED_STREAM_GOES_ON = 0,
  /// A frame ended with the last byte that was taken; what follows is the next one.
  MAPRED_STREAM_ENDED = 1,
  /// What was taken is damaged, or is no frame at all.
  MAPRED_STREAM_DAMAGED = 2,
  /// The library has no memory, or the frame wants more than readers have to give.
  MAPRED_STREAM_NO_MEMORY = 3,
};

/// How far one call came.
typedef struct mapred_stream_step {
  size_t taken;
  size_t made;
  int outcome;
} mapred_stream_step;

/// The calls of one library. What `begin_…` makes is NULL where there is no memory.
typedef struct mapred_stream {
  void *_Nullable (*_Nonnull begin_decoding)(void);
  mapred_stream_step (*_Nonnull decode)(void *_Nonnull state, const void *_Nonnull source,
                                        size_t count, void *_Nonnull target, size_t room);
  void (*_Nonnull end_decoding)(void *_Nonnull state);

  void *_Nullable (*_Nonnull begin_encoding)(void);
  /// The room that `encode` has to be given for `count` bytes.
  size_t (*_Nonnull room)(size_t count);
  /// Ends the frame where the source is the last of it: called until it says so.
  mapred_stream_step (*_Nonnull encode)(void *_Nonnull state, const void *_Nonnull source,
                                        size_t count, void *_Nonnull target, size_t room,
                                        int is_last);
  void (*_Nonnull end_encoding)(void *_Nonnull state);
} mapred_stream;

/// NULL where the library was not there.
const mapred_stream *_Nullable mapred_gzip_stream(void);
const mapred_stream *_Nullable mapred_zstd_stream(void);
const mapred_stream *_Nullable mapred_lz4_stream(void);

#endif
