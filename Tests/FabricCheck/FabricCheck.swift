// SPDX-License-Identifier: Apache-2.0
/// Checks a fabric against the contract.
@main struct FabricCheck {
  static func main() {}
}
