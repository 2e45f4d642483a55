internal import Glibc
internal import Netlink
public import Nftables

extension MachineNames {
  /// The names in this machine's files and user database, and its time zone, as nft(8) uses them.
  public static func read() -> MachineNames {
    var names = MachineNames()
    names.service = { name in
      // getservbyname isn't thread-safe; only one thread at a time calls it.
      getservbyname(name, nil).map { UInt16(truncatingIfNeeded: $0.pointee.s_port).bigEndian }
    }
    names.user = { name in getpwnam(name).map { $0.pointee.pw_uid } }
    names.group = { name in getgrnam(name).map { $0.pointee.gr_gid } }
    for table in [Table.realms, .marks, .groups] {
      names.tables[table] = NameTables().names(in: table.rawValue)
    }
    names.utcOffset = { seconds in
      var time = seconds ?? Glibc.time(nil)
      var local = tm()
      return localtime_r(&time, &local) == nil ? 0 : local.tm_gmtoff
    }
    return names
  }
}
