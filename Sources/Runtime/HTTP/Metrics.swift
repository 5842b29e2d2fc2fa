// SPDX-License-Identifier: Apache-2.0
import Engine

/// A node's figures in the text format of Prometheus (0.0.4): base units, one family after the
/// other.
enum Metrics {
  private static func family(
    _ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: Int)]
  ) -> String {
    guard !values.isEmpty else { return "" }
    var text = "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    for (labels, value) in values {
      text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
    return text
  }

  private static func one(_ value: Int) -> [(labels: String, value: Int)] { [("", value)] }

  static func text(_ status: NodeStatus, _ service: HTTPService) -> String {
    let roles = status.held.map { held in (label: "role=\"\(held.role)\"", held: held) }
    var text = family(
      "mapred_view_number", "gauge", "The number of the view this node is in.",
      one(Int(clamping: status.view)))
    text += family(
      "mapred_members", "gauge", "Members of the view.", one(status.peers.count))
    text += family(
      "mapred_members_suspected", "gauge", "Members that this node takes for lost.",
      one(status.peers.count(where: \.isSuspected)))
    text += family(
      "mapred_ready", "gauge", "1 where the node waits for nothing.",
      one(status.view > 0 && status.waits == nil && status.inadequacy == nil ? 1 : 0))
    text += family(
      "mapred_replica_applied_total", "counter", "Commands and questions that a replica applied.",
      roles.map { ($0.label, Int(clamping: $0.held.applied)) })
    text += family(
      "mapred_submissions_waiting", "gauge", "Submissions without a place in the order.",
      roles.map { ($0.label, $0.held.waiting) })
    text += family(
      "mapred_submissions_under_way", "gauge", "Submissions with a place, not yet applied here.",
      roles.map { ($0.label, $0.held.underWay) })
    if let memory = service.memory?() {
      text += family(
        "mapred_block_memory_bytes", "gauge", "Memory for blocks and results that is in use.",
        one(memory.taken))
      text += family(
        "mapred_block_memory_limit_bytes", "gauge", "The most memory for blocks and results.",
        one(memory.all))
    }
    text += family(
      "mapred_http_connections", "gauge", "Open connections of HTTP clients.",
      one(service.openConnections))
    text += family(
      "mapred_http_responses_total", "counter", "Answers to HTTP requests, by status code.",
      service.answered.map { ("code=\"\($0.status)\"", $0.count) })
    return text
  }
}
