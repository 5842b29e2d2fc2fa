// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Runs `body` on a pipe with a name, into which another thread writes.
func onPipe<R>(_ bytes: [UInt8], pieces: Int, _ body: (String) throws -> R) throws -> R {
  let directory = try TemporaryDirectory()
  let path = directory.path + "/pipe"
  #expect(unsafe mkfifo(path, 0o600) == 0)
  let thread = Thread {
    guard let handle = FileHandle(forWritingAtPath: path) else { return }
    var rest = bytes[...]
    while !rest.isEmpty {
      try? handle.write(contentsOf: Data(rest.prefix(pieces)))
      rest = rest.dropFirst(pieces)
    }
    try? handle.close()
  }
  thread.start()
  return try body(path)
}
