// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// A kernel to compare with.
struct ReferenceKernel {
  let name: String
  let turn: () throws -> Sample
}

/// The C++ kernels: a child process that runs a kernel when it is named, so that turns alternate.
final class KernelReference {
  private let process: pid_t
  private let names: Int32
  private let figures: Int32
  private var buffer = ByteBuffer(capacity: 4096)

  init(_ program: String, _ text: String, bytes: Int, records: Int) throws {
    let (inputEnd, names) = try ChildProcess.pipe()
    let (figures, outputEnd) = try ChildProcess.pipe()
    defer {
      close(inputEnd)
      close(outputEnd)
    }
    self.names = names
    self.figures = figures
    process = try ChildProcess.spawn(
      [program, text, String(bytes), String(records)],
      ChildProcess.Streams(input: inputEnd, output: outputEnd, error: STDERR_FILENO))
  }

  /// Lets the child end, and waits for it.
  func end() {
    close(names)
    close(figures)
    _ = try? ChildProcess.wait(for: process)
  }

  func kernel(_ name: String) -> ReferenceKernel {
    ReferenceKernel(name: "C++ \(name)") { try self.run(name) }
  }

  /// Asks for one run of a kernel. The child tells processor time, which on one thread with all
  /// data in memory is also what the clock would tell, were the machine idle.
  private func run(_ kernel: String) throws -> Sample {
    var request = ByteBuffer()
    request.append("\(kernel)\n")
    try Files.write(request.bytes, to: names)
    let fields = FlatObject(try line())
    guard fields["kernel"] == kernel, let seconds = fields.number("seconds") else {
      throw BenchmarkError("the C++ kernels gave no figure for \(kernel)")
    }
    return Sample(wall: seconds, cpu: seconds)
  }

  private func line() throws -> String {
    buffer.removeAll()
    while buffer.count == 0 || buffer.bytes[buffer.count - 1] != 0x0A {
      guard try Files.read(figures, 4096, to: &buffer) > 0 else {
        throw BenchmarkError("the C++ kernels ended early")
      }
    }
    return String(buffer.bytes)
  }

}
