// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "csystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const void *mapred_find(const void *base, size_t count, const void *needle, size_t needle_count) {
  return memmem(base, count, needle, needle_count);
}

const void *mapred_find_last(const void *base, uint8_t value, size_t count) {
  return memrchr(base, value, count);
}

size_t mapred_count(const void *base, size_t count, uint8_t value) {
  const uint8_t *const p = (const uint8_t *)base;
  size_t found = 0, at = 0;
  while (at < count) {
    // Sums of bytes, 16 at a time, for as long as they cannot overflow.
    const size_t end = count - at > 4080 ? at + 4080 : count;
    uint8_t sums[16] = {0};
    for (; at + 16 <= end; at += 16) {
      for (int i = 0; i < 16; i++) sums[i] += p[at + i] == value;
    }
    for (; at < end; at++) found += p[at] == value;
    for (int i = 0; i < 16; i++) found += sums[i];
  }
  return found;
}

#ifdef MAPRED_LZ4
#include <lz4.h>

int mapred_lz4_available(void) { return 1; }
int mapred_lz4_bound(int count) { return LZ4_compressBound(count); }
int mapred_lz4_compress(const void *source, int count, void *target, int capacity) {
  return LZ4_compress_default(source, target, count, capacity);
}
int mapred_lz4_decompress(const void *source, int count, void *target, int capacity) {
  return LZ4_decompress_safe(source, target, count, capacity);
}
#else
int mapred_lz4_available(void) { return 0; }
int mapred_lz4_bound(int count) { return count; }
int mapred_lz4_compress(const void *source, int count, void *target, int capacity) {
  (void)source, (void)count, (void)target, (void)capacity;
  return 0;
}
int mapred_lz4_decompress(const void *source, int count, void *target, int capacity) {
  (void)source, (void)count, (void)target, (void)capacity;
  return -1;
}
#endif

void mapred_begin_writeback(int descriptor, int64_t offset, int64_t count) {
  (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

int mapred_rename_exclusive(const char *source, const char *target) {
  if (renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without the exclusive flag: look first; rename(2) then still refuses to replace
  // a directory that is not empty.
  struct stat status;
  if (stat(target, &status) == 0) return EEXIST;
  return rename(source, target) == 0 ? 0 : errno;
}

int mapred_scratch_file(const char *directory) {
  const int unnamed = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return unnamed;
  // A file system that cannot make a file without a name: the name goes at once.
  char path[4096];
  const int length = snprintf(path, sizeof path, "%s/mapred-scratch-XXXXXX", directory);
  if (length < 0 || (size_t)length >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int named = mkostemp(path, O_CLOEXEC);
  if (named >= 0) unlink(path);
  return named;
}
