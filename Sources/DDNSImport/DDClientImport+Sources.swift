internal import JSON
internal import Model

// Where addresses are learnt.
extension DDClientImport {
  struct Source {
    var family: Family
    var tree: Tree
  }

  mutating func sources(_ own: [String: String], _ line: Int) -> [Source] {
    let interval = own["daemon"].flatMap(Self.duration)
    var sources: [Source] = []
    if own["usev4"] != nil || own["usev6"] != nil {
      for family in [Family.inet, .inet6] {
        let suffix = family == .inet ? "v4" : "v6"
        guard let use = own["use\(suffix)"] else { continue }
        if let source = source(use, family, suffix, own, interval, line) { sources.append(source) }
      }
      return sources
    }
    let use = own["use"] ?? "ip"
    let family =
      own["web"]?.hasSuffix("ipv6") == true || own["ip"].map { $0.contains(":") } == true
      ? Family.inet6 : .inet
    return source(use, family, "", own, interval, line).map { [$0] } ?? []
  }

  private mutating func source(
    _ use: String, _ family: Family, _ suffix: String, _ own: [String: String],
    _ interval: String?, _ line: Int
  ) -> Source? {
    func value(_ key: String) -> String? { own[key + suffix] ?? own[key] }
    func page(_ url: String, link: String? = nil) -> Source {
      Source(
        family: family, tree: Pages.source(url, family, interval: interval, link: link))
    }
    // `usev4=webv4`, and some write `usev4=webv4, webv4=...` in one text.
    let word = use.hasSuffix(suffix) ? String(use.dropLast(suffix.count)) : use
    switch word {
    case "no", "disabled": return nil
    case "ip":
      guard let text = value("ip"), let address = IPAddress(text) else {
        note(line, "no address is stated (ip=): it is asked of \(Pages.usual(family))")
        return page(Pages.usual(family))
      }
      return Source(family: address.family, tree: .string(address.description))
    case "web":
      let stated = value("web") ?? (family == .inet ? "ipify-ipv4" : "ipify-ipv6")
      if let known = Self.pages[stated] { return page(known) }
      let url = stated.hasPrefix("http") ? stated : "https://" + stated
      guard own["web\(suffix)-skip"] == nil, WebURL(url) != nil, !url.contains("dyndns.") else {
        note(
          line,
          "the page \(stated) says more than the address: it is asked of \(Pages.usual(family)) instead"
        )
        return page(Pages.usual(family))
      }
      return page(url)
    case "if":
      let link = value("if")
      note(
        line,
        "an interface's address (\(link ?? "?")) is not read: what the internet sees of it is asked "
          + "of \(Pages.usual(family))")
      return page(Pages.usual(family), link: link.flatMap { LinkName($0) == nil ? nil : $0 })
    default:
      note(line, "use=\(use) is not carried over: the address is asked of \(Pages.usual(family))")
      return page(Pages.usual(family))
    }
  }

  /// ddclient's own names for pages that say nothing but the address.
  private static let pages = [
    "ipify-ipv4": "https://api.ipify.org", "ipify-ipv6": "https://api6.ipify.org",
    "icanhazip": "https://icanhazip.com", "icanhazip.com": "https://icanhazip.com",
    "nsupdate.info-ipv4": "https://ipv4.nsupdate.info/myip",
    "nsupdate.info-ipv6": "https://ipv6.nsupdate.info/myip",
    "myonlineportal": "https://myonlineportal.net/checkip",
    "noip-ipv4": "http://ip1.dynupdate.no-ip.com", "noip-ipv6": "http://ip1.dynupdate6.no-ip.com",
    "checkip.amazonaws.com": "https://checkip.amazonaws.com",
  ]
}
