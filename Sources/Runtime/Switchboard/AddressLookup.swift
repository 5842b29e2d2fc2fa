// SPDX-License-Identifier: Apache-2.0
import Fabrics

/// Looks names up where waiting harms nobody: on a thread of its own for each.
enum AddressLookup {
  static func start(
    _ address: String, of whom: String, link: Int, _ errands: Errands
  ) throws(FabricError) {
    let thread = try SystemThread {
      let result: Result<[SocketAddress], FabricError>
      do throws(FabricError) {
        result = .success(try SocketAddress.resolve(address, of: whom))
      } catch {
        result = .failure(error)
      }
      errands.post(.found(link: link, result))
    }
    thread.detach()
  }
}
