internal import Glibc
import Model
import Netlink

/// A setting's file under `/proc/sys`, in the calling thread's network namespace.
enum SysctlFile {
  static func read(_ key: Sysctl.Key) -> Sysctl {
    let descriptor = open("/proc/sys/\(key.path)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let isMissing = errno == ENOENT
      var sysctl = Sysctl(key, nil)
      sysctl.isAbsent = isMissing && !comesWithItsLink(key)
      return sysctl
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      // Some settings are write-only (net.ipv4.route.flush).
      guard count >= 0 else { return Sysctl(key, nil) }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return Sysctl(key, String(decoding: bytes, as: UTF8.self))
  }

  /// Whether `/proc/sys` is mounted so, as container runtimes do.
  static var areReadOnly: Bool {
    var status = statvfs()
    return statvfs("/proc/sys/net", &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
  }

  /// Whether a setting of a link that doesn't exist will appear with it: every link has it.
  private static func comesWithItsLink(_ key: Sysctl.Key) -> Bool {
    guard key.link != nil else { return false }
    var parts = key.parts
    guard access("/proc/sys/" + parts.dropLast().joined(separator: "/"), F_OK) != 0 else {
      return false
    }
    parts[3] = "default"
    return access("/proc/sys/" + parts.joined(separator: "/"), F_OK) == 0
  }

  /// The settings in the same directory as one that doesn't exist.
  static func neighbors(of key: Sysctl.Key) -> [Sysctl.Key] {
    let parts = Array(key.parts.dropLast())
    var names = entries(of: "/proc/sys/" + parts.joined(separator: "/"))
    // A link that doesn't exist will have the settings that every link has.
    if names == nil, key.link != nil {
      names = entries(of: "/proc/sys/" + (parts.dropLast() + ["default"]).joined(separator: "/"))
    }
    return (names ?? []).compactMap { Sysctl.Key(parts: parts + [$0]) }
  }

  /// `sysctl -w KEY=VALUE`
  static func write(_ sysctl: Sysctl) throws(NetlinkError) {
    let operation = "sysctl -w \(sysctl.key)=\(sysctl.text ?? "")"
    let descriptor = open("/proc/sys/\(sysctl.key.path)", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let text = errno == ENOENT ? "this kernel has no such setting, or not in this namespace" : nil
      throw NetlinkError(operation, code: errno, kernelText: text)
    }
    defer { close(descriptor) }
    // A single write: the kernel takes a setting from the first write alone.
    let bytes = Array((sysctl.text ?? "").utf8) + [UInt8(ascii: "\n")]
    let before = read(sysctl.key).text
    while Glibc.write(descriptor, bytes, bytes.count) < 0 {
      if errno != EINTR { throw NetlinkError(operation, code: errno) }
    }
    // The kernel takes "0x1" and shows "1", takes the first of two numbers, or clamps them. A value
    // that never reads back as it was written would be written again and again.
    let after = read(sysctl.key).text
    if after == sysctl.text { return }
    guard let after else {
      throw NetlinkError(
        operation, code: EINVAL, kernelText: "it can only be written: there is no state to keep")
    }
    if let before, before != after {
      let bytes = Array(before.utf8) + [UInt8(ascii: "\n")]
      _ = Glibc.write(descriptor, bytes, bytes.count)
    }
    throw NetlinkError(
      operation, code: EINVAL,
      kernelText: "the kernel makes \"\(after)\" of it: state that, if it is meant")
  }
}
