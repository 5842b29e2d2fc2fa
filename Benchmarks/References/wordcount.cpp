// SPDX-License-Identifier: Apache-2.0
//
// wordcount INPUT OUTPUT
//
// Counts the words of a file on one thread. A word is a maximal run of ASCII letters, digits and
// bytes >= 0x80; case is kept. Writes `word TAB count LF`, in order of the words' bytes.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using Byte = unsigned char;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

// Bytes that may be read past the end of the input. They are zero, so they end the last word and
// let every word be read in whole 8-byte steps.
constexpr size_t slack = 4096;

std::span<const Byte> mapInput(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) fail(path);
    const size_t size = static_cast<size_t>(info.st_size);
    // Reserve zero pages first and lay the file over their front: what follows it stays readable.
    void* base = mmap(nullptr, size + slack, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) fail(path);
    if (size > 0) {
        if (mmap(base, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) fail(path);
        madvise(base, size, MADV_SEQUENTIAL);
    }
    close(fd);
    return {static_cast<const Byte*>(base), size};
}

uint64_t load(const Byte* p) {
    uint64_t value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

// The first n bytes at p, 1 <= n <= 8, as a little-endian number.
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

struct Entry {
    uint64_t hash;
    uint64_t offset : 40;  // of the word's first occurrence: inputs to 1 TiB
    uint64_t length : 24;  // words to 16 MiB
    uint64_t count;        // 0 marks a free slot
};
static_assert(sizeof(Entry) == 24);

constexpr size_t maxInput = size_t{1} << 40, maxWord = (size_t{1} << 24) - 1;

// Open addressing with linear probing, a power of two of slots, at most 0.6 of them taken.
struct Table {
    explicit Table(const Byte* text) : text(text) {}

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

void count(std::span<const Byte> in, Table& table) {
    std::array<bool, 256> inWord{};
    for (int c = 0; c < 256; ++c)
        inWord[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    c >= 0x80;
    const Byte* const end = in.data() + in.size();
    for (const Byte* p = in.data(); p < end;) {
        if (!inWord[*p++]) continue;
        const Byte* const word = p - 1;
        while (inWord[*p]) ++p;
        const size_t length = static_cast<size_t>(p - word);
        if (length > maxWord) errno = EFBIG, fail("word");
        table.add(word, length);
    }
}

void writeSorted(const Table& table, const char* path) {
    const Byte* const text = table.text;
    // The first 8 bytes decide most comparisons without touching the text. A shorter word is
    // padded with zeros, which no word contains.
    struct Item {
        uint64_t prefix;
        const Entry* entry;
    };
    std::vector<Item> items;
    items.reserve(table.taken);
    for (const Entry& e : table.slots)
        if (e.count != 0) {
            const size_t n = std::min<size_t>(e.length, 8);
            items.push_back({__builtin_bswap64(loadPart(text + e.offset, n)), &e});
        }
    std::sort(items.begin(), items.end(), [text](const Item& a, const Item& b) {
        if (a.prefix != b.prefix) return a.prefix < b.prefix;
        const size_t an = a.entry->length, bn = b.entry->length;
        const int c = std::memcmp(text + a.entry->offset, text + b.entry->offset, std::min(an, bn));
        return c != 0 ? c < 0 : an < bn;
    });

    FILE* out = std::fopen(path, "we");
    if (!out || std::setvbuf(out, nullptr, _IOFBF, size_t{1} << 20) != 0) fail(path);
    for (const Item& item : items) {
        char number[24] = "\t";
        char* end = std::to_chars(number + 1, std::end(number), item.entry->count).ptr;
        *end++ = '\n';
        fwrite_unlocked(text + item.entry->offset, 1, item.entry->length, out);
        fwrite_unlocked(number, 1, static_cast<size_t>(end - number), out);
    }
    if (std::ferror(out) || std::fclose(out) != 0) fail(path);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: wordcount INPUT OUTPUT\n");
        return 2;
    }
    const auto in = mapInput(argv[1]);
    if (in.size() > maxInput) errno = EFBIG, fail(argv[1]);
    Table table(in.data());
    count(in, table);
    writeSorted(table, argv[2]);
}
