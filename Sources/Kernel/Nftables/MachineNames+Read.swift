internal import Glibc
internal import Netlink
public import Nftables

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
