// SPDX-License-Identifier: Apache-2.0
// Waiting for many descriptors, which Swift's Glibc module does not have. No logic lives here.
#ifndef MAPRED_EPOLL_H
#define MAPRED_EPOLL_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

/// Flags of `epoll_event.events`, as numbers; the last one is also a flag of poll(2).
static const uint32_t mapred_epoll_in = EPOLLIN;
static const uint32_t mapred_epoll_out = EPOLLOUT;
static const uint32_t mapred_epoll_edge = EPOLLET;
static const uint32_t mapred_epoll_error = EPOLLERR | EPOLLHUP;
static const uint32_t mapred_epoll_hangup = EPOLLRDHUP;

/// Waits for at most `nanoseconds`; 0 looks without waiting. The number of events, or -1 and errno.
int mapred_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int capacity,
                      uint64_t nanoseconds);

/// A counter that epoll can watch: written to by one thread, it wakes another. -1 and errno.
static inline int mapred_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

#endif
