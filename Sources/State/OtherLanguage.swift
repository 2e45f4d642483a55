/// Recognises text in another language that people write network configuration in.
enum OtherLanguage {
  case yaml, keepalived, nft

  /// Judges by the first line that isn't blank or a comment.
  init?(_ bytes: [UInt8]) {
    // A megabyte without a line break must not be read whole.
    let head = String(decoding: bytes.prefix(4096), as: UTF8.self)
    let lines = head.split(whereSeparator: \.isNewline).lazy.map { line in
      String(line.drop(while: \.isWhitespace))
    }
    guard let line = lines.first(where: { !$0.isEmpty && !"#!;".contains($0.first!) }) else {
      return nil
    }
    let word = String(line.prefix { $0.isLetter || $0.isNumber || "_-$".contains($0) })
    let rest = line.dropFirst(word.count)
    if line == "---" || line.hasPrefix("- ") || line.hasPrefix("%YAML") {
      self = .yaml
    } else if !word.isEmpty, rest == ":" || rest.hasPrefix(": ") {
      self = .yaml
    } else if Self.keepalivedWords.contains(word) {
      self = .keepalived
    } else if Self.nftWords.contains(word) {
      self = .nft
    } else {
      return nil
    }
  }

  private static let keepalivedWords: Set = [
    "global_defs", "include", "static_ipaddress", "static_routes", "virtual_server",
    "virtual_server_group", "vrrp_instance", "vrrp_script", "vrrp_sync_group",
  ]
  private static let nftWords: Set = ["add", "create", "define", "delete", "flush", "table"]

  var sentence: String {
    switch self {
    case .yaml: "this is YAML, and a state file is JSON: `yq -o json` converts it"
    case .keepalived:
      "this is keepalived's configuration: `vpngw import keepalived` makes a state file of it"
    case .nft:
      "this is nft's language, and a state file is JSON: paste what `nft -j list ruleset` prints "
        + "under \"nftables\""
    }
  }
}
