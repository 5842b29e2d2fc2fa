// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import Fabrics
import Memory
import Multicast
import StateTable
import Vocabulary

/// `FabricCheck multicast`: a group that sends messages of many sizes to itself, in one process for
/// each member.
struct MulticastVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "multicast",
    abstract: "Multicasts messages of many sizes, and checks their bytes and their order.",
    discussion: """
      All members print the same digest of what they delivered, in its order; a member that only \
      sends prints none.
      """)

  @OptionGroup var membership: Membership
  @Option(help: "Messages of each sender.") var messages = 200
  @Option(help: "Sizes of messages in bytes, between commas; taken in turns.")
  var sizes = "0,1,64,1000,16384,20000,300000"
  @Option(help: "How many of the first members only send.") var sendOnly = 0
  @Option(help: "Bytes of a block.") var blockBytes = 65536
  @Option(help: "How blocks spread: binomial, chain, sequential, tree.") var algorithm = "binomial"
  @Option(help: "Seconds after which it hangs.") var limit = 120

  private var byteCounts: [Int] { sizes.split(separator: ",").compactMap { Int($0) } }

  func validate() throws {
    let most = Limits.messageBytes
    if byteCounts.isEmpty || byteCounts.count != sizes.split(separator: ",").count
      || byteCounts.contains(where: { $0 < 0 || $0 > most })
    {
      throw ValidationError("--sizes takes numbers of 0 to \(most)")
    }
    if !(0..<membership.members).contains(sendOnly) {
      throw ValidationError("--send-only leaves at least one receiver")
    }
    if messages < 1 { throw ValidationError("--messages takes a number from 1") }
    if BlockAlgorithm(rawValue: algorithm) == nil {
      throw ValidationError("no algorithm is called \"\(algorithm)\"")
    }
    if blockBytes < Limits.blockAlignment || blockBytes % Limits.blockAlignment != 0 {
      throw ValidationError("--block-bytes takes a multiple of \(Limits.blockAlignment)")
    }
    if membership.all { throw ValidationError("run one process for each member: --rank") }
  }

  private var plan: SubgroupPlan {
    let all = RankSet(first: membership.members)
    var plan = SubgroupPlan(
      name: "messages", senders: Array(all),
      receivers: all.subtracting(RankSet(first: sendOnly)))
    let largest = byteCounts.max() ?? 0
    let page = Limits.pageBytes
    plan.blockRingBytes = (max(largest, 1 << 20) + page - 1) / page * page
    plan.blockBytes = blockBytes
    plan.algorithm = BlockAlgorithm(rawValue: algorithm) ?? .binomial
    return plan
  }

  func run() throws {
    let addresses = membership.addresses(round: 0)
    var schema = TableSchema()
    _ = schema.group(Chatter.finishedColumn)
    let layout = try GroupLayout(
      hosts: membership.hostsByRank, schema: schema, subgroups: [plan])
    let fabric = try membership.open(Rank(membership.rank ?? 0), layout.plan, addresses)
    defer { fabric.close() }
    var chatter = Chatter(
      rank: fabric.rank, plan: plan, messages: messages, byteCounts: byteCounts)
    try chatter.run(layout, on: fabric, limitSeconds: limit)
    let digest = String(chatter.digest, radix: 16)
    say(
      chatter.delivered == 0
        ? "sent \(messages) messages"
        : "delivered \(chatter.delivered) messages, digest \(digest)")
  }
}
