// SPDX-License-Identifier: Apache-2.0
//
// terasort INPUT OUTPUT
//
// Sorts lines of exactly 100 bytes (line end included) by their bytes, on one thread. The first 10
// bytes are expected to be a random key, so that they nearly always decide.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using Byte = unsigned char;
constexpr size_t recordSize = 100;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

[[noreturn]] void reject(const char* path, const char* why) {
    std::fprintf(stderr, "%s: %s\n", path, why);
    std::exit(1);
}

struct Input {
    const Byte* begin;
    size_t count;
};

Input mapInput(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) fail(path);
    const size_t size = static_cast<size_t>(info.st_size);
    if (size % recordSize != 0) reject(path, "not a whole number of 100-byte lines");
    if (size / recordSize > UINT32_MAX) reject(path, "too many lines");
    if (size == 0) return {nullptr, 0};
    // Populated at once: every page is needed, and the gather later visits them in random order.
    void* base = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (base == MAP_FAILED) fail(path);
    close(fd);
    return {static_cast<const Byte*>(base), size / recordSize};
}

// The 12 leading bytes of a record, as numbers that compare as the bytes do, and where it stands.
// Sorting these moves 16 bytes instead of 100 and rarely looks at the record.
struct Item {
    uint64_t prefix;
    uint32_t next;
    uint32_t index;
};
static_assert(sizeof(Item) == 16);
constexpr size_t prefixSize = 12;

template <typename T>
T loadBigEndian(const Byte* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return sizeof value == 8 ? __builtin_bswap64(value) : __builtin_bswap32(value);
}

void extract(Input in, Item* items, const char* path) {
    for (size_t i = 0; i < in.count; ++i) {
        const Byte* p = in.begin + i * recordSize;
        if (p[recordSize - 1] != '\n') reject(path, "a line is not 100 bytes long");
        items[i] = {loadBigEndian<uint64_t>(p), loadBigEndian<uint32_t>(p + 8),
                    static_cast<uint32_t>(i)};
    }
}

void sort(Input in, Item* items) {
    std::sort(items, items + in.count, [in](const Item& a, const Item& b) {
        if (a.prefix != b.prefix) return a.prefix < b.prefix;
        if (a.next != b.next) return a.next < b.next;
        return std::memcmp(in.begin + a.index * recordSize + prefixSize,
                           in.begin + b.index * recordSize + prefixSize,
                           recordSize - prefixSize) < 0;
    });
}

void writeAll(int fd, const Byte* p, size_t n) {
    while (n > 0) {
        const ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail("write");
        p += done, n -= static_cast<size_t>(done);
    }
}

void gather(Input in, const Item* items, const char* path) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) fail(path);
    constexpr size_t perWrite = 16384;   // records: about 1.6 MB, which stays in cache
    constexpr size_t ahead = 16;         // records asked for early, as their places are random
    const auto buffer = std::make_unique_for_overwrite<Byte[]>(perWrite * recordSize);
    size_t used = 0;
    for (size_t i = 0; i < in.count; ++i) {
        if (i + ahead < in.count) {
            const Byte* soon = in.begin + items[i + ahead].index * recordSize;
            __builtin_prefetch(soon);
            __builtin_prefetch(soon + 64);
        }
        std::memcpy(buffer.get() + used * recordSize, in.begin + items[i].index * recordSize,
                    recordSize);
        if (++used == perWrite) {
            writeAll(fd, buffer.get(), used * recordSize);
            used = 0;
        }
    }
    writeAll(fd, buffer.get(), used * recordSize);
    if (close(fd) != 0) fail(path);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: terasort INPUT OUTPUT\n");
        return 2;
    }
    const Input in = mapInput(argv[1]);
    const auto items = std::make_unique_for_overwrite<Item[]>(in.count);
    extract(in, items.get(), argv[1]);
    sort(in, items.get());
    gather(in, items.get(), argv[2]);
}
