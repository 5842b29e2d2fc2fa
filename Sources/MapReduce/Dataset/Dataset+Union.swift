// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Vocabulary

extension Dataset {
  /// The elements of both: all of this one, then all of the other. Nothing is moved or compared.
  @inlinable public func union(
    _ other: Dataset<T>, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let own = feed
    let others = other.feed
    let boundary = pipeline.branchCount
    return Dataset(
      pipeline: pipeline.meeting(other.pipeline)
        .adding("union", CodeLocation(fileID: fileID, line: line)),
      feed: { chunk, sink in
        chunk.branch < boundary
          ? try own(chunk, sink) : try others(chunk.counted(from: boundary), sink)
      },
      isPlain: isPlain && other.isPlain)
  }
}

extension Keyed {
  /// The pairs of both: all of this one, then all of the other. Nothing is moved or compared.
  @inlinable public func union(
    _ other: Keyed<K, V>, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let own = emitInto
    let others = other.emitInto
    let (feed, otherFeed) = (feed, other.feed)
    let boundary = pipeline.branchCount
    return Keyed(
      pipeline: pipeline.meeting(other.pipeline)
        .keepingKeys("union", CodeLocation(fileID: fileID, line: line))
    ) { chunk, emit in
      chunk.branch < boundary
        ? try own(chunk, &emit) : try others(chunk.counted(from: boundary), &emit)
    } handing: { chunk, sink in
      chunk.branch < boundary
        ? try feed(chunk, sink) : try otherFeed(chunk.counted(from: boundary), sink)
    }
  }
}
