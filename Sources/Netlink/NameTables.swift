internal import CNl

/// The names that this machine gives to routing tables and protocols, as iproute2 reads them.
public enum NameTables {
  private static let directory = "/etc/iproute2"

  /// `rt_tables`: names of the tables 1 to 1023; none where there is no such file.
  public static func tables() -> [String: UInt32] {
    guard rtnl_route_read_table_names(directory + "/rt_tables") == 0 else { return [:] }
    return names(1...1023) { rtnl_route_table2str($0, $1, $2) }
  }

  /// `rt_protos`: names of the protocols 1 to 255.
  public static func protocols() -> [String: UInt8] {
    guard rtnl_route_read_protocol_names(directory + "/rt_protos") == 0 else { return [:] }
    return names(1...255) { rtnl_route_proto2str($0, $1, $2) }
  }

  private static func names<N: BinaryInteger>(
    _ numbers: ClosedRange<Int32>,
    _ name: (Int32, UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?
  ) -> [String: N] {
    var names: [String: N] = [:]
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      for number in numbers {
        guard let text = name(number, buffer.baseAddress!, buffer.count) else { continue }
        let name = String(cString: text)
        // libnl's answer for a number without a name.
        if !name.hasPrefix("0x") { names[name] = N(number) }
      }
    }
    return names
  }
}
