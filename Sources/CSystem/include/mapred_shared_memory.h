// SPDX-License-Identifier: Apache-2.0
// Shared memory and what goes with it: memory files, seals, futexes, descriptors sent over Unix
// sockets. No logic lives here.
#ifndef MAPRED_SHARED_MEMORY_H
#define MAPRED_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// A new, empty memory file that can be sealed, or -1 with errno.
int mapred_memory_file(const char *_Nonnull name);

/// Fixes a memory file's size for ever. 0, or -1 with errno.
int mapred_seal_size(int descriptor);
/// Refuses writable mappings that are made from now on. 0, or -1 with errno.
int mapred_seal_writers(int descriptor);
/// 1 where a memory file can no longer change its size, else 0.
int mapred_has_fixed_size(int descriptor);

/// Gives the memory of a range of a memory file back: it reads as zeroes from then on. A hint.
void mapred_give_back(int descriptor, int64_t offset, int64_t count);

/// Moves `count` bytes of mapping from `from` onto `to`, in one step. 0, or -1 with errno.
int mapred_move_mapping(void *_Nonnull from, size_t count, void *_Nonnull to);

/// Copies `count` cells of 8 bytes, each in one piece, in any order. 1 where a copy was another one
/// before, else 0. In C, because debug builds of Swift take longer for it than peers stand still.
int mapred_copy_cells(void *_Nonnull to, const void *_Nonnull from, size_t count);

/// Sleeps while `*word` is `value`, at most so long. Returns early at any time.
void mapred_futex_wait(uint32_t *_Nonnull word, uint32_t value, uint64_t nanoseconds);
/// Wakes whoever sleeps on `word`.
void mapred_futex_wake(uint32_t *_Nonnull word);

/// A pipe whose ends close when another program is run. 0, or -1 with errno.
int mapred_pipe(int *_Nonnull ends);
/// The next who connected, without waiting, or -1 with errno.
int mapred_accept(int listener);

/// Sends one message and descriptors with it, without waiting. Bytes sent, or -1 with errno.
ssize_t mapred_send_files(int socket, const void *_Nonnull bytes, size_t count,
                          const int *_Nonnull files, int file_count);
/// Receives one message and at most `*file_count` descriptors, without waiting; sets `*file_count`
/// to how many came. Bytes received, 0 at the end, or -1 with errno.
ssize_t mapred_receive_files(int socket, void *_Nonnull bytes, size_t count, int *_Nonnull files,
                             int *_Nonnull file_count);
/// The user of the process at the other end of a Unix socket. 0, or -1 with errno.
int mapred_peer_user(int socket, uint32_t *_Nonnull user);

#endif
