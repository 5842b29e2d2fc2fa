// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Membership
import Memory
import Replication
import Vocabulary

/// A member's part in the coordinators' state.
struct ReplicaSlot: Sendable {
  /// Nil while the state is still on its way here, and where this member is no receiver.
  var replica: Replica<Coordination>?
  /// The state that comes; nil where none does.
  var receiver: StateReceiver?
  /// The state that goes out to who joins; nil where this member gives it to nobody.
  var sender: StateSender?

  /// The slot for a subgroup of the next view, from what this member held before.
  static func next(
    _ subgroup: SubgroupAssignment, rank: Rank, view: UInt64, held: Replica<Coordination>?
  ) -> ReplicaSlot {
    var slot = ReplicaSlot()
    guard subgroup.role == .coordinator, subgroup.receivers.contains(rank) else { return slot }
    guard subgroup.holders.contains(rank) else {
      slot.receiver = StateReceiver()
      return slot
    }
    slot.replica = subgroup.bornIn == view ? Replica() : held
    guard let replica = slot.replica else {
      preconditionFailure("\(rank) does not hold \(subgroup.role), as view \(view) believes")
    }
    if subgroup.donor == rank {
      var state = ByteBuffer(capacity: 4096)
      replica.write(into: &state)
      slot.sender = StateSender(state.bytes)
    }
    return slot
  }
}
