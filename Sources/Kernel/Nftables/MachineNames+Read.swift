internal import Glibc
public import Nft

extension MachineNames {
  /// As this machine's files, user database and time zone say, like nft(8).
  public static func read() -> MachineNames {
    var names = MachineNames()
    names.service = { name in
      // The call isn't safe in several threads; it is made by one at a time.
      getservbyname(name, nil).map { UInt16(truncatingIfNeeded: $0.pointee.s_port).bigEndian }
    }
    names.user = { name in getpwnam(name).map { $0.pointee.pw_uid } }
    names.group = { name in getgrnam(name).map { $0.pointee.gr_gid } }
    for table in [Table.realms, .marks, .groups] { names.tables[table] = read(table) }
    names.utcOffset = { seconds in
      var time = seconds ?? Glibc.time(nil)
      var local = tm()
      return localtime_r(&time, &local) == nil ? 0 : local.tm_gmtoff
    }
    return names
  }

  /// Lines of a number and a name; none where there is no file.
  private static func read(_ table: Table) -> [UInt32: String] {
    guard let file = fopen("/etc/iproute2/\(table.rawValue)", "re") else { return [:] }
    defer { fclose(file) }
    var names: [UInt32: String] = [:]
    var buffer = [CChar](repeating: 0, count: 512)
    while fgets(&buffer, CInt(buffer.count), file) != nil {
      let line = String(
        decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard words.count == 2, let number = number(words[0]) else { continue }
      names[number] = String(words[1])
    }
    return names
  }

  private static func number(_ text: Substring) -> UInt32? {
    text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
  }
}
