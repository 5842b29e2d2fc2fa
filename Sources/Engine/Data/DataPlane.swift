// SPDX-License-Identifier: Apache-2.0
import Environment
import Multicast

/// A view's memory and multicast at one node.
final class DataPlane {
  let layout: ViewLayout
  let fabric: any Fabric
  var member: GroupMember
  /// Events of the fabric that the membership knows of.
  private var told = 0

  init(_ layout: ViewLayout, _ fabric: any Fabric) {
    self.layout = layout
    self.fabric = fabric
    member = GroupMember(layout.group, on: fabric)
  }

  func poll() { member.poll(fabric) }

  func wedge() { member.wedge(on: fabric) }

  /// What the fabric reported since the last call.
  func news() -> ArraySlice<FabricEvent> {
    defer { told = member.events.count }
    return member.events[told...]
  }
}
