// SPDX-License-Identifier: Apache-2.0
//
// wordcount INPUT OUTPUT
//
// Counts the words of a file on one thread. A word is a maximal run of ASCII letters, digits and
// bytes >= 0x80; case is kept. Writes `word TAB count LF`, in order of the words' bytes.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "words.h"

namespace {

constexpr size_t slack = 4096;  // zero bytes behind the input: a page, as the file ends in one

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

void count(std::span<const Byte> in, Table& table) {
    tokenise(in.data(), in.data() + in.size(), [&](const Byte* word, size_t length) {
        if (length > maxWord) errno = EFBIG, fail("word");
        table.add(word, length);
    });
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
