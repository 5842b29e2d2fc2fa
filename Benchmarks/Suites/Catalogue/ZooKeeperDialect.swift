// SPDX-License-Identifier: Apache-2.0

/// A client of ZooKeeper: frames of a length, the number of a request, and its kind.
///
/// A read is `sync` and then `getData`, sent together: without `sync` a server answers from what it
/// has, which may be older than what was acknowledged.
struct ZooKeeperDialect: Dialect {
  private enum Kind {
    static let create: Int32 = 1
    static let getData: Int32 = 4
    static let setData: Int32 = 5
    static let sync: Int32 = 9
  }

  private(set) var isWelcome = false
  private var requests: Int32 = 0
  private static let nodeExists: Int32 = -110

  func greet(into out: inout [UInt8]) {
    var body: [UInt8] = []
    body.appendBigEndian(0 as Int32)
    body.appendBigEndian(0 as Int64)
    // The session's time-out in milliseconds, and no earlier session.
    body.appendBigEndian(30_000 as Int32)
    body.appendBigEndian(0 as Int64)
    body.append(counted: [UInt8](repeating: 0, count: 16))
    body.append(0)
    out.append(counted: body)
  }

  mutating func ask(_ work: StoreWork, key: Int, value: [UInt8], into out: inout [UInt8]) {
    let path = Array(StoreKey.name(key).utf8)
    switch work {
    case .create:
      send(Kind.create, into: &out) { body in
        body.append(counted: path)
        body.append(counted: value)
        // All may do all with it, and it stays when its session ends.
        body.appendBigEndian(1 as Int32)
        body.appendBigEndian(31 as Int32)
        body.append(counted: Array("world".utf8))
        body.append(counted: Array("anyone".utf8))
        body.appendBigEndian(0 as Int32)
      }
    case .set:
      send(Kind.setData, into: &out) { body in
        body.append(counted: path)
        body.append(counted: value)
        body.appendBigEndian(-1 as Int32)
      }
    case .read:
      send(Kind.sync, into: &out) { $0.append(counted: path) }
      send(Kind.getData, into: &out) { body in
        body.append(counted: path)
        body.append(0)
      }
    }
  }

  private mutating func send(
    _ kind: Int32, into out: inout [UInt8], _ write: (inout [UInt8]) -> Void
  ) {
    requests += 1
    let start = out.count
    out.appendBigEndian(0 as Int32)
    out.appendBigEndian(requests)
    out.appendBigEndian(kind)
    write(&out)
    var length: [UInt8] = []
    length.appendBigEndian(Int32(out.count - start - 4))
    out.replaceSubrange(start..<start + 4, with: length)
  }

  mutating func take(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) throws -> Taken {
    guard bytes.count >= 4 else { return .nothing }
    let count = bytes.bigEndian(at: 0, 4)
    guard bytes.count >= 4 + count else { return .nothing }
    guard isWelcome else {
      isWelcome = true
      return .message(4 + count)
    }
    let number = Int32(truncatingIfNeeded: bytes.bigEndian(at: 4, 4))
    let error = Int32(truncatingIfNeeded: bytes.bigEndian(at: 16, 4))
    guard error == 0 || error == Self.nodeExists else {
      throw BenchmarkError("ZooKeeper answered error \(error)")
    }
    return number == requests ? .answer(4 + count) : .message(4 + count)
  }
}

extension [UInt8] {
  fileprivate mutating func append(counted bytes: [UInt8]) {
    appendBigEndian(Int32(bytes.count))
    self += bytes
  }
}
