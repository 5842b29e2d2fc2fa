// SPDX-License-Identifier: Apache-2.0
//
// pingpong ROUNDS YIELDS [PAUSE]
//
// Two processes send a timestamp to and fro through shared memory. Who waits gives the processor
// away YIELDS times, looking in between, then sleeps on a futex; who sends wakes only a sleeper.
// Where there are two processors, each process keeps to one of them.
// Between rounds the first one pauses for PAUSE microseconds (default: none), so that the second
// one sleeps. Prints one JSON object: the median and the 99th percentile of the way there in
// microseconds, and processor time of both for a round trip.

#include <algorithm>
#include <atomic>
#include <climits>
#include <new>

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "system.h"

namespace {

// One direction; apart from the other one, so that they share no lines.
struct alignas(128) Way {
    std::atomic<uint32_t> count{0};
    std::atomic<uint32_t> sleeps{0};
    uint64_t sent = 0;

    void send() {
        sent = nanoseconds();
        count.store(count.load(std::memory_order_relaxed) + 1);
        // Either we see that the other one sleeps, or it sees the new count before it does.
        if (sleeps.load() != 0)
            syscall(SYS_futex, &count, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }

    // Waits for the count to pass `last`; returns the time that the message took.
    uint64_t receive(uint32_t last, size_t yields) {
        for (size_t i = 0; i < yields && count.load() == last; ++i) sched_yield();
        while (count.load() == last) {
            sleeps.store(1);
            if (count.load() == last)
                syscall(SYS_futex, &count, FUTEX_WAIT, last, nullptr, nullptr, 0);
            sleeps.store(0);
        }
        return nanoseconds() - sent;
    }
};

// Keeps this process to the n-th of the processors that it may use.
void keepTo(int n) {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) return;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &all) && n-- == 0) CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof one, &one);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        std::fprintf(stderr, "usage: pingpong ROUNDS YIELDS [PAUSE]\n");
        return 2;
    }
    const size_t rounds = number(argv[1]);
    const size_t yields = argv[2][0] == '0' && argv[2][1] == 0 ? 0 : number(argv[2]);
    const size_t pause = argc > 3 ? number(argv[3]) : 0;
    Way* const ways = new (memory(2 * sizeof(Way), 0)) Way[2];
    uint64_t* const times = reinterpret_cast<uint64_t*>(memory(rounds * sizeof(uint64_t), 0));

    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would wake it any more
        keepTo(1);
        for (uint32_t i = 0; i < rounds; ++i) {
            times[i] = ways[0].receive(i, yields);
            ways[1].send();
        }
        _exit(0);
    }
    keepTo(0);
    for (uint32_t i = 0; i < rounds; ++i) {
        if (pause > 0) usleep(static_cast<useconds_t>(pause));
        ways[0].send();
        ways[1].receive(i, yields);
    }
    waitForChild();
    const double cpu = childSeconds() + seconds(CLOCK_PROCESS_CPUTIME_ID);
    std::sort(times, times + rounds);
    const auto at = [&](double part) {
        return static_cast<double>(times[static_cast<size_t>(part * (rounds - 1))]) * 1e-3;
    };
    std::printf("{\"rounds\":%zu,\"yields\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"cpu\":%.3f}\n", rounds,
                yields, at(0.5), at(0.99), cpu * 1e6 / static_cast<double>(rounds));
}
