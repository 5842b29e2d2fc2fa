// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// Errors of verbs in words: what the system says, about what, and what to do.
enum VerbsErrors {
  /// The libraries cannot be opened.
  static func load(_ code: Int32) -> FabricError {
    guard code != ENOSYS else {
      return FabricError(
        .noDevice, "verbs are not built in",
        advice: "install libibverbs-dev and librdmacm-dev and build again, or use transport tcp")
    }
    let why = unsafe String(cString: mapred_verbs_load_error())
    return FabricError(
      .noDevice, "the RDMA libraries cannot be opened (\(why))",
      advice: "install libibverbs1, librdmacm1 and ibverbs-providers, or use transport tcp")
  }

  /// There is no channel to the connection manager, so there are no devices.
  static func noDevice(_ code: Int32) -> FabricError {
    switch code {
    case ENODEV, ENOSYS, ENOENT:
      FabricError(
        .noDevice, "this host has no RDMA device",
        advice: "see `rdma link`; load the driver of the card (and rdma_ucm), or use transport tcp")
    default:
      FabricError(
        .system, "the RDMA connection manager does not open: \(errorText(code))",
        advice: "check the permissions of /dev/infiniband/rdma_cm")
    }
  }

  static func bind(_ address: String, _ code: Int32) -> FabricError {
    switch code {
    case EADDRINUSE:
      FabricError(
        .address, "\(address) is taken by another process",
        advice: "use another port, or end that process")
    case ENODEV:
      FabricError(
        .noDevice, "no RDMA device has the address of \(address)",
        advice: "give this member the address of a device that `rdma link` shows")
    case EADDRNOTAVAIL, ENXIO:
      FabricError(
        .address, "\(address) is no address of this host",
        advice: "give each member the address of its own host")
    case EACCES, EPERM:
      FabricError(
        .address, "this process may not use \(address): \(errorText(code))",
        advice: "use a port above 1023")
    default:
      FabricError(.system, "cannot bind \(address): \(errorText(code))")
    }
  }

  /// Memory that cannot be registered.
  static func register(_ byteCount: Int, limit: UInt64?, _ code: Int32) -> FabricError {
    guard code == ENOMEM || code == EPERM || code == EAGAIN else {
      return FabricError(
        .system, "cannot register \(byteCount) bytes of memory: \(errorText(code))")
    }
    let known = limit.map { "the limit is \($0)" } ?? "no limit is set"
    return FabricError(
      .memory, "cannot lock \(byteCount) bytes of memory for RDMA: \(known)",
      advice: limit == nil
        ? "use smaller windows, or a host with more memory"
        : "raise it (`ulimit -l unlimited`, LimitMEMLOCK=infinity for a systemd service), "
          + "or use smaller windows")
  }

  static func device(_ name: String, _ what: String, _ code: Int32) -> FabricError {
    FabricError(
      code == ENOMEM ? .memory : .system,
      "the RDMA device \(name) refused \(what): \(errorText(code))",
      advice: code == ENOMEM
        ? "raise the limit of locked memory (`ulimit -l unlimited`), or use fewer members" : nil)
  }

  /// Bytes that this process may lock; nil without a limit.
  static func lockedBytesLimit() -> UInt64? {
    var limit = rlimit()
    guard unsafe getrlimit(Int32(__RLIMIT_MEMLOCK.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max
    else { return nil }
    return UInt64(limit.rlim_cur)
  }
}
