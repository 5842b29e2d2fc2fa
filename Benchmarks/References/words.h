// SPDX-License-Identifier: Apache-2.0
//
// What wordcount and kernels share: finding words, hashing them, and the table that counts them.
// Bytes behind the text are read, up to 8 of them, and must be zero: they end the last word and
// let every word be read in whole 8-byte steps.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include <sys/mman.h>

using Byte = unsigned char;

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

inline uint64_t load(const Byte* p) {
    uint64_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

// The first n bytes at p, 1 <= n <= 8, as a little-endian number.
inline uint64_t loadPart(const Byte* p, size_t n) {
    return load(p) & (~uint64_t{0} >> (64 - 8 * n));
}

inline uint64_t mix(uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hashOf(const Byte* p, size_t n) {
    uint64_t h = n * 0xd1342543de82ef95u;
    for (; n > 8; p += 8, n -= 8) h = mix(h ^ load(p), 0x9e3779b97f4a7c15u);
    return mix(h ^ loadPart(p, n), 0xc2b2ae3d27d4eb4fu);
}

inline bool sameBytes(const Byte* a, const Byte* b, size_t n) {
    for (; n > 8; a += 8, b += 8, n -= 8)
        if (load(a) != load(b)) return false;
    return loadPart(a, n) == loadPart(b, n);
}

constexpr size_t maxInput = size_t{1} << 40, maxWord = (size_t{1} << 24) - 1;

// Whether a byte belongs to a word: letters, digits and bytes >= 0x80 do.
inline constexpr auto inWord = [] {
    std::array<bool, 256> t{};
    for (int c = 0; c < 256; ++c)
        t[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c >= 0x80;
    return t;
}();

// Calls emit(word, length) for each maximal run of bytes of words.
template <typename Emit>
void tokenise(const Byte* p, const Byte* end, Emit emit) {
    while (p < end) {
        if (!inWord[*p++]) continue;
        const Byte* const word = p - 1;
        while (inWord[*p]) ++p;
        emit(word, static_cast<size_t>(p - word));
    }
}

struct Entry {
    uint64_t hash;
    uint64_t offset : 40;  // of the word's first occurrence: inputs to maxInput
    uint64_t length : 24;  // words to maxWord
    uint64_t count;        // 0 marks a free slot
};
static_assert(sizeof(Entry) == 24);

// Counts words by open addressing with linear probing: a power of two of slots, at most 0.6 of
// them taken.
struct Table {
    explicit Table(const Byte* text) : text(text) {}
    Table(const Table&) = delete;
    ~Table() { munmap(slots.data(), slots.size_bytes()); }

    void add(const Byte* word, size_t length) {
        const uint64_t hash = hashOf(word, length);
        for (size_t mask = slots.size() - 1, i = hash & mask;; i = (i + 1) & mask) {
            Entry& e = slots[i];
            if (e.count == 0) {
                e = {hash, static_cast<uint64_t>(word - text), length, 1};
                if (++taken * 5 > slots.size() * 3) grow();
                return;
            }
            if (e.hash == hash && e.length == length && sameBytes(text + e.offset, word, length)) {
                ++e.count;
                return;
            }
        }
    }

    // Fresh pages are zero, which is what a free slot looks like. Large pages spare the random
    // probes most of their address-translation misses.
    static std::span<Entry> allocate(size_t capacity) {
        const size_t bytes = capacity * sizeof(Entry);
        void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) fail("table");
        madvise(p, bytes, MADV_HUGEPAGE);
        return {static_cast<Entry*>(p), capacity};
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
