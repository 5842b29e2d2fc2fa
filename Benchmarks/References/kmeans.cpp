// SPDX-License-Identifier: Apache-2.0
//
// kmeans INPUT K ROUNDS OUTPUT
//
// Finds K centres on one thread, as the job does with its first seed: it begins with the points
// whose lots are highest, and moves each centre to the mean of the points that are nearest to it,
// so many times. Each line of the input has a point's coordinates between commas. Writes
// `number TAB [x,y,…] LF`, in the order of the lots.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "numbers.h"

namespace {

struct Points {
    size_t width = 0;
    std::vector<double> values;
    size_t count() const { return width == 0 ? 0 : values.size() / width; }
    const double* operator[](size_t index) const { return values.data() + index * width; }
};

Points readPoints(std::string_view text) {
    Points points;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        size_t width = 0;
        for (;;) {
            double value;
            if (!readNumber(at, end, value)) errno = EINVAL, fail("a point");
            points.values.push_back(value);
            ++width;
            if (at == end || *at != ',') break;
            ++at;
        }
        if (points.width == 0) points.width = width;
        if (points.width != width) errno = EINVAL, fail("a point");
        if (at < end) ++at;
    }
    return points;
}

uint64_t lot(const double* point, size_t width, uint64_t seed) {
    uint64_t lot = seed * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < width; ++i) {
        lot = (lot ^ std::bit_cast<uint64_t>(point[i])) * 0xff51afd7ed558ccdu;
        lot ^= lot >> 32;
    }
    return lot;
}

double squaredDistance(const double* a, const double* b, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) errno = EINVAL, fail("kmeans INPUT K ROUNDS OUTPUT");
    const size_t wanted = number(argv[2]), rounds = number(argv[3]);
    const Points points = readPoints(mapText(argv[1]));
    const size_t width = points.width;
    std::vector<std::pair<uint64_t, size_t>> lots;
    for (size_t i = 0; i < points.count(); ++i) lots.push_back({lot(points[i], width, 1), i});
    std::sort(lots.begin(), lots.end(), [](auto& a, auto& b) { return a.first > b.first; });
    lots.erase(std::unique(lots.begin(), lots.end(),
                           [](auto& a, auto& b) { return a.first == b.first; }),
               lots.end());
    const size_t k = std::min(wanted, lots.size());
    std::vector<double> centres;
    for (size_t i = 0; i < k; ++i)
        centres.insert(centres.end(), points[lots[i].second], points[lots[i].second] + width);

    std::vector<double> sums(k * width);
    std::vector<size_t> counts(k);
    for (size_t round = 0; round < rounds; ++round) {
        std::fill(sums.begin(), sums.end(), 0.0);
        std::fill(counts.begin(), counts.end(), 0);
        for (size_t p = 0; p < points.count(); ++p) {
            size_t nearest = 0;
            double least = std::numeric_limits<double>::infinity();
            for (size_t c = 0; c < k; ++c) {
                const double distance = squaredDistance(points[p], &centres[c * width], width);
                if (distance < least) least = distance, nearest = c;
            }
            for (size_t i = 0; i < width; ++i) sums[nearest * width + i] += points[p][i];
            ++counts[nearest];
        }
        for (size_t c = 0; c < k; ++c)
            for (size_t i = 0; i < width; ++i)
                centres[c * width + i] = sums[c * width + i] / static_cast<double>(counts[c]);
    }
    Output output;
    for (size_t c = 0; c < k; ++c) {
        output.number(c + 1);
        for (size_t i = 0; i < width; ++i) {
            output.add(i == 0 ? '\t' : ',');
            if (i == 0) output.add('[');
            output.number(centres[c * width + i]);
        }
        output.add(']');
        output.add('\n');
    }
    output.write(argv[4]);
}
