// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc

/// Turns paths, globs and directories into files, in a fixed order.
enum InputFiles {
  /// `progress` is called now and then; it throws where the work is not wanted any more.
  static func resolve(
    _ paths: [String], _ progress: () throws -> Void = {}
  ) throws -> [InputFile] {
    try named(paths).map { file in
      guard let compression = file.compression else { return file }
      return file.cut(.at(try frames(of: file, compression, progress)))
    }
  }

  private static func named(_ paths: [String]) throws -> [InputFile] {
    var files: [InputFile] = []
    for path in paths {
      if path == "-" {
        guard !files.contains(where: { $0.path == "-" }) else {
          throw JobError(.usage, "standard input (-) is named twice, and can be read once")
        }
        files.append(InputFile(path: "-", size: 0, isStream: true))
      } else if path.contains(where: { "*?[".contains($0) }), !exists(path) {
        files += try glob(path)
      } else {
        files += try inspect(path, insideDirectory: false)
      }
    }
    return files
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  private static func glob(_ pattern: String) throws -> [InputFile] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    let status = unsafe Glibc.glob(pattern, 0, nil, &found)
    guard status == 0, unsafe found.gl_pathc > 0 else {
      throw JobError(
        .noInput, "no file matches \(pattern)",
        advice: "quote the pattern, and check it with: ls \(pattern)")
    }
    var paths: [String] = []
    for index in 0..<(unsafe Int(found.gl_pathc)) {
      if let path = unsafe found.gl_pathv[index] { unsafe paths.append(String(cString: path)) }
    }
    return try paths.flatMap { try inspect($0, insideDirectory: false) }
  }

  private static func inspect(_ path: String, insideDirectory: Bool) throws -> [InputFile] {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw cannotRead(path, errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      guard unsafe access(path, R_OK) == 0 else { throw cannotRead(path, errno) }
      return [InputFile(path: path, size: Int(status.st_size), isStream: false)]
    case S_IFDIR:
      // Directories inside of a directory are left out, as a shell's `*` would be read.
      return insideDirectory ? [] : try list(path)
    default:
      return insideDirectory ? [] : [InputFile(path: path, size: 0, isStream: true)]
    }
  }

  private static func list(_ directory: String) throws -> [InputFile] {
    guard let all = Directory.names(in: directory) else { throw cannotRead(directory, errno) }
    let names = all.filter { !$0.hasPrefix(".") && !$0.hasPrefix("_") }
    let base = directory.hasSuffix("/") ? directory : directory + "/"
    return try names.sorted().flatMap { try inspect(base + $0, insideDirectory: true) }
  }

  static func cannotRead(_ path: String, _ code: Int32) -> JobError {
    JobError(.noInput, "cannot read \(path): \(errorText(code))")
  }
}

/// What the system says about an error number.
func errorText(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
