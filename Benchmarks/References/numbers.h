// SPDX-License-Identifier: Apache-2.0
//
// What pagerank and kmeans share: a file in memory, and the numbers in it.

#pragma once

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.h"

inline std::string_view mapText(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) fail(path);
    const size_t size = static_cast<size_t>(info.st_size);
    if (size == 0) return {};
    void* base = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) fail(path);
    madvise(base, size, MADV_SEQUENTIAL);
    close(fd);
    return {static_cast<const char*>(base), size};
}

// Reads the number at `at`, and leaves `at` behind it; false where there is none.
template <class Number>
bool readNumber(const char*& at, const char* end, Number& number) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return false;
    at = next;
    return true;
}

// Text that is written to a file at the end.
class Output {
  public:
    template <class Number>
    void number(Number value) {
        char buffer[64];
        const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
        if (error != std::errc{}) errno = EINVAL, fail("a number");
        text.append(buffer, end);
    }
    void add(char c) { text.push_back(c); }
    void write(const char* path) const {
        std::FILE* file = std::fopen(path, "wb");
        if (file == nullptr) fail(path);
        if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) fail(path);
        if (std::fclose(file) != 0) fail(path);
    }

  private:
    std::string text;
};
