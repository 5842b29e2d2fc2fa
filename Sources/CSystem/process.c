// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mapred_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

static int place_files(posix_spawn_file_actions_t *actions, int input, int output) {
  int failure = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
  if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
  if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
  if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
  return failure;
}

static int begin_anew(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int failure = posix_spawnattr_setsigdefault(attributes, &all);
  if (failure == 0) failure = posix_spawnattr_setsigmask(attributes, &none);
  if (failure != 0) return failure;
  return posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

int mapred_start(const char *path, char *const *arguments, char *const *environment, int input,
                 int output, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int failure = posix_spawn_file_actions_init(&actions);
  if (failure != 0) return failure;
  failure = posix_spawnattr_init(&attributes);
  if (failure == 0) {
    failure = place_files(&actions, input, output);
    if (failure == 0) failure = begin_anew(&attributes);
    if (failure == 0)
      failure = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

int mapred_open_process(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int mapred_signal_process(int process_descriptor, int number) {
  return (int)syscall(SYS_pidfd_send_signal, process_descriptor, number, NULL, 0);
}
