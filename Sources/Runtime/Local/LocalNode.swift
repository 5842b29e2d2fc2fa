// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Engine
import Fabrics
import Glibc

/// A node of a cluster of this host, as a child of this process.
package final class LocalNode: Sendable {
  package let name: String
  package let socket: String
  /// Where what it says goes.
  package let log: String
  package let process: HostProcess

  /// Starts it. It ends when all ends for writing to `input` are closed.
  init(
    _ name: String, _ settings: LocalClusterSettings, input: Descriptor, joining seed: String?
  ) throws(FabricError) {
    self.name = name
    socket = settings.socket(name)
    log = settings.log(name)
    let opened = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw .system("cannot write \(log)", errno) }
    let output = Descriptor(opened)
    let arguments = ["mapred"] + settings.arguments(name, joining: seed)
    let environment = SettingsSources.processEnvironment.map { "\($0)=\($1)" }
    var number: pid_t = 0
    let failure = unsafe Self.withStrings(arguments) { arguments in
      unsafe Self.withStrings(environment) { environment in
        unsafe mapred_start(
          settings.executable, arguments, environment, input.number, output.number, &number)
      }
    }
    guard failure == 0 else { throw .system("cannot start \(settings.executable)", failure) }
    guard let process = HostProcess(child: number) else {
      throw .system("cannot watch the process \(number)", errno)
    }
    self.process = process
  }

  /// Texts as programs take them.
  static func withStrings<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var strings: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe strings.append(nil)
    defer { unsafe strings.forEach { unsafe free($0) } }
    return unsafe body(&strings)
  }

  /// How it sees itself and the others; nil where it does not answer.
  package var status: NodeStatus? { try? NodeClient(socket).status(milliseconds: 1000) }

  /// The last lines of what it said.
  package var lastWords: [String] {
    guard case .bytes(let bytes) = FileBytes.read(log, most: 1 << 24) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    return lines.suffix(Self.lastLines).map { String(decoding: $0, as: UTF8.self) }
  }

  private static let lastLines = 5
}
