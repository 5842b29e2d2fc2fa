// SPDX-License-Identifier: Apache-2.0

/// Looks whether a member could use verbs, without opening anything for longer.
package enum VerbsProbe {
  /// The RDMA device that has the host of `address`, or why there is none.
  package static func device(_ address: String) -> Transport.Device {
    do throws(FabricError) {
      let channel = try VerbsChannel()
      let identifier = try VerbsIdentifier(channel)
      let place = try VerbsAddress(own: address).anyPort
      let status = identifier.bind(place)
      guard status == 0 else { throw VerbsErrors.bind(address, status) }
      return .owns(name: try VerbsDomain(identifier, address).limits.name)
    } catch {
      return .absent(reason: error.message)
    }
  }
}
