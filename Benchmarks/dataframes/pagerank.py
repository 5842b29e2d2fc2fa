#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pagerank.py INPUT ROUNDS OUTPUT: the job pagerank, as it is said in Polars.

Each line of the input has the numbers of two nodes, from and to. Writes node TAB rank, in order of
the nodes.
"""

import sys

import polars as pl


def main(path: str, rounds: int, output: str) -> None:
    edges = pl.read_csv(path, separator=" ", has_header=False, new_columns=["node", "to"])
    links = edges.group_by("node").agg(pl.len().cast(pl.Float64).alias("count"))
    edges = edges.join(links, on="node")
    ranks = links.select("node", pl.lit(1.0).alias("rank"))
    # A node stays, even where nobody links to it.
    nothing = links.select("node", pl.lit(0.0).alias("rank"))
    for _ in range(rounds):
        given = (
            edges.join(ranks, on="node")
            .select(pl.col("to").alias("node"), pl.col("rank") / pl.col("count"))
        )
        ranks = (
            pl.concat([given, nothing])
            .group_by("node")
            .agg(pl.col("rank").sum())
            .with_columns((0.15 + 0.85 * pl.col("rank")).alias("rank"))
        )
    ranks.sort("node").write_csv(output, separator="\t", include_header=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
