// SPDX-License-Identifier: Apache-2.0
//
// memcpy BYTES RING MESSAGES
//
// One thread copies MESSAGES messages of BYTES, one after the other, out of a ring of RING bytes
// that was filled before into a buffer of one message: the least that handing a copy to somebody
// costs. Prints one JSON object with clock seconds and CPU seconds.

#include <algorithm>
#include <cstring>

#include "system.h"

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: memcpy BYTES RING MESSAGES\n");
        return 2;
    }
    const size_t bytes = number(argv[1]), messages = number(argv[3]);
    const size_t slots = std::max<size_t>(1, number(argv[2]) / bytes);
    const unsigned char* const ring = memory(slots * bytes, 1);
    unsigned char* const target = memory(bytes, 2);

    const auto copy = [&](size_t count) {
        for (size_t i = 0, slot = 0; i < count; ++i) {
            std::memcpy(target, ring + slot * bytes, bytes);
            asm volatile("" ::: "memory");  // each copy is used before the next is made
            if (++slot == slots) slot = 0;
        }
    };
    copy(std::min(messages, slots));  // pages and caches are as they will be
    const double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    copy(messages);
    const double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    const double took = seconds(CLOCK_MONOTONIC) - start;
    std::printf("{\"bytes\":%zu,\"messages\":%zu,\"seconds\":%.9f,\"cpu\":%.9f}\n", bytes, messages,
                took, used);
}
