// SPDX-License-Identifier: Apache-2.0
//
// kernels TEXT [BYTES [RECORDS]]
//
// The inner loops of the reference programs, each alone on one thread: tokenise, combine and
// partition over the first BYTES of a text (default: all of it), and sort of RECORDS random
// records of 100 bytes (default: 2,000,000). Reads names of kernels from standard input, one a
// line; runs each when it is named and prints one JSON object a line with its CPU seconds.

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <time.h>

#include "words.h"

namespace {

double cpuSeconds() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

volatile uint64_t sink;  // keeps the timed work from being optimised away

// `body` returns a number that depends on all of its work.
template <typename Body>
void measure(const std::string& kernel, size_t bytes, size_t items, Body body) {
    const double start = cpuSeconds();
    sink = body();
    const double seconds = cpuSeconds() - start;
    std::printf("{\"kernel\":\"%s\",\"seconds\":%.9f,\"bytes\":%zu,\"items\":%zu}\n",
                kernel.c_str(), seconds, bytes, items);
    std::fflush(stdout);
}

struct Word {
    uint64_t offset : 40, length : 24;
};

// A byte buffer that doubles; realloc moves large ones by remapping instead of copying.
struct Buffer {
    ~Buffer() { std::free(bytes); }
    Byte* room(size_t n) {
        if (n > capacity - size) {
            capacity = std::max({capacity * 2, size + n, size_t{32768}});
            bytes = static_cast<Byte*>(std::realloc(bytes, capacity));
            if (!bytes) fail("partition");
        }
        return bytes + size;
    }
    Byte* bytes = nullptr;
    size_t size = 0, capacity = 0;
};

uint64_t partition(const Byte* text, const std::vector<Word>& words) {
    std::array<Buffer, 16> parts;
    for (const Word w : words) {
        const uint32_t n = w.length;
        const Byte* p = text + w.offset;
        Buffer& part = parts[hashOf(p, n) >> 60];
        Byte* out = part.room(sizeof n + n + 8);  // whole steps of 8 may overrun, then be replaced
        part.size += sizeof n + n;
        std::memcpy(out, &n, sizeof n);
        for (uint32_t i = 0; i < n; i += 8) std::memcpy(out + sizeof n + i, p + i, 8);
    }
    return parts[0].size;
}

struct Item {
    uint64_t prefix;
    uint32_t next, index;
};
constexpr size_t recordSize = 100;

// The records to sort, and room for the sorted ones.
struct Records {
    explicit Records(size_t count) : count(count), in(count * recordSize, 'x'), out(in.size()) {
        std::mt19937_64 random(1);
        for (size_t i = 0; i < in.size(); i += recordSize)
            for (size_t k = 0; k < 10; ++k) in[i + k] = static_cast<Byte>(' ' + random() % 95);
    }

    uint64_t sort() {
        const auto items = std::make_unique_for_overwrite<Item[]>(count);
        const auto at = [p = in.data()](size_t index) { return p + index * recordSize; };
        for (uint32_t i = 0; i < count; ++i)
            items[i] = {__builtin_bswap64(load(at(i))),
                        __builtin_bswap32(static_cast<uint32_t>(load(at(i) + 8))), i};
        std::sort(items.get(), items.get() + count, [at](const Item& a, const Item& b) {
            if (a.prefix != b.prefix) return a.prefix < b.prefix;
            if (a.next != b.next) return a.next < b.next;
            return std::memcmp(at(a.index), at(b.index), recordSize) < 0;
        });
        Byte* to = out.data();
        for (size_t i = 0; i < count; ++i, to += recordSize) {
            const Byte* const soon = at(items[std::min(i + 16, count - 1)].index);
            __builtin_prefetch(soon);
            __builtin_prefetch(soon + 64);
            std::memcpy(to, at(items[i].index), recordSize);
        }
        return out.back();
    }

    size_t count;
    std::vector<Byte> in, out;
};

size_t number(const char* argument) {
    char* end;
    errno = 0;
    const unsigned long long value = std::strtoull(argument, &end, 10);
    if (errno == 0 && (*end != 0 || end == argument)) errno = EINVAL;
    if (errno != 0) fail(argument);
    return value;
}

std::vector<Byte> readText(const char* path, size_t limit) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) fail(path);
    const size_t size = std::min({static_cast<size_t>(file.tellg()), limit, maxInput});
    std::vector<Byte> text(size + 8);  // zero padding ends the last word and covers wide loads
    file.seekg(0).read(reinterpret_cast<char*>(text.data()), static_cast<std::streamsize>(size));
    if (!file) fail(path);
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: kernels TEXT [BYTES [RECORDS]]\n");
        return 2;
    }
    const std::vector<Byte> buffer = readText(argv[1], argc > 2 ? number(argv[2]) : SIZE_MAX);
    const size_t size = buffer.size() - 8;
    const Byte *const text = buffer.data(), *const end = text + size;
    std::vector<Word> words;
    tokenise(text, end, [&](const Byte* p, size_t n) {
        if (n > maxWord) errno = EFBIG, fail("word");
        words.push_back({static_cast<uint64_t>(p - text), n});
    });
    const size_t count = argc > 3 ? number(argv[3]) : 2'000'000;
    if (count == 0 || count > UINT32_MAX) errno = ERANGE, fail("RECORDS");
    Records records(count);

    for (std::string kernel; std::getline(std::cin, kernel);) {
        if (kernel == "tokenise")
            measure(kernel, size, words.size(), [&] {
                uint64_t count = 0, length = 0;
                tokenise(text, end, [&](const Byte*, size_t n) { ++count, length += n; });
                return count + length;
            });
        else if (kernel == "combine")
            measure(kernel, size, words.size(), [&] {
                Table table(text);
                for (const Word w : words) table.add(text + w.offset, w.length);
                return table.taken;
            });
        else if (kernel == "partition")
            measure(kernel, size, words.size(), [&] { return partition(text, words); });
        else if (kernel == "sort")
            measure(kernel, count * recordSize, count, [&] { return records.sort(); });
        else
            errno = EINVAL, fail(kernel.c_str());
    }
}
