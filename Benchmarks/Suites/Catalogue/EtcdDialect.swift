// SPDX-License-Identifier: Apache-2.0

/// A client of etcd's v3 API: gRPC over HTTP/2 without TLS, one stream for each operation.
///
/// As little of both as one operation at a time needs. The header fields are put into the server's
/// table with the first request, so that later ones name them by a byte each, as gRPC's own clients
/// do. Windows are made so large that neither side waits for room.
struct EtcdDialect: Dialect {
  private enum Frame {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let headerBytes = 9
  }

  private enum Flag {
    static let endStream: UInt8 = 1
    static let acknowledged: UInt8 = 1
    static let endHeaders: UInt8 = 4
  }

  private(set) var isWelcome = false
  private var stream: Int32 = -1
  /// Whether the header fields of this kind of request are in the server's table.
  private var known: StoreWork?
  private var answeredBytes = 0
  /// Bytes that came and were not told to be taken.
  private var unacknowledged = 0

  func greet(into out: inout [UInt8]) {
    out += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    Self.frame(Frame.settings, 0, 0, 6, into: &out)
    // SETTINGS_INITIAL_WINDOW_SIZE
    out.appendBigEndian(4 as UInt16)
    out.appendBigEndian(Int32.max)
    Self.frame(Frame.windowUpdate, 0, 0, 4, into: &out)
    out.appendBigEndian(Int32.max - 65_535)
  }

  private static func frame(
    _ kind: UInt8, _ flags: UInt8, _ stream: Int32, _ count: Int, into out: inout [UInt8]
  ) {
    out.append(UInt8(truncatingIfNeeded: count >> 16))
    out.appendBigEndian(UInt16(truncatingIfNeeded: count))
    out.append(kind)
    out.append(flags)
    out.appendBigEndian(stream)
  }

  mutating func ask(_ work: StoreWork, key: Int, value: [UInt8], into out: inout [UInt8]) {
    stream += 2
    answeredBytes = 0
    let fields = headers(work)
    Self.frame(Frame.headers, Flag.endHeaders, stream, fields.count, into: &out)
    out += fields
    // Protocol buffers: field 1 is the key, field 2 of a put its value.
    let name = Array(StoreKey.name(key).utf8)
    var message: [UInt8] = [0x0A]
    message.appendVarint(name.count)
    message += name
    if work != .read {
      message.append(0x12)
      message.appendVarint(value.count)
      message += value
    }
    Self.frame(Frame.data, Flag.endStream, stream, 5 + message.count, into: &out)
    out.append(0)
    out.appendBigEndian(Int32(message.count))
    out += message
  }

  private mutating func headers(_ work: StoreWork) -> [UInt8] {
    // `:method: POST` and `:scheme: http` stand in the table that all know.
    var out: [UInt8] = [0x83, 0x86]
    if known == work { return out + [0xC1, 0xC0, 0xBF, 0xBE] }
    precondition(known == nil, "a connection does one kind of work")
    known = work
    let path = work == .read ? "/etcdserverpb.KV/Range" : "/etcdserverpb.KV/Put"
    // `:path`, `:authority` and `content-type` have names there; `te` has none.
    for (name, value) in [(4, path), (1, "localhost"), (31, "application/grpc"), (0, "trailers")] {
      out.append(0x40 | UInt8(name))
      if name == 0 { out += [2] + Array("te".utf8) }
      out.append(UInt8(value.utf8.count))
      out += Array(value.utf8)
    }
    return out
  }

  mutating func take(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) throws -> Taken {
    guard bytes.count >= Frame.headerBytes else { return .nothing }
    let count = bytes.bigEndian(at: 0, 3)
    let size = Frame.headerBytes + count
    guard bytes.count >= size else { return .nothing }
    let kind = bytes[bytes.startIndex + 3]
    let flags = bytes[bytes.startIndex + 4]
    switch kind {
    case Frame.data:
      answeredBytes += count
      take(count, into: &out)
    case Frame.settings where flags & Flag.acknowledged == 0:
      isWelcome = true
      Self.frame(Frame.settings, Flag.acknowledged, 0, 0, into: &out)
    case Frame.ping where flags & Flag.acknowledged == 0:
      Self.frame(Frame.ping, Flag.acknowledged, 0, count, into: &out)
      out += bytes.dropFirst(Frame.headerBytes).prefix(count)
    case Frame.reset, Frame.goAway: throw BenchmarkError("etcd broke a stream off")
    default: break
    }
    guard kind == Frame.data || kind == Frame.headers, flags & Flag.endStream != 0 else {
      return .message(size)
    }
    // What is refused has no message, but a status behind its headers.
    guard answeredBytes > 0 else { throw BenchmarkError("etcd refused an operation") }
    return .answer(size)
  }

  /// Gives the connection's window back, now and then.
  private mutating func take(_ count: Int, into out: inout [UInt8]) {
    unacknowledged += count
    guard unacknowledged > 1 << 24 else { return }
    Self.frame(Frame.windowUpdate, 0, 0, 4, into: &out)
    out.appendBigEndian(Int32(unacknowledged))
    unacknowledged = 0
  }
}
