// SPDX-License-Identifier: Apache-2.0
// Waiting for many descriptors, which Swift's Glibc module does not have. No logic lives here.
#ifndef MAPRED_EPOLL_H
#define MAPRED_EPOLL_H

#include <stdint.h>
#include <sys/epoll.h>
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

/// A descriptor that is readable while its count is not zero; writing 8 bytes adds to the count,
/// reading takes it. Never blocks. -1 and errno where there is none.
int mapred_event(void);

#endif
