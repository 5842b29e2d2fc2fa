// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mapred_epoll.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int mapred_epoll_wait(int epoll, struct epoll_event *events, int capacity, uint64_t nanoseconds) {
  if (nanoseconds == 0) return epoll_wait(epoll, events, capacity, 0);
#ifdef SYS_epoll_pwait2
  const struct timespec limit = {(time_t)(nanoseconds / 1000000000),
                                 (long)(nanoseconds % 1000000000)};
  const long count = syscall(SYS_epoll_pwait2, epoll, events, capacity, &limit, NULL, 0);
  if (count >= 0 || errno != ENOSYS) return (int)count;
#endif
  // A kernel before 5.11: whole milliseconds, rounded up so that a short wait does not spin.
  const uint64_t milliseconds = nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
  return epoll_wait(epoll, events, capacity, milliseconds < 1000000 ? (int)milliseconds : 1000000);
}

int mapred_event(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
