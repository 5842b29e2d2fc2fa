// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}

private func tag(_ key: [UInt8], _ message: [UInt8]) -> HMAC {
  var code = key.withBytes { HMAC(key: $0) }
  message.withBytes { code.update($0) }
  return code
}

@Suite struct SHA256Tests {
  /// The vectors of FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func `Public test vectors of SHA-256 agree`(text: String, wanted: String) {
    #expect(Array(text.utf8).withBytes { hex(SHA256.of($0)) } == wanted)
  }

  @Test func `A million bytes agree with the public vector`() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      bytes.withBytes { hex(SHA256.of($0)) }
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test(
    .enabled(if: SHA256.hasProcessor, "this processor has no instructions for SHA-256"),
    arguments: 0..<100)
  func `The processor comes to the same as the plain loop`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(random.number(0...1000))
    var plain = SHA256(isByProcessor: false)
    var fast = SHA256(isByProcessor: true)
    bytes.withBytes { whole in
      plain.update(whole)
      let cut = random.number(0...whole.count)
      fast.update(whole[0..<cut])
      fast.update(whole[cut..<whole.count])
    }
    #expect(plain.digest == fast.digest)
  }

  @Test(arguments: 0..<40) func `Feeding in pieces gives the digest of the whole`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(random.number(0...300))
    let whole = bytes.withBytes { SHA256.of($0) }
    var hash = SHA256()
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + random.number(0...70))
      bytes.withBytes { hash.update($0[start..<end]) }
      start = end
    }
    #expect(hash.digest == whole)
    // Asking for the digest changes nothing.
    #expect(hash.digest == whole)
  }

  @Test func `Lengths around the end of a block all differ and count`() {
    var seen: Set<[UInt8]> = []
    for count in 0...200 {
      seen.insert([UInt8](repeating: 0, count: count).withBytes { SHA256.of($0) })
    }
    #expect(seen.count == 201)
  }
}

/// The test cases of RFC 4231.
@Suite struct HMACTests {
  @Test(
    arguments: [
      (
        [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
      ),
      (
        Array(1...25), [UInt8](repeating: 0xCD, count: 50),
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
      ),
      (
        [UInt8](repeating: 0xAA, count: 131),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
      (
        [UInt8](repeating: 0xAA, count: 131),
        Array(
          ("This is a test using a larger than block-size key and a larger than block-size data. "
            + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
      ),
    ] as [([UInt8], [UInt8], String)])
  func `Public test vectors of HMAC-SHA-256 agree`(
    key: [UInt8], message: [UInt8], wanted: String
  ) {
    #expect(hex(tag(key, message).tag) == wanted)
  }

  @Test func `A tag matches itself and nothing else`() {
    let code = tag(Array("key".utf8), Array("message".utf8))
    let right = code.tag
    #expect(right.withBytes { code.matches($0) })
    for index in right.indices {
      for bit in 0..<8 {
        var wrong = right
        wrong[index] ^= 1 << UInt8(bit)
        #expect(!wrong.withBytes { code.matches($0) })
      }
    }
    #expect(!right.dropLast().withContiguous { code.matches($0) })
    #expect(!(right + [0]).withBytes { code.matches($0) })
    #expect(![].withBytes { code.matches($0) })
    #expect(tag(Array("other".utf8), Array("message".utf8)).tag != right)
  }
}

extension ArraySlice<UInt8> {
  fileprivate func withContiguous<R>(_ body: (Bytes) -> R) -> R { Array(self).withBytes(body) }
}
