// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Synchronization

/// A file without a name in a directory, for what does not fit into memory. The system removes it
/// with the last process that has it open, however that ends.
package final class ScratchFile: Sendable {
  /// What the system says where the file cannot be made, or cannot grow.
  package struct Failure: Error, Hashable, Sendable {
    package let directory: String
    package let code: Int32
    /// Whether there was no file at all.
    package let isAtOnce: Bool

    package var message: String {
      let problem =
        code == ENOSPC && !isAtOnce ? "the disk is full" : unsafe String(cString: strerror(code))
      return "what does not fit into memory cannot be kept in \(directory): \(problem)"
    }
  }

  private struct State {
    var descriptor: Int32
    var failure: Failure?
  }

  /// Where the file lies.
  package let directory: String
  private let state: Mutex<State>

  /// `descriptor`: of the file, where it is open already; it is closed with this object. Else the
  /// file is made when it is needed for the first time.
  package init(in directory: String, descriptor: Int32 = -1) {
    self.directory = directory
    state = Mutex(State(descriptor: descriptor))
  }

  deinit {
    state.withLock { if $0.descriptor >= 0 { _ = close($0.descriptor) } }
  }

  /// The file's descriptor; nil where it cannot be made.
  package var descriptor: Int32? {
    state.withLock { state in
      if state.descriptor < 0 {
        state.descriptor = unsafe mapred_scratch_file(directory)
        if state.descriptor < 0 { fail(errno, &state) }
      }
      return state.descriptor < 0 ? nil : state.descriptor
    }
  }

  /// What went wrong first; nil where nothing did.
  package var failure: Failure? { state.withLock { $0.failure } }

  /// The same, which is forgotten: another try may go well.
  package func takeFailure() -> Failure? {
    state.withLock { state in
      defer { state.failure = nil }
      return state.failure
    }
  }

  func fail(_ code: Int32) { state.withLock { fail(code, &$0) } }

  private func fail(_ code: Int32, _ state: inout State) {
    guard state.failure == nil else { return }
    state.failure = Failure(directory: directory, code: code, isAtOnce: state.descriptor < 0)
  }

  /// Takes room before it is written to: a full disk is an error here, and a fault there.
  package func reserve(_ range: Range<Int>) -> Bool {
    guard let descriptor else { return false }
    var code: Int32 = EINTR
    while code == EINTR {
      code = posix_fallocate(descriptor, off_t(range.lowerBound), off_t(range.count))
    }
    if code != 0 { fail(code) }
    return code == 0
  }

  /// Gives room back, and what was written there.
  package func release(_ range: Range<Int>) {
    guard let descriptor else { return }
    mapred_give_back(descriptor, Int64(range.lowerBound), Int64(range.count))
  }

  /// Writing beats storing through a mapping, which stops for each new page.
  package func write(_ bytes: Bytes, at offset: Int) -> Bool {
    guard let descriptor else { return false }
    var done = 0
    while done < bytes.count {
      let count = unsafe pwrite(
        descriptor, bytes.base + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        fail(count < 0 ? errno : EIO)
        return false
      }
      done += count
    }
    return true
  }
}
