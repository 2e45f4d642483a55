import Blueprints
import Glibc
import Keepalived
import Model
import State
import TestSupport
import Testing

/// Whatever a keepalived configuration says, `validate` accepts the state file made from it.
@Suite struct ImportLawTests {
  @Test(arguments: 0..<200)
  func whatIsPrintedIsValid(number: Int) throws {
    var text = Configuration(number).text
    let made = try #require(Import("k.conf", files: Pages(["k.conf": text])))
    do {
      _ = try made.desiredState()
    } catch {
      text = "\(text)\n\(error)"
      Issue.record("\(text)")
    }
  }

  private static let samples = "/usr/share/doc/keepalived/samples/"

  @Test func everySampleOfDebiansPackageIsValid() throws {
    guard access(Self.samples, R_OK) == 0 else {
      try Test.cancel("keepalived's samples are missing")
    }
    let names = try fileNames(in: Self.samples, ending: "").filter {
      $0.hasPrefix("keepalived.conf.")
    }
    #expect(names.count >= 20)
    var services = 0
    for name in names {
      let text = try String(decoding: readFile(Self.samples + name), as: UTF8.self)
      let made = try #require(Import("k.conf", files: Pages(["k.conf": text])))
      do {
        services += try made.desiredState().blueprints[Services.self]?.list.count ?? 0
      } catch {
        Issue.record("\(name): \(error)")
      }
    }
    #expect(services >= 20)
  }
}

/// A configuration of everything that keepalived knows, sensible or not, from a seed.
private struct Configuration {
  private var generator: SplitMix64
  private(set) var text = ""

  init(_ number: Int) {
    generator = SplitMix64(0x6b61_0000 &+ UInt64(number))
    for name in ["a", "a.tcp", "b"] where chance(2) { addGroup(name) }
    for _ in 0..<Int.random(in: 1...4, using: &generator) { addServer() }
    if chance(2) { addVRRP() }
    if chance(3) { mutate() }
  }

  private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &generator) == 0 }

  private mutating func any(_ words: String...) -> String {
    words.randomElement(using: &generator)!
  }

  private mutating func address() -> String {
    chance(12)
      ? any(
        "0.0.0.0", "224.0.0.1", "::", "ff02::1", "fe80::1", "10.0.0", "", "10.0.0.1/24",
        "10.0.0.1-9")
      : chance(3) ? "fd00::\(any("1", "2", "a", "1:0"))" : "10.0.0.\(any("1", "2", "3", "4"))"
  }

  private mutating func port() -> String {
    any("", "80", "80", "80", "443", "0", "25", chance(8) ? "65536" : "8080")
  }

  private mutating func range() -> String {
    any(
      address(), "10.0.0.0/24", "10.0.0.1/24", "10.0.0.0/30", "10.0.0.1-3", "10.0.0.1-10.0.4.200",
      "10.0.0.9-3", "10.0.0.1-300", "fd00::1-f", "fd00::/120", "fd00::1/64", "10.0.0.0/8",
      "fd00::1-fd00::9")
  }

  private mutating func addGroup(_ name: String) {
    text += "virtual_server_group \(name) {\n"
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      text +=
        chance(3)
        ? " fwmark \(any("1", "2", "0", "4294967295")) \(any("", "", "inet", "inet6", "ipx"))\n"
        : " \(range()) \(port())\n"
    }
    text += "}\n"
  }

  private mutating func addServer() {
    let front = any(
      "\(address()) \(port())", "\(range()) \(port())", "fwmark \(any("1", "2", "0"))",
      "group \(any("a", "a.tcp", "b", "none"))")
    text += "virtual_server \(front) {\n"
    if !chance(8) { text += " protocol \(any("TCP", "UDP", "tcp", "SCTP", "ICMP"))\n" }
    for _ in 0..<Int.random(in: 0...5, using: &generator) { text += " \(setting())\n" }
    for _ in 0..<Int.random(in: chance(10) ? 0...0 : 1...4, using: &generator) { addReal() }
    text += "}\n"
  }

  private mutating func setting() -> String {
    switch Int.random(in: 0..<15, using: &generator) {
    case 0: "lvs_sched \(any("rr", "mh", "sh", "wlc", "dh", "none", "xyz"))"
    case 1: any("flag-1", "flag-2", "flag-3", "sh-port", "mh-port", "mh-fallback", "ops", "hashed")
    case 2, 3: method()
    case 4: "persistence_timeout \(any("", "50", "0", "2100000", "99999999", "x"))"
    case 5:
      "persistence_granularity \(any("255.255.255.0", "255.0.255.0", "24", "64", "128", "0.0.0.0"))"
    case 6: "persistence_engine \(any("sip", "x"))"
    case 7: "quorum \(any("0", "1", "2", "3", "1000000", "-1"))"
    case 8: "hysteresis \(any("0", "1", "2", "99"))"
    case 9, 10: "sorry_server \(address()) \(port())"
    case 11: any("inhibit_on_failure", "alpha", "omega", "weight 3", "weight 0", "ha_suspend")
    case 12: "ip_family \(any("inet", "inet6", "x"))"
    case 13: timing()
    default: "virtualhost \(any("www.example.org", "a/b", "", "é"))"
    }
  }

  private mutating func timing() -> String {
    any(
      "delay_loop \(any("0", "0.0001", "6", "999999", "x"))",
      "connect_timeout \(any("0", "3", "999999"))",
      "retry \(any("0", "3", "1000", "-1"))", "warmup \(any("0", "9", "999999"))",
      "delay_before_retry 3")
  }

  private mutating func method() -> String {
    "lvs_method "
      + any(
        "NAT", "DR", "TUN", "dr", "TUN type gue port 6080", "TUN type gue", "TUN csum",
        "TUN type gre csum", "TUN type gre remcsum", "TUN type gue port 1 remcsum", "x")
  }

  private mutating func addReal() {
    text += " real_server \(address()) \(port()) {\n"
    for _ in 0..<Int.random(in: 0...2, using: &generator) {
      text +=
        "  "
        + any(
          "weight \(any("0", "1", "70000"))", "uthreshold 5", "lthreshold \(any("3", "9"))",
          "inhibit_on_failure", method(), timing(), "notify_up /x", "virtualhost a") + "\n"
    }
    for _ in 0..<Int.random(in: 0...2, using: &generator) { addCheck() }
    text += " }\n"
  }

  private mutating func addCheck() {
    let keyword = any(
      "TCP_CHECK", "HTTP_GET", "SSL_GET", "DNS_CHECK", "PING_CHECK", "MISC_CHECK", "UDP_CHECK",
      "SMTP_CHECK", "FILE_CHECK", "BFD_CHECK")
    text += "  \(keyword) {\n"
    for _ in 0..<Int.random(in: 0...3, using: &generator) { text += "   \(connection())\n" }
    for _ in 0..<Int.random(in: 0...2, using: &generator) { text += "   \(own(of: keyword))\n" }
    text += "  }\n"
  }

  private mutating func connection() -> String {
    any(
      "connect_ip \(address())", "connect_port \(port())", "bindto \(address())", "bind_port 9",
      "bind_if eth0", "fwmark \(any("0", "7"))", timing(), timing())
  }

  private mutating func own(of keyword: String) -> String {
    switch keyword {
    case "HTTP_GET", "SSL_GET":
      any(
        "url {\n path \(any("/", "x", "/a b", "/\u{e9}"))\n status_code \(any("200", "200-299 404", "9"))\n"
          + " virtualhost \(any("a", ""))\n regex \(any("ok", "a.*", "\\\"x\\\""))\n }",
        "nb_get_retry \(any("0", "4", "-3"))", "enable_sni", "url {\n digest 00\n }")
    case "DNS_CHECK": any("type \(any("A", "SOA", "x"))", "name \(any("a.b.", ".", "..", "-"))")
    case "UDP_CHECK":
      any("payload \(any("70696e67", "00", ""))", "require_reply \(any("", "70", "00"))")
    case "MISC_CHECK":
      "misc_path \(any("/bin/true", "check a b", "./x", "none", "\"/bin/echo 'a b'\"", "/"))\n"
        + "   misc_timeout \(any("0", "4", "999999"))"
    case "SMTP_CHECK": "helo_name x\n   host {\n   \(connection())\n   \(connection())\n   }"
    default: "helo_name x"
    }
  }

  private mutating func addVRRP() {
    text += "vrrp_script s {\n script \(any("/bin/true", "x", "\"</dev/tcp/10.0.0.1/80\"", ""))\n"
    text += " weight \(any("0", "-5", "300", "x", "9 reverse"))\n rise \(any("1", "0", "9"))\n}\n"
    text += "track_file f {\n file \(any("/run/f", "f"))\n weight \(any("0", "1"))\n}\n"
    text += "vrrp_track_process p {\n process \(any("a", "a b", ""))\n}\n"
    if chance(2) { text += "vrrp_sync_group g {\n group {\n  a\n  \(any("b", "none"))\n }\n}\n" }
    for name in ["a", "b", any("a", "c", "")] {
      text += "vrrp_instance \(name) {\n interface \(any("eth0", "eth1", "eth0", "a/b"))\n"
      text += " virtual_router_id \(any("1", "51", "52", "53", "0", "256"))\n"
      for _ in 0..<Int.random(in: 0...6, using: &generator) { text += " \(ofInstance())\n" }
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        let block = any("virtual_ipaddress", "virtual_ipaddress", "virtual_ipaddress_excluded")
        text += " \(block) {\n  \(virtualAddress())\n  \(virtualAddress())\n }\n"
      }
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        text += " virtual_routes {\n  \(route())\n  \(route())\n }\n"
        text += " virtual_rules {\n  \(rule())\n  \(rule())\n }\n"
      }
      text += "}\n"
    }
  }

  private mutating func ofInstance() -> String {
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: "priority \(any("0", "1", "100", "255", "256"))"
    case 1: "advert_int \(any("1", "0.5", "0.001", "0", "41", "300", "x"))"
    case 2: "version \(any("2", "3", "4"))"
    case 3: any("state MASTER", "nopreempt", "native_ipv6", "accept", "no_accept", "strict_mode")
    case 4: any("preempt_delay 5", "preempt_delay 2000", "preempt_delay x")
    case 5: any("use_vmac", "use_vmac vip0", "use_vmac_addr", "use_vmac 0:1:2", "use_vmac a/b")
    case 6: "\(any("unicast_src_ip", "mcast_src_ip")) \(address())"
    case 7: "unicast_peer {\n  \(address())\n  \(address()) min_ttl 3\n }"
    case 8:
      "authentication {\n  auth_type \(any("PASS", "AH"))\n  auth_pass \(any("a", "", "12345678 9"))\n }"
    case 9: "track_interface {\n  \(any("eth1", "lo", "eth0 weight 5 reverse", "vrrp.51"))\n }"
    case 10: "track_script {\n  \(any("s", "s weight -9", "none"))\n }"
    default:
      any("track_file {\n  f\n }", "track_process {\n  p weight 2\n }", "old_unicast_checksum")
    }
  }

  private mutating func virtualAddress() -> String {
    address() + any("", "/24", "/33", "/64")
      + any(
        "", "", " dev eth1", " dev vrrp.51", " use_vmac", " dev eth1 use_vmac", " brd +",
        " peer 10.0.0.9",
        " scope link", " scope 7", " preferred_lft 5", " label x", " dev")
  }

  private mutating func route() -> String {
    any("", "src \(address()) ", "blackhole ", "unreachable ", "to ")
      + any("default", "10.0.0.0/24", "10.0.0.1/24", "fd00::/64", "0.0.0.0/0", "x")
      + any(
        "", " via \(address())", " dev eth1", " via 10.0.0.1 or 10.0.0.2 dev eth0",
        " nexthop dev eth0")
      + any(
        "", " table 9", " table main", " table x", " metric 0", " tos 4", " mtu lock 1400",
        " weight 3")
  }

  private mutating func rule() -> String {
    any(
      "from 10.0.0.0/24", "to fd00::/64", "from all", "fwmark 1/2", "fwmark 3/1", "iif eth0", "not")
      + any(" table 9", " lookup main", " goto 5", " nop", " blackhole", " table 0", "")
      + any(
        "", " preference 7", " tos 32", " inet6", " dport 0", " suppress_prefixlength 0", " order x"
      )
  }

  /// Loses, repeats and moves lines.
  private mutating func mutate() {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for _ in 0..<3 where lines.count > 3 {
      let line = lines.randomElement(using: &generator)!
      lines.remove(at: Int.random(in: 0..<lines.count, using: &generator))
      lines.insert(line, at: Int.random(in: 0..<lines.count, using: &generator))
    }
    text = lines.joined(separator: "\n")
  }
}
