// SPDX-License-Identifier: Apache-2.0
//
// kernels TEXT [BYTES]
//
// Times the inner loops of the reference programs, each alone on one thread: tokenise, combine and
// partition over the first BYTES of a text file (default: all of it), and a sort of random records.
// Prints one JSON object a line; seconds is the median CPU time of five repetitions.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <sys/mman.h>
#include <time.h>

namespace {

using Byte = unsigned char;

[[noreturn]] void fail(const char* why) {
    std::fprintf(stderr, "kernels: %s\n", why);
    std::exit(1);
}

double cpuSeconds() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

volatile uint64_t sink;  // keeps the timed work from being optimised away

// `body` returns a number that depends on all of its work.
template <typename Body>
void measure(const char* kernel, size_t bytes, size_t items, Body body) {
    std::array<double, 5> times;
    for (double& time : times) {
        const double start = cpuSeconds();
        sink = body();
        time = cpuSeconds() - start;
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"kernel\":\"%s\",\"seconds\":%.6f,\"bytes\":%zu,\"items\":%zu}\n", kernel,
                times[times.size() / 2], bytes, items);
    std::fflush(stdout);
}

uint64_t load(const Byte* p) {
    uint64_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

// The first n bytes at p, 1 <= n <= 8; reads 8, which the text's zero padding allows.
uint64_t loadPart(const Byte* p, size_t n) { return load(p) & (~uint64_t{0} >> (64 - 8 * n)); }

uint64_t mix(uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t hashOf(const Byte* p, size_t n) {
    uint64_t h = n * 0xd1342543de82ef95u;
    for (; n > 8; p += 8, n -= 8) h = mix(h ^ load(p), 0x9e3779b97f4a7c15u);
    return mix(h ^ loadPart(p, n), 0xc2b2ae3d27d4eb4fu);
}

bool sameBytes(const Byte* a, const Byte* b, size_t n) {
    for (; n > 8; a += 8, b += 8, n -= 8)
        if (load(a) != load(b)) return false;
    return loadPart(a, n) == loadPart(b, n);
}

// Calls emit(word, length) for each run of letters, digits and bytes >= 0x80. A zero byte must
// follow the text.
template <typename Emit>
void tokenise(const Byte* p, const Byte* end, Emit emit) {
    static const auto inWord = [] {
        std::array<bool, 256> t{};
        for (int c = 0; c < 256; ++c)
            t[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   c >= 0x80;
        return t;
    }();
    while (p < end) {
        if (!inWord[*p++]) continue;
        const Byte* const word = p - 1;
        while (inWord[*p]) ++p;
        emit(word, static_cast<size_t>(p - word));
    }
}

struct Word {
    uint64_t offset : 40, length : 24;
};

struct Entry {
    uint64_t hash;
    Word word;
    uint64_t count;  // 0 marks a free slot
};
static_assert(sizeof(Entry) == 24);

// The table of wordcount.cpp: linear probing, a power of two of slots, at most 0.6 taken.
struct Table {
    explicit Table(const Byte* text) : text(text) {}
    ~Table() { munmap(slots.data(), slots.size_bytes()); }

    static std::span<Entry> allocate(size_t n) {
        void* p = mmap(nullptr, n * sizeof(Entry), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) fail("table: no memory");
        madvise(p, n * sizeof(Entry), MADV_HUGEPAGE);
        return {static_cast<Entry*>(p), n};
    }

    void add(Word w) {
        const Byte* const p = text + w.offset;
        const uint64_t hash = hashOf(p, w.length);
        for (size_t mask = slots.size() - 1, i = hash & mask;; i = (i + 1) & mask) {
            Entry& e = slots[i];
            if (e.count == 0) {
                e = {hash, w, 1};
                if (++taken * 5 > slots.size() * 3) grow();
                return;
            }
            if (e.hash == hash && e.word.length == w.length &&
                sameBytes(text + e.word.offset, p, w.length)) {
                ++e.count;
                return;
            }
        }
    }

    void grow() {
        const std::span<Entry> wider = allocate(slots.size() * 2);
        for (const Entry& e : slots) {
            if (e.count == 0) continue;
            size_t mask = wider.size() - 1, i = e.hash & mask;
            while (wider[i].count != 0) i = (i + 1) & mask;
            wider[i] = e;
        }
        munmap(slots.data(), slots.size_bytes());
        slots = wider;
    }

    const Byte* text;
    std::span<Entry> slots = allocate(size_t{1} << 16);
    size_t taken = 0;
};

// A byte buffer that doubles; realloc moves large ones by remapping instead of copying.
struct Buffer {
    ~Buffer() { std::free(bytes); }
    Byte* room(size_t n) {
        if (n > capacity - size) {
            capacity = std::max({capacity * 2, size + n, size_t{32768}});
            bytes = static_cast<Byte*>(std::realloc(bytes, capacity));
            if (!bytes) fail("no memory");
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

uint64_t sortRecords(const Byte* records, size_t count, Byte* out) {
    const auto items = std::make_unique_for_overwrite<Item[]>(count);
    const auto at = [=](uint32_t index) { return records + index * recordSize; };
    for (uint32_t i = 0; i < count; ++i)
        items[i] = {__builtin_bswap64(load(at(i))),
                    __builtin_bswap32(static_cast<uint32_t>(load(at(i) + 8))), i};
    std::sort(items.get(), items.get() + count, [at](const Item& a, const Item& b) {
        if (a.prefix != b.prefix) return a.prefix < b.prefix;
        if (a.next != b.next) return a.next < b.next;
        return std::memcmp(at(a.index), at(b.index), recordSize) < 0;
    });
    for (size_t i = 0; i < count; ++i, out += recordSize) {
        const Byte* const soon = at(items[std::min(i + 16, count - 1)].index);
        __builtin_prefetch(soon);
        __builtin_prefetch(soon + 64);
        std::memcpy(out, at(items[i].index), recordSize);
    }
    return *(out - 1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) return std::fprintf(stderr, "usage: kernels TEXT [BYTES]\n"), 2;
    std::ifstream file(argv[1], std::ios::binary | std::ios::ate);
    if (!file) fail("the text cannot be opened");
    size_t size = static_cast<size_t>(file.tellg());
    if (argc == 3) size = std::min<size_t>(size, std::strtoull(argv[2], nullptr, 10));
    std::vector<Byte> buffer(size + 8);  // zero padding ends the last word and covers wide loads
    file.seekg(0).read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(size));
    if (!file) fail("the text cannot be read");
    const Byte *const text = buffer.data(), *const end = text + size;

    std::vector<Word> words;
    tokenise(text, end, [&](const Byte* p, size_t n) {
        if (n >= size_t{1} << 24) fail("a word is too long");
        words.push_back({static_cast<uint64_t>(p - text), n});
    });
    measure("tokenise", size, words.size(), [&] {
        uint64_t count = 0, length = 0;
        tokenise(text, end, [&](const Byte*, size_t n) { ++count, length += n; });
        return count + length;
    });
    measure("combine", size, words.size(), [&] {
        Table table(text);
        for (const Word w : words) table.add(w);
        return table.taken;
    });
    measure("partition", size, words.size(), [&] { return partition(text, words); });

    constexpr size_t count = 2'000'000;
    std::mt19937_64 random(1);
    std::vector<Byte> records(count * recordSize, 'x'), sorted(records.size());
    for (size_t i = 0; i < records.size(); i += recordSize)
        for (size_t k = 0; k < 10; ++k) records[i + k] = static_cast<Byte>(' ' + random() % 95);
    measure("sort", records.size(), count,
            [&] { return sortRecords(records.data(), count, sorted.data()); });
}
