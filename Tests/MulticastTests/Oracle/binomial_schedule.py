#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second version of the binomial pipeline, for the tests of the Swift one.

The Swift code says by formula what a member does in a step. This program does not know the
formulas: it plays the pipeline, step by step, with everything that every member holds, by rules:

- 2^l vertices, 2^l <= n < 2^(l+1), are the corners of a cube. Members 0 to 2^l - 1 are a vertex
  each; the members that are left over are a second member, a twin, of vertices 1, 2, ...
- In step s the vertices exchange along dimension s mod l: each sends the newest block that it
  holds to its neighbour; the root releases block s, and the last block again when it has no more.
  Nobody sends to the root.
- Of a pair one member is inward, first the one with the lower number: it receives from other
  vertices, and the other one sends to them. They change places after each step along a dimension
  in which the vertex's number has a one.
- Meanwhile the inward member passes on the oldest block that its twin lacks. When the cube is done,
  one more step lets both do so.
- A single block spreads along a binomial tree.

    binomial_schedule.py > binomial_schedule.golden

prints a line for each n and k: members, blocks, steps, transfers, and the FNV-1a hash of the
numbers step, source, target, block of all transfers, ordered by step and source, each number taken
as one 64-bit unit.
"""

MEMBERS = range(2, 70)
BLOCKS = (1, 2, 3, 4, 5, 7, 8, 16, 33, 100)


def tree(n):
    """The transfers of a message of one block."""
    step = 0
    while 1 << step < n:
        for source in range(min(1 << step, n - (1 << step))):
            yield step, source, source + (1 << step), 0
        step += 1


class Vertex:
    def __init__(self, number, members):
        self.number = number
        self.inward = members[0]
        self.outward = members[-1]
        self.newest = -1

    @property
    def is_pair(self):
        return self.inward != self.outward


def pipeline(n, k):
    """The transfers of a message of k > 1 blocks to n - 1 members."""
    dimensions = n.bit_length() - 1
    corners = 1 << dimensions
    spare = n - corners
    vertices = [
        Vertex(v, [v, v + corners - 1] if 1 <= v <= spare else [v]) for v in range(corners)
    ]
    held = [set() for _ in range(n)]
    held[0] = set(range(k))
    for step in range(k + dimensions - 1 + (spare > 0)):
        dimension = 1 << step % dimensions
        is_last = spare > 0 and step == k + dimensions - 1
        vertices[0].newest = min(step, k - 1)
        transfers = []
        for vertex in vertices:
            target = vertices[vertex.number ^ dimension]
            if not is_last and target.number != 0 and vertex.newest >= 0:
                transfers.append((vertex.outward, target.inward, vertex.newest, target))
            ways = [(vertex.inward, vertex.outward), (vertex.outward, vertex.inward)]
            for source, target in ways[: vertex.is_pair + (vertex.is_pair and is_last)]:
                lacking = held[source] - held[target]
                if lacking:
                    transfers.append((source, target, min(lacking), vertex))
        verify(transfers, held)
        for source, target, block, vertex in sorted(transfers, key=lambda t: t[0]):
            yield step, source, target, block
            held[target].add(block)
            vertex.newest = max(vertex.newest, block)
        for vertex in vertices:
            if vertex.number & dimension:
                vertex.inward, vertex.outward = vertex.outward, vertex.inward
    assert all(len(blocks) == k for blocks in held), (n, k)


def verify(transfers, held):
    """One block out and one in for each member, and none that is not held or held already."""
    assert len({t[0] for t in transfers}) == len(transfers)
    assert len({t[1] for t in transfers}) == len(transfers)
    for source, target, block, _ in transfers:
        assert block in held[source] and block not in held[target]


def fnv(numbers):
    value = 0xCBF29CE484222325
    for number in numbers:
        value = ((value ^ number) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def main():
    for n in MEMBERS:
        for k in BLOCKS:
            transfers = list(tree(n) if k == 1 else pipeline(n, k))
            steps = transfers[-1][0] + 1
            digest = fnv(number for transfer in transfers for number in transfer)
            print(f"{n} {k} {steps} {len(transfers)} {digest:016x}")


if __name__ == "__main__":
    main()
