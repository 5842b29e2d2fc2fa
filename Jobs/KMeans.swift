// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Finds k centres such that points are near to one of them (Lloyd 1982).
struct KMeans: Job {
  static let name = "kmeans"
  static let abstract = "Finds k centres to which the points are near."

  @Argument(help: "Files to read: on each line the coordinates of a point.") var input: [String]
  @Option(help: "How many centres to find.") var k = 8
  @Option(help: "The character between coordinates.") var separator = ","
  @Option(help: "Rounds at most.") var rounds = 20
  @Option(help: "How far a centre may still move.") var tolerance = 1e-4
  @Option(help: "Which points the search begins with.") var seed: UInt64 = 1

  func validate() throws {
    if k < 1 { throw ValidationError("there is one centre at least") }
    if rounds < 0 { throw ValidationError("rounds are not negative") }
    if !(tolerance >= 0) { throw ValidationError("the tolerance is not negative") }
    if separator.unicodeScalars.count != 1 || !separator.utf8.allSatisfy({ $0 < 0x80 }) {
      throw ValidationError("the separator is one ASCII character")
    }
  }

  func plan(_ flow: Flow) {
    let separator = separator.unicodeScalars.first ?? ","
    let skipped = flow.counter("lines that are no point")
    let points = flow.read(.lines(input))
      .compactMap { line -> [Double]? in
        if let point = line.point(separator) { return point }
        skipped.add()
        return nil
      }
      // They are read in each round: in place, without an array for each of them.
      .cached(as: Doubles.self)
    // Any k different points, as if by lot.
    let first = points.keyed { [seed] point in (point.lot(seed), Array(point)) }
      .top(4 * k, by: { [seed] in $0.lot(seed) })
      .reduce { point, _ in point }
      .top(k, by: { [seed] in $0.lot(seed) })
      .map { _, point in (true, point) }
      .keyed { $0 }
      .group(to: (Int, [Double]).self) { _, points, emit in
        for (place, point) in points.enumerated() { emit(place + 1, point) }
      }
    first.iterate(
      upTo: rounds,
      until: { [tolerance] in $0.squaredDistance(to: $1) <= tolerance * tolerance }
    ) { centres in
      points.flatMap(with: centres.broadcast(), to: (Int, Doubles).self) { point, centres, emit in
        if let nearest = point.nearest(centres.pairs) { emit(nearest, point) }
      }
      .combine(into: Cluster()) {
        try $0.add($1)
      } merge: {
        try $0.add($1)
      }
      .mapValues(\.mean)
    }
    .write(.result("kmeans"))
  }
}

/// The sum of the points that are nearest to a centre.
struct Cluster: Record {
  var sums: [Double] = []
  var count = 0

  static var typeCode: TypeCode { [Double].typeCode }

  init() {}

  init(from source: inout RecordReader) throws {
    count = Int(try source.varint())
    sums = try [Double](from: &source)
  }

  func encode(into target: inout RecordWriter) {
    target.appendVarint(UInt64(count))
    sums.encode(into: &target)
  }

  mutating func add(_ point: Doubles) throws { try add(point, count: 1) }
  mutating func add(_ other: Cluster) throws { try add(other.sums, count: other.count) }

  private mutating func add(
    _ other: some RandomAccessCollection<Double>, count others: Int
  ) throws {
    if count == 0 {
      sums = Array(other)
    } else {
      guard sums.count == other.count else {
        throw JobError(
          .badInput,
          "points have \(sums.count) coordinates, and one has \(other.count)",
          advice: "give all points the same number of coordinates")
      }
      for (place, coordinate) in other.enumerated() { sums[place] += coordinate }
    }
    count += others
  }

  var mean: [Double] { sums.map { $0 / Double(count) } }
}

extension RandomAccessCollection<Double> where Index == Int {
  func squaredDistance(to other: [Double]) -> Double {
    var sum = 0.0
    for place in 0..<Swift.min(count, other.count) {
      let difference = self[place] - other[place]
      sum += difference * difference
    }
    return sum
  }

  /// The key of the nearest centre; of several the first.
  func nearest(_ centres: [(key: Int, value: [Double])]) -> Int? {
    var nearest = 0
    var least = Double.infinity
    // Which one is nearer can hardly be guessed: numbers are chosen, and nothing is jumped over.
    for place in centres.indices {
      let distance = squaredDistance(to: centres[place].value)
      let isNearer = distance < least
      nearest = isNearer ? place : nearest
      least = isNearer ? distance : least
    }
    return nearest < centres.count ? centres[nearest].key : nil
  }

  /// A number that follows from the coordinates, and tells nothing of them.
  func lot(_ seed: UInt64) -> UInt64 {
    var lot = seed &* 0x9E37_79B9_7F4A_7C15
    for coordinate in self {
      lot = (lot ^ coordinate.bitPattern) &* 0xFF51_AFD7_ED55_8CCD
      lot ^= lot >> 32
    }
    return lot
  }
}

extension Bytes {
  /// Numbers between separators; nil where something is none.
  fileprivate func point(_ separator: Unicode.Scalar) -> [Double]? {
    var coordinates: [Double] = []
    coordinates.reserveCapacity(8)
    for field in fields(separator) {
      guard let coordinate = Double(field), coordinate.isFinite else { return nil }
      coordinates.append(coordinate)
    }
    return coordinates
  }
}
