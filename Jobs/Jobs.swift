// SPDX-License-Identifier: Apache-2.0
public import MapReduce

/// The example jobs.
public enum Jobs: JobSuite {
  /// In the order in which `mapred list` shows them.
  public static let jobs: [any Job.Type] = [
    WordCount.self, TopWords.self, Frequencies.self, Grep.self, InvertedIndex.self,
    Histogram.self, TeraGen.self, TeraSort.self, TeraValidate.self, Sessions.self, LogStats.self,
    DistinctCount.self, Revenue.self, PageRank.self, KMeans.self, TriangleCount.self, NGrams.self,
  ]
}
