// SPDX-License-Identifier: Apache-2.0
//
// pagerank INPUT ROUNDS OUTPUT
//
// Ranks the nodes of a graph on one thread, as the job does: each line of the input has the numbers
// of two nodes, from and to; every node begins with rank 1 and gives its rank to those that it
// links to, in equal parts; a node's next rank is 0.15 + 0.85 times what it was given. Only nodes
// with links have a rank to give. Writes `node TAB rank LF`, in order of the nodes.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "numbers.h"

namespace {

struct Edge {
    int64_t from, to;
};

std::vector<Edge> readEdges(std::string_view text) {
    std::vector<Edge> edges;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        Edge edge;
        if (!readNumber(at, end, edge.from)) errno = EINVAL, fail("a line");
        while (at < end && (*at == ' ' || *at == '\t')) ++at;
        if (!readNumber(at, end, edge.to)) errno = EINVAL, fail("a line");
        while (at < end && *at != '\n') ++at;
        if (at < end) ++at;
        edges.push_back(edge);
    }
    return edges;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) errno = EINVAL, fail("pagerank INPUT ROUNDS OUTPUT");
    const size_t rounds = number(argv[2]);
    const std::vector<Edge> edges = readEdges(mapText(argv[1]));
    // Nodes are numbered anew, without gaps.
    std::vector<int64_t> nodes;
    nodes.reserve(2 * edges.size());
    for (const Edge& e : edges) nodes.push_back(e.from), nodes.push_back(e.to);
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    const auto place = [&](int64_t node) {
        return static_cast<uint32_t>(
            std::lower_bound(nodes.begin(), nodes.end(), node) - nodes.begin());
    };
    // Links by node: those of node n stand at starts[n]..<starts[n + 1].
    std::vector<uint32_t> from(edges.size()), to(edges.size());
    std::vector<uint64_t> starts(nodes.size() + 1);
    for (size_t i = 0; i < edges.size(); ++i) {
        from[i] = place(edges[i].from);
        to[i] = place(edges[i].to);
        ++starts[from[i] + 1];
    }
    for (size_t n = 0; n < nodes.size(); ++n) starts[n + 1] += starts[n];
    std::vector<uint32_t> links(edges.size());
    std::vector<uint64_t> next(starts.begin(), starts.end() - 1);
    for (size_t i = 0; i < edges.size(); ++i) links[next[from[i]]++] = to[i];

    std::vector<double> ranks(nodes.size(), 1.0), sums(nodes.size());
    for (size_t round = 0; round < rounds; ++round) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (size_t n = 0; n < nodes.size(); ++n) {
            const uint64_t count = starts[n + 1] - starts[n];
            if (count == 0) continue;
            const double share = ranks[n] / static_cast<double>(count);
            for (uint64_t i = starts[n]; i < starts[n + 1]; ++i) sums[links[i]] += share;
        }
        for (size_t n = 0; n < nodes.size(); ++n) ranks[n] = 0.15 + 0.85 * sums[n];
    }
    Output output;
    for (size_t n = 0; n < nodes.size(); ++n) {
        output.number(nodes[n]);
        output.add('\t');
        output.number(ranks[n]);
        output.add('\n');
    }
    output.write(argv[3]);
}
