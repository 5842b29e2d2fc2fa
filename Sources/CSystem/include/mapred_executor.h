// SPDX-License-Identifier: Apache-2.0
// Starting and being an executor: what has to happen between two programs, or inside of a signal.
// No logic lives here.
#ifndef MAPRED_EXECUTOR_H
#define MAPRED_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { mapred_spawn_files = 8 };

struct mapred_spawn {
  /// What becomes descriptor 0, 1, …; all others are closed.
  int files[mapred_spawn_files];
  /// Whom the program runs as; only where `changes_user` is not 0.
  uint32_t user, group;
  int changes_user;
  /// Bytes of memory that it may have for itself; 0: no limit.
  uint64_t memory_bytes;
};

/// Starts a program with one argument and a few harmless variables, in a session of its own, and
/// without privileges to gain; it is killed with the thread that started it. 0, and its id and a
/// descriptor that becomes readable at its end; or an errno, and which call it was.
int mapred_spawn(const char *_Nonnull path, const char *_Nonnull argument,
                 const struct mapred_spawn *_Nonnull what, pid_t *_Nonnull process,
                 int *_Nonnull process_descriptor,
                 const char *_Nullable *_Nonnull failed_call);

/// Takes the remains of a program that has ended. 1, and whether a signal ended it, and which one
/// or its exit code; 0 where it has not ended.
int mapred_reap(int process_descriptor, int *_Nonnull by_signal, int *_Nonnull number);
/// Kills a program and all of its session's first group.
void mapred_kill(pid_t process, int process_descriptor);

/// Asks a program to end by a signal that it can catch.
void mapred_abort(int process_descriptor);
/// Opens a file for reading with the rights of a user, on a thread of root's, whose own rights are
/// as before when it returns. A descriptor, or -1 with errno.
int mapred_open_as(const char *_Nonnull path, uint32_t user, uint32_t group);

/// Two ends of a stream between this process and one that it starts. 0, or -1 with errno.
int mapred_socket_pair(int *_Nonnull ends);
/// Opens the same file once more, to be read only. A descriptor, or -1 with errno.
int mapred_reopen_for_reading(int descriptor);
/// A user's ids by name. 0, or an errno; ENOENT where there is none.
int mapred_find_user(const char *_Nonnull name, uint32_t *_Nonnull user, uint32_t *_Nonnull group);

/// Where this thread notes which line of its chunk it works on; NULL where nobody wants to know.
extern _Thread_local uint64_t *_Nullable mapred_line_cell;

static inline void mapred_set_line_cell(uint64_t *_Nullable cell) { mapred_line_cell = cell; }

static inline uint64_t *_Nullable mapred_kept_line_cell(void) { return mapred_line_cell; }

/// A line begins at that byte of its chunk.
static inline void mapred_note_line(uint64_t *_Nonnull cell, uint64_t start) {
  __atomic_store_n(cell, start, __ATOMIC_RELAXED);
}

/// Makes this process an executor: writes its stack where a trap ends it, and shows its lines as
/// soon as they are written.
void mapred_become_executor(void);
/// What a signal is called.
const char *_Nonnull mapred_signal_name(int number);

#endif
