// SPDX-License-Identifier: Apache-2.0
// Programs that are started and watched by descriptors, so that no number is taken for another's.
// No logic lives here.
#ifndef MAPRED_PROCESS_H
#define MAPRED_PROCESS_H

#include <sys/types.h>

/// Starts a program in a session of its own. `input` is its standard input, `output` where both its
/// output and its errors go; it has nothing else open, catches no signal and blocks none. 0 and its
/// number, or what the error is.
int mapred_start(const char *_Nonnull path, char *_Nullable const *_Nonnull arguments,
                 char *_Nullable const *_Nonnull environment, int input, int output,
                 pid_t *_Nonnull process);

/// A descriptor that becomes readable when the process has ended, or -1 with errno.
int mapred_open_process(pid_t process);

/// Sends a signal to the process that the descriptor is of. 0, or -1 with errno.
int mapred_signal_process(int process_descriptor, int number);

#endif
