// SPDX-License-Identifier: Apache-2.0
import Exchange

/// The description of all that can be asked, for people and for makers of clients: written from the
/// very table that the server looks requests up in. `docs/reference/openapi.json` is this text.
enum OpenAPI {
  static let text = document.lines

  private static var document: JSON {
    .object([
      ("openapi", .text("3.1.0")),
      (
        "info",
        .object([
          ("title", .text("mapred")), ("version", .text("1")),
          (
            "description",
            .text(
              "Jobs and results of a mapred cluster, as each of its nodes serves them where "
                + "node.http is set.")
          ),
          (
            "license",
            .object([("name", .text("Apache-2.0")), ("identifier", .text("Apache-2.0"))])
          ),
        ])
      ),
      ("servers", .array([.object([("url", .text("http://127.0.0.1:7070"))])])),
      ("security", .array([.object([]), .object([("token", .array([]))])])),
      ("paths", paths),
      (
        "components",
        .object([
          ("schemas", .object(OpenAPISchemas.all)),
          (
            "securitySchemes",
            .object([
              (
                "token",
                .object([
                  ("type", .text("http")), ("scheme", .text("bearer")),
                  (
                    "description",
                    .text(
                      "Wanted where the cluster has a key; `mapred config token` prints it.")
                  ),
                ])
              )
            ])
          ),
        ])
      ),
    ])
  }

  private static var paths: JSON {
    var paths: [(String, JSON)] = []
    for route in Route.all where !paths.contains(where: { $0.0 == route.template }) {
      let operations = Route.all.filter { $0.template == route.template }
      paths.append(
        (
          route.template,
          .object(operations.map { ($0.method.lowercased(), operation($0)) })
        ))
    }
    return .object(paths)
  }

  private static func operation(_ route: Route) -> JSON {
    var fields: [(String, JSON)] = [
      ("operationId", .text(route.operation)), ("summary", .text(route.summary)),
    ]
    if route.isOpen { fields.append(("security", .array([]))) }
    if !route.parameters.isEmpty {
      fields.append(("parameters", .array(route.parameters.map(parameter))))
    }
    switch route.body {
    case .none: break
    case .document(let schema):
      fields.append(("requestBody", body("application/json", reference(schema))))
    case .bytes: fields.append(("requestBody", body("application/octet-stream", .object([]))))
    }
    let answers = route.answers.map { answer in ("\(answer.status)", self.answer(answer)) }
    let fallback = self.answer(.problem(0, "It is not done: `detail` says why."))
    fields.append(("responses", .object(answers + [("default", fallback)])))
    return .object(fields)
  }

  private static func parameter(_ parameter: Route.Parameter) -> JSON {
    var fields: [(String, JSON)] = [
      ("name", .text(parameter.name)), ("in", .text(parameter.place.rawValue)),
      ("description", .text(parameter.help)), ("schema", parameter.schema),
    ]
    if parameter.place == .path { fields.append(("required", .bool(true))) }
    return .object(fields)
  }

  private static func body(_ type: String, _ schema: JSON) -> JSON {
    .object([
      ("required", .bool(true)),
      ("content", .object([(type, .object([("schema", schema)]))])),
    ])
  }

  private static func answer(_ answer: Route.Answer) -> JSON {
    var fields: [(String, JSON)] = [("description", .text(answer.help))]
    if !answer.content.isEmpty {
      let content = answer.content.map { type, schema -> (String, JSON) in
        (type, .object(schema.map { [("schema", reference($0))] } ?? []))
      }
      fields.append(("content", .object(content)))
    }
    return .object(fields)
  }

  static func reference(_ schema: String) -> JSON {
    .object([("$ref", .text("#/components/schemas/\(schema)"))])
  }

  /// The schema of a text.
  static func text(pattern: String? = nil) -> JSON {
    var fields: [(String, JSON)] = [("type", .text("string"))]
    if let pattern { fields.append(("pattern", .text(pattern))) }
    return .object(fields)
  }

  /// The schema of a number that counts.
  static let natural = JSON.object([("type", .text("integer")), ("minimum", .integer(0))])
}

/// The forms of documents.
enum OpenAPISchemas {
  private static let text = OpenAPI.text()
  private static let natural = OpenAPI.natural
  private static let integer = JSON.object([("type", .text("integer"))])
  private static let truth = JSON.object([("type", .text("boolean"))])
  private static let instant = JSON.object([
    ("type", .text("string")), ("format", .text("date-time")),
  ])
  private static let maybeInstant = JSON.object([
    ("type", .array([.text("string"), .text("null")])), ("format", .text("date-time")),
  ])
  private static let maybeText = JSON.object([
    ("type", .array([.text("string"), .text("null")]))
  ])

  private static func object(
    _ fields: [(String, JSON)], optional: [(String, JSON)] = []
  ) -> JSON {
    .object([
      ("type", .text("object")), ("required", .array(fields.map { .text($0.0) })),
      ("properties", .object(fields + optional)),
    ])
  }

  private static func list(of schema: JSON) -> JSON {
    .object([("type", .text("array")), ("items", schema)])
  }

  private static func constant(_ word: String) -> JSON { .object([("const", .text(word))]) }

  private static func map(of schema: JSON) -> JSON {
    .object([("type", .text("object")), ("additionalProperties", schema)])
  }

  static let all: [(String, JSON)] = [
    (
      "JobRequest",
      object(
        [("code", OpenAPI.text(pattern: "^[0-9a-fA-F]{64}$")), ("job", text)],
        optional: [("arguments", list(of: text)), ("directory", OpenAPI.text(pattern: "^/"))])
    ),
    (
      "Job",
      object(
        [
          ("type", constant("job")), ("id", text), ("job", text),
          (
            "state",
            .object([
              (
                "enum",
                .array(
                  ["queued", "running", "committed", "failed", "cancelled"].map { .text($0) })
              )
            ])
          ),
          ("waits", maybeText), ("revision", natural), ("attempt", natural),
          ("submitted_at", instant), ("begun_at", maybeInstant), ("ended_at", maybeInstant),
          ("code", text), ("arguments", list(of: text)), ("directory", text),
          ("reads", list(of: object([("name", text), ("version", natural)]))),
          ("results", list(of: object([("name", text), ("version", natural)]))),
          ("spilled_bytes", integer), ("counters", map(of: integer)),
          (
            "error",
            .object([
              (
                "oneOf",
                .array([OpenAPI.reference("JobError"), .object([("type", .text("null"))])])
              )
            ])
          ),
        ])
    ),
    (
      "JobError",
      object(
        [("code", text), ("exit", integer), ("message", text)],
        optional: [("location", text), ("record", text), ("advice", text)])
    ),
    ("Jobs", object([("jobs", list(of: OpenAPI.reference("Job"))), ("before", maybeText)])),
    (
      "Result",
      object([
        ("type", constant("result")), ("name", text), ("version", natural), ("records", natural),
        ("bytes", natural), ("job", text), ("committed_at", instant), ("lost", truth),
      ])
    ),
    ("Results", object([("results", list(of: OpenAPI.reference("Result")))])),
    ("Versions", object([("versions", list(of: OpenAPI.reference("Result")))])),
    (
      "Member",
      object([
        ("type", constant("member")), ("rank", natural), ("name", text), ("id", text),
        ("suspected", truth), ("address", text), ("host", text), ("roles", list(of: text)),
        ("view", natural),
      ])
    ),
    (
      "Drain", object([("type", constant("drain")), ("name", text), ("id", text)])
    ),
    ("Members", object([("members", list(of: OpenAPI.reference("Member")))])),
    (
      "View",
      object([
        ("type", constant("view")), ("node", text), ("id", text), ("cluster", text),
        ("view", natural), ("members", list(of: text)), ("fabric", truth), ("waits", maybeText),
        ("lacks", maybeText),
        (
          "holds",
          list(
            of: object([
              ("role", text), ("version", maybeText), ("applied", natural), ("waiting", natural),
              ("under_way", natural),
            ]))
        ),
      ])
    ),
    ("Code", object([("type", constant("code")), ("code", text)])),
    ("Alive", object([("node", text), ("alive", truth)])),
    ("Ready", object([("node", text), ("ready", truth)])),
    (
      "Problem",
      object(
        [
          ("type", text), ("title", text), ("status", integer), ("detail", text), ("code", text),
          ("exit", integer),
        ], optional: [("advice", text)])
    ),
  ]
}
