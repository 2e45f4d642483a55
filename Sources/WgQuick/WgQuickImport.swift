public import JSON
internal import Model

/// A configuration of wg-quick(8) as a state file, what of it is not in there, and the keys, which
/// aren't either.
public struct WgQuickImport {
  public struct Note: CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    public var description: String { "\(path):\(line): \(message)" }
  }

  /// What a file must hold that the state file names.
  public struct KeyFile {
    public let path: String
    public let text: String
  }

  public private(set) var notes: [Note] = []
  public private(set) var keys: [KeyFile] = []

  private let path: String
  private let link: String
  private let directory: String
  private var line = 0
  private var mtu: Int?
  private var addresses: [Prefix] = []
  private var hasPrivateKey = false
  private var listenPort: Int?
  private var mark: UInt32 = 0
  private var table: Table = .auto
  private var peers: [Peer] = []

  private enum Table: Equatable {
    case auto, off
    case number(UInt32)
  }

  private struct Peer {
    let line: Int
    var key: PublicKey?
    var presharedKeyFile: String?
    var endpoint: WireGuardPeer.Endpoint?
    var allowedIPs: [Prefix] = []
    var keepalive = 0
  }

  /// `path` names the link, as wg-quick has it: wg0.conf. Keys are to be in `directory`.
  public init(_ path: String, _ bytes: [UInt8], keysIn directory: String) {
    self.path = path
    self.directory = directory
    let file = path.split(separator: "/").last.map(String.init) ?? ""
    let name = file.hasSuffix(".conf") ? String(file.dropLast(5)) : file
    link = LinkName(name) == nil || name == "-" ? "wg0" : name
    if link != name { note("\(name.visible) is no link's name: it is called wg0") }
    read(bytes)
    line = 0
    finish()
  }

  private mutating func note(_ message: String) {
    notes.append(Note(path: path, line: line, message: message))
  }

  // MARK: - Reading

  private enum Part { case none, interface, peer }

  private mutating func read(_ bytes: [UInt8]) {
    var part = Part.none
    for text in String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    {
      line += 1
      let statement = text.prefix { $0 != "#" }.trimmed
      if statement.isEmpty { continue }
      switch statement.lowercased() {
      case "[interface]": part = .interface
      case "[peer]":
        part = .peer
        peers.append(Peer(line: line))
      default:
        guard let equals = statement.firstIndex(of: "=") else {
          note("\(shown(statement)) is no KEY = VALUE and no section")
          continue
        }
        let key = statement[..<equals].trimmed
        let value = statement[statement.index(after: equals)...].trimmed
        switch part {
        case .none: note("\(shown(key)) stands before any section, and is not carried over")
        case .interface: readInterface(key, value)
        case .peer: readPeer(key, value)
        }
      }
    }
  }

  private mutating func readInterface(_ key: String, _ value: String) {
    switch key.lowercased() {
    case "privatekey":
      guard SecretKey(file: Array(value.utf8)) != nil else {
        return note("PrivateKey is no key: 44 characters of base64")
      }
      hasPrivateKey = true
      let path = privateKeyFile
      keys.removeAll { $0.path == path }
      keys.append(KeyFile(path: privateKeyFile, text: value + "\n"))
    case "address":
      for text in value.list {
        guard let prefix = Prefix(text), !prefix.address.isUnspecified, !prefix.address.isMulticast
        else {
          note("Address \(shown(text)) is no address of a link")
          continue
        }
        if !addresses.contains(prefix) { addresses.append(prefix) }
      }
    case "listenport":
      guard let port = UInt16(value) else { return note("ListenPort \(shown(value)) is no port") }
      listenPort = port == 0 ? nil : Int(port)
    case "mtu":
      guard let number = Int(value), (68...65535).contains(number) else {
        return note("MTU \(shown(value)) is no number from 68 to 65535")
      }
      mtu = number
    case "fwmark":
      guard let number = value.lowercased() == "off" ? 0 : number(value) else {
        return note("FwMark \(shown(value)) is no mark")
      }
      mark = number
    case "table":
      switch value.lowercased() {
      case "auto": table = .auto
      case "off": table = .off
      case "main": table = .number(254)
      default:
        guard let number = number(value), number > 0 else {
          return note("Table \(shown(value)) is no number: routes go where Table = auto has them")
        }
        table = .number(number)
      }
    case "dns":
      note("DNS \(shown(value)) is not carried over: name servers are no part of a state file")
    case "preup", "postup", "predown", "postdown":
      note("\(key) is not run: \(shown(value))")
    case "saveconfig":
      note("SaveConfig is not carried over: vpngw never writes a state file")
    default: note("\(shown(key)) is unknown, and not carried over")
    }
  }

  private mutating func readPeer(_ key: String, _ value: String) {
    let last = peers.count - 1
    switch key.lowercased() {
    case "publickey":
      peers[last].key = PublicKey(value)
      if peers[last].key == nil { note("PublicKey is no key: 44 characters of base64") }
    case "presharedkey":
      guard SecretKey(file: Array(value.utf8)) != nil else {
        return note("PresharedKey is no key: 44 characters of base64")
      }
      let path = "\(directory)/\(link)-peer\(peers.count).psk"
      peers[last].presharedKeyFile = path
      keys.removeAll { $0.path == path }
      keys.append(KeyFile(path: path, text: value + "\n"))
    case "allowedips":
      for text in value.list {
        // wg masks the bits behind the length.
        guard let prefix = Prefix(text)?.network else {
          note("AllowedIPs \(shown(text)) is no prefix")
          continue
        }
        // As in the kernel, the last that names a prefix has it.
        for index in peers.indices where peers[index].allowedIPs.contains(prefix) {
          peers[index].allowedIPs.removeAll { $0 == prefix }
          if index != last {
            note("AllowedIPs \(prefix): taken from the peer of line \(peers[index].line)")
          }
        }
        peers[last].allowedIPs.append(prefix)
      }
    case "endpoint":
      guard let endpoint = WireGuardPeer.Endpoint(value) else {
        return note("Endpoint \(shown(value)) is no ADDRESS:PORT or NAME:PORT")
      }
      peers[last].endpoint = endpoint
    case "persistentkeepalive":
      guard let seconds = value.lowercased() == "off" ? 0 : UInt16(value) else {
        return note("PersistentKeepalive \(shown(value)) is no number of seconds up to 65535")
      }
      peers[last].keepalive = Int(seconds)
    default: note("\(shown(key)) is unknown, and not carried over")
    }
  }

  private func number(_ text: String) -> UInt32? {
    text.lowercased().hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
  }

  /// On one line, and not all of a long one: a key in the wrong place isn't shown whole either.
  private func shown(_ text: String) -> String {
    PublicKey(text) == nil ? "\"\(text.visible(limit: 40))\"" : "(a key)"
  }

  private var privateKeyFile: String { "\(directory)/\(link).key" }

  // MARK: - Writing

  /// Without `Table` the kernel's own route for an address, if it has one, serves what lies within.
  private var routes: [Prefix] {
    var seen: Set<Prefix> = []
    let own = table == .auto ? addresses.map(\.network).filter { !$0.isHost } : []
    return peers.flatMap(\.allowedIPs).filter { prefix in
      let isServed = own.contains { $0.length <= prefix.length && $0.contains(prefix.address) }
      return !isServed && seen.insert(prefix).inserted
    }
  }

  private mutating func finish() {
    if !hasPrivateKey { note("there is no PrivateKey: write one to \(privateKeyFile)") }
    var known: Set<PublicKey> = []
    let own = keys.first { $0.path == privateKeyFile }.flatMap {
      SecretKey(file: Array($0.text.utf8))?.publicKey
    }
    peers = peers.filter { peer in
      line = peer.line
      guard let key = peer.key else {
        note("this peer has no PublicKey, and is left out")
        return false
      }
      if key == own {
        note("this peer has the interface's own key, and is left out")
        return false
      }
      guard known.insert(key).inserted else {
        note("another peer has the same PublicKey: this one is left out")
        return false
      }
      return true
    }
    let files = Set(peers.compactMap(\.presharedKeyFile) + [privateKeyFile])
    keys.removeAll { !files.contains($0.path) }
    line = 0
    if let mtu, mtu < 1280, (addresses + routes).contains(where: { $0.family == .inet6 }) {
      note("MTU \(mtu) is below 1280, the least that IPv6 works with, and is left out")
      self.mtu = nil
    }
    if isSteered {
      if mark == 0 { mark = 51820 }
      note(
        "a default route goes to table \(mark) as wg-quick has it, and packets of the tunnel, marked "
          + "\(Mark(mark)), go by the main table; wg-quick's table of nftables against packets that "
          + "claim to come from the tunnel is not made")
    }
  }

  private var defaults: [Family] {
    [Family.inet, .inet6].filter { family in
      routes.contains { $0.length == 0 && $0.family == family }
    }
  }

  private var isSteered: Bool { table == .auto && !defaults.isEmpty }

  public var tree: Tree {
    var sections: [(String, Tree)] = [("version", 1)]
    if isSteered, defaults.contains(.inet) {
      // Else strict reverse path filtering drops what comes back marked.
      sections.append(("sysctls", .object([("net.ipv4.conf.all.src_valid_mark", 1)])))
    }
    var made: [(String, Tree)] = [("name", .string(link)), ("type", "wireguard")]
    if let mtu { made.append(("mtu", .integer(mtu))) }
    sections.append(("links", .array([.object(made)])))
    var device: [(String, Tree)] = [
      ("link", .string(link)), ("private_key_file", .string(privateKeyFile)),
    ]
    if let listenPort { device.append(("listen_port", .integer(listenPort))) }
    if mark != 0 { device.append(("fwmark", .string("\(Mark(mark))"))) }
    if !peers.isEmpty { device.append(("peers", .array(peers.map(tree)))) }
    sections.append(("wireguard", .array([.object(device)])))
    if !addresses.isEmpty {
      sections.append(
        (
          "addresses",
          .array(
            addresses.map {
              .object([
                ("link", .string(link)), ("address", .string("\($0)")),
              ])
            })
        ))
    }
    if table != .off, !routes.isEmpty {
      sections.append(("routes", .array(routes.map(route))))
    }
    if isSteered { sections.append(("rules", .array(defaults.flatMap(rules)))) }
    return .object(sections)
  }

  private func tree(_ peer: Peer) -> Tree {
    var members: [(String, Tree)] = [("public_key", .string("\(peer.key!)"))]
    if let file = peer.presharedKeyFile { members.append(("preshared_key_file", .string(file))) }
    if let endpoint = peer.endpoint { members.append(("endpoint", .string(endpoint.text))) }
    if !peer.allowedIPs.isEmpty {
      members.append(
        ("allowed_ips", .array(peer.allowedIPs.map { .string("\($0)") })))
    }
    if peer.keepalive > 0 {
      members.append(("persistent_keepalive", .string("\(peer.keepalive)s")))
    }
    return .object(members)
  }

  private func route(_ prefix: Prefix) -> Tree {
    var members: [(String, Tree)] =
      prefix.length == 0
      ? [("dst", "default"), ("family", .string(prefix.family.rawValue))]
      : [("dst", .string("\(prefix)"))]
    members.append(("dev", .string(link)))
    switch table {
    case .number(let number): members.append(("table", .integer(Int(number))))
    case .auto where prefix.length == 0: members.append(("table", .integer(Int(mark))))
    default: break
    }
    return .object(members)
  }

  /// What `ip rule add` of wg-quick makes: the first asked for is the main table without its default.
  private func rules(_ family: Family) -> [Tree] {
    [
      .object([
        ("family", .string(family.rawValue)), ("priority", 32764), ("lookup", "main"),
        ("suppress_prefixlength", 0),
      ]),
      .object([
        ("family", .string(family.rawValue)), ("priority", 32765), ("not", true),
        ("fwmark", .string("\(Mark(mark))")), ("lookup", .integer(Int(mark))),
      ]),
    ]
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }
}

extension String {
  fileprivate var list: [String] { split(separator: ",").map(\.trimmed).filter { !$0.isEmpty } }
}
