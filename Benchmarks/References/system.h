// SPDX-License-Identifier: Apache-2.0
//
// What memcpy, pingpong and epollsend share: clocks, arguments, errors, and waiting for children.

#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

inline double seconds(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline uint64_t nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

// Processor time of the children that were waited for.
inline double childSeconds() {
    rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

inline void waitForChild() {
    int status;
    if (wait(&status) < 0) fail("wait");
    if (status != 0) errno = ECHILD, fail("a child failed");
}

// A positive number of at most 2^40.
inline size_t number(const char* argument) {
    char* end;
    errno = 0;
    const unsigned long long value = std::strtoull(argument, &end, 10);
    if (errno == 0 && (*end != 0 || end == argument)) errno = EINVAL;
    if (errno == 0 && (value == 0 || value > (1ull << 40))) errno = ERANGE;
    if (errno != 0) fail(argument);
    return value;
}

// Memory that is there: zeroed pages, shared with children, each touched.
inline unsigned char* memory(size_t bytes, unsigned char filling) {
    void* p =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) fail("memory");
    for (size_t i = 0; i < bytes; ++i) static_cast<unsigned char*>(p)[i] = filling;
    return static_cast<unsigned char*>(p);
}
