// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

extension Plan {
  /// The inputs that one thread reads from front to end, however many there are: compressed files
  /// of which nobody knows where else to begin. What cannot be read is left out.
  package var undividedInputs: [String] {
    var found: [String] = []
    for (_, input) in description.branches {
      guard case .files(let paths, let format) = input else { continue }
      let files = paths.flatMap { (try? InputFiles.resolve([$0])) ?? [] }
      for file in files where file.size > Limits.frameSpacing {
        guard let compression = file.compression,
          (try? InputFiles.cut(file, format.cutting) {})?.cuts == .at([])
        else { continue }
        let text = "\(file.path) (\(compression.rawValue): one split)"
        if !found.contains(text) { found.append(text) }
      }
    }
    return found
  }
}
