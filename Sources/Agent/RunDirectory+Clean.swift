internal import Glibc
import Netlink

extension RunDirectory {
  /// Removes the files of network namespaces that are gone: pods come and go, and a cookie is never
  /// reused.
  ///
  /// The kernel doesn't tell which cookies are in use. So each namespace's inode number is recorded
  /// beside its files, and this searches for whatever may hold that inode: processes, their open
  /// files, and mounts. That takes root, a view of all processes, and the right to look into them;
  /// otherwise nothing is removed.
  func clean() {
    guard geteuid() == 0, Self.seesAllProcesses, Privileges.mayLookIntoProcesses else { return }
    let old = (entries(of: path) ?? []).compactMap { name -> (cookie: String, inode: UInt64)? in
      guard name.hasPrefix(Self.notePrefix) else { return nil }
      let cookie = String(name.dropFirst(Self.notePrefix.count))
      guard cookie != namespace, let bytes = try? File.read("\(path)/\(name)", limit: 64),
        let inode = UInt64(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" })
      else { return nil }
      return (cookie, inode)
    }
    if old.isEmpty { return }
    guard let held = Self.heldNamespaces() else { return }
    for (cookie, inode) in old where !Self.isHeld(cookie, inode, by: held[inode]) {
      for name in entries(of: path) ?? [] where Self.belongs(name, to: cookie) {
        File.remove("\(path)/\(name)")
      }
    }
  }

  private static let notePrefix = "namespace-"

  /// Records what identifies this namespace, along with the first of its files.
  func noteNamespace() {
    let note = "\(path)/\(Self.notePrefix)\(namespace)"
    var status = stat()
    guard !File.exists(note), stat("/proc/thread-self/ns/net", &status) == 0 else { return }
    try? File.replace(note, with: Array("\(status.st_ino)\n".utf8))
  }

  /// `sysctls-1f.json` and the like.
  private static func belongs(_ name: String, to cookie: String) -> Bool {
    guard let dash = name.firstIndex(of: "-") else { return false }
    return name[name.index(after: dash)...].prefix { $0 != "." } == cookie
  }

  /// PROC_PID_INIT_INO (`include/linux/proc_ns.h`): the machine's own PID namespace.
  private static var seesAllProcesses: Bool { link("/proc/self/ns/pid") == "pid:[4026531836]" }

  /// Whether the namespace may still exist: inode numbers are soon reused for others.
  private static func isHeld(_ cookie: String, _ inode: UInt64, by path: String?) -> Bool {
    guard let path else { return false }
    // A container may control the path: only a namespace is opened, and nothing is waited for.
    let handle = open(path, O_CLOEXEC | oPath)
    if handle < 0 { return true }
    defer { close(handle) }
    var (own, other) = (stat(), stat())
    guard stat("/proc/thread-self/ns/net", &own) == 0, fstat(handle, &other) == 0,
      own.st_dev == other.st_dev,  // nsfs, which exists once
      other.st_ino == inode,  // a thread may have moved meanwhile
      let namespace = try? Namespace(named: "/proc/self/fd/\(handle)"),
      let present = try? namespace.run({ try Socket().namespaceCookie })
    else { return true }
    return String(present, radix: 16) == cookie
  }

  // O_PATH (`asm-generic/fcntl.h`), which glibc declares only with _GNU_SOURCE.
  private static let oPath: Int32 = 0o10000000

  /// The network namespaces that processes are in, have open, or have mounted, by their inode
  /// numbers, each with a path that leads there; nil if they can't all be found.
  private static func heldNamespaces() -> [UInt64: String]? {
    var held: [UInt64: String] = [:]
    func note(_ text: some StringProtocol, _ path: String) {
      guard text.hasPrefix("net:["), let end = text.firstIndex(of: "]") else { return }
      if let inode = UInt64(text[..<end].dropFirst("net:[".count)) { held[inode] = path }
    }
    let processes = (entries(of: "/proc") ?? []).filter { Int($0) != nil }
    if processes.isEmpty { return nil }
    var mountNamespaces: Set<String> = []
    for process in processes {
      for task in entries(of: "/proc/\(process)/task") ?? [] {
        let path = "/proc/\(process)/task/\(task)/ns/net"
        link(path).map { note($0, path) }
      }
      for descriptor in entries(of: "/proc/\(process)/fd") ?? [] {
        let path = "/proc/\(process)/fd/\(descriptor)"
        link(path).map { note($0, path) }
      }
      guard let mounts = link("/proc/\(process)/ns/mnt"), mountNamespaces.insert(mounts).inserted,
        let bytes = try? File.read("/proc/\(process)/mountinfo")
      else { continue }
      // `net:[4026532281]` is the root of a mount that `ip netns` made.
      for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count > 4 { note(words[3], "/proc/\(process)/root\(words[4])") }
      }
    }
    return held
  }

  private static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = buffer.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}
