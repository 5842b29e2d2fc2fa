// SPDX-License-Identifier: Apache-2.0
import Memory

/// Whether a member takes another into its group, and if not, why: a code and two numbers, no text.
///
/// As bytes: tag and version, the code (4), the number of who speaks and of who listens (8 each),
/// and a proof that who speaks knows the key, or zeroes where that is not possible yet. Before both
/// have proven the key, the numbers are zero too: a stranger learns the code and nothing else.
struct Verdict: Sendable, Hashable {
  static let byteCount = MessageTag.prefixBytes + 20 + SHA256.byteCount

  let code: Refusal?
  let speaker: UInt64
  let listener: UInt64
  var proof = [UInt8](repeating: 0, count: SHA256.byteCount)

  init(_ code: Refusal?, speaker: UInt64 = 0, listener: UInt64 = 0) {
    self.code = code
    self.speaker = speaker
    self.listener = listener
  }

  /// What the proof covers.
  var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(code?.rawValue ?? 0), bytes: 4)
    bytes.append(number: speaker, bytes: 8)
    bytes.append(number: listener, bytes: 8)
    return bytes
  }

  func encoded(_ tag: MessageTag, version: UInt32) -> [UInt8] {
    tag.prefix(version) + content + proof
  }

  /// Nil where the bytes are no verdict.
  init?(decoding bytes: [UInt8]) {
    let code = UInt32(bytes.number(at: MessageTag.prefixBytes, bytes: 4))
    let refusal = Refusal(rawValue: code)
    guard code == 0 || refusal != nil else { return nil }
    self.init(
      refusal, speaker: bytes.number(at: MessageTag.prefixBytes + 4, bytes: 8),
      listener: bytes.number(at: MessageTag.prefixBytes + 12, bytes: 8))
    proof = Array(bytes.suffix(SHA256.byteCount))
  }
}
