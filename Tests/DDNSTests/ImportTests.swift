import JSON
import Model
import State
import Testing

@testable import DDNSImport

struct ImportTests {
  private static func sections(_ made: ImportedRecords) throws -> String {
    let text = made.tree.text()
    // What is printed is valid.
    _ = try StateFile.decode(Array(text.utf8))
    for secret in made.secrets { #expect(!text.contains(secret.text.dropLast())) }
    for note in made.notes { #expect(!"\(note)".contains("canary")) }
    return text
  }

  private static func ddclient(_ text: String) -> ImportedRecords {
    DDClientImport("ddclient.conf", Array(text.utf8), keysIn: "/keys").made
  }

  @Test func ddclientsHostsAreCarriedOver() throws {
    let made = Self.ddclient(
      """
      # /etc/ddclient.conf
      daemon=300, syslog=yes
      ssl=yes
      use=web, web=https://api.example.net/ip
      max-interval=28d

      protocol=cloudflare, \\
      zone=example.org, \\
      ttl=1, \\
      login=token, \\
      password='canary one' \\
      vpn.example.org,*.example.org

      protocol=dyndns2, server=members.easydns.com, login=me, password=canary2 home.example.net
      protocol=duckdns, password=canary3, usev4=webv4, webv4=ipify-ipv4, usev6=webv6, webv6=ipify-ipv6 me.duckdns.org
      protocol=nsupdate, server=ns1.example.org, zone=example.org, tcp=yes, password=/etc/ddns.key z.example.org
      protocol=noip, login=you, password=canary4, use=ip, ip=192.0.2.9 you.ddns.example
      """)
    #expect(made.notes.map(\.description) == [])
    #expect(
      made.secrets.map(\.path) == [
        "/keys/ddns-vpn.example.org.token", "/keys/ddns-home.example.net.password",
        "/keys/ddns-me.duckdns.org.token", "/keys/ddns-you.ddns.example.password",
      ])
    #expect(made.secrets[0].text == "canary one\n")
    let text = try Self.sections(made)
    let document = try Document(Array(text.utf8))
    defer { withExtendedLifetime(document) {} }
    let root = document.root
    #expect(
      Tree(root["probes"]!["public"]!).compact
        == #"{"type":"address","interval":"10s","public_address":{"http":"https://api.example.net/ip","interval":"300s"}}"#
    )
    #expect(root["probes"]!["public3"]!["public_address"]!.string == "192.0.2.9")
    #expect(
      Tree(root["ddns"]!["vpn.example.org"]!).compact
        == #"{"name":"vpn.example.org","from":["probe.public"],"refresh":"28d","provider":{"type":"cloudflare","token_file":"/keys/ddns-vpn.example.org.token","zone":"example.org"}}"#
    )
    #expect(root["ddns"]!["wildcard.example.org"]!["name"]!.string == "*.example.org")
    #expect(
      Tree(root["ddns"]!["home.example.net"]!["provider"]!).compact
        == #"{"type":"dyndns2","user":"me","password_file":"/keys/ddns-home.example.net.password","url":"https://members.easydns.com"}"#
    )
    #expect(
      Tree(root["ddns"]!["z.example.org"]!["provider"]!).compact
        == #"{"type":"rfc2136","server":"ns1.example.org","zone":"example.org","key_file":"/etc/ddns.key","transport":"tcp"}"#
    )
    #expect(Tree(root["ddns"]!["me.duckdns.org"]!["type"]!).compact == #"["A","AAAA"]"#)
    #expect(
      root["ddns"]!["you.ddns.example"]!["provider"]!["url"]!.string
        == "https://dynupdate.no-ip.com")
  }

  @Test func whatDdclientHasAloneIsNamed() throws {
    let made = Self.ddclient(
      """
      use=if, if=eth0
      postscript=/bin/true
      protocol=namecheap, server=dynamicdns.park-your-domain.com, login=a, password=canary5 x.example.org
      protocol=nsupdate, server=ns1.example.org, zone=example.org, password=/etc/Kx.private y.example.org
      protocol=cloudflare, login=me@example.org, password=canary6 z.example.org
      """)
    #expect(
      made.notes.map(\.description) == [
        "ddclient.conf:2: postscript is not carried over: nothing is run when a record changes",
        "ddclient.conf:3: x.example.org is left out: there is no provider for protocol=namecheap; see webhook and exec in docs/ddns.md",
        "ddclient.conf:4: y.example.org is left out: state the provider rfc2136 with the server ns1.example.org, the zone example.org and, as tsig-keygen prints it, the key of /etc/Kx.private",
        "ddclient.conf:5: z.example.org: the global API key of me@example.org is not used: make an API token with Zone.DNS:Edit, and put it into the file",
        "ddclient.conf:5: an interface's address (eth0) is not read: what the internet sees of it is asked of https://api.ipify.org",
      ])
    #expect(Self.ddclient("daemon=300\n").notes.count == 1)
    #expect(Self.ddclient("").isEmpty)
  }

  @Test func damagedFilesNeverCrash() {
    let whole =
      "protocol=dyndns2, login='me', password=\"x\\\\\" a.example.org # c\nuse=web, web=x\n"
    for _ in 0..<2000 {
      var bytes = Array(whole.utf8)
      for _ in 0..<3 { bytes[.random(in: 0..<bytes.count)] = .random(in: 0...255) }
      _ = DDClientImport("a", bytes, keysIn: "/k").made.tree.text()
    }
  }

  @Test func ddnsUpdatersSettingsAreCarriedOver() throws {
    let config = """
      { "settings": [
        { "provider": "cloudflare", "zone_identifier": "abc", "domain": "example.org", "host": "vpn,@",
          "ttl": 600, "token": "canary1", "ip_version": "ipv4" },
        { "provider": "desec", "domain": "a.dedyn.io", "token": "canary2" },
        { "provider": "duckdns", "domain": "me.duckdns.org", "token": "canary3", "ip_version": "ipv6",
          "ipv6_suffix": "0:0:0:0:72ad:8fbb:a54e:bedd/64" },
        { "provider": "route53", "domain": "example.net", "ip_version": "ipv4", "access_key": "AKIDEXAMPLE",
          "secret_key": "canary4", "zone_id": "Z1", "ttl": 300 },
        { "provider": "godaddy", "domain": "example.com", "key": "canary5", "secret": "canary6" },
        { "provider": "dynu", "domain": "b.example", "group": "g", "username": "me", "password": "canary7",
          "ip_version": "ipv4" }
      ] }
      """
    let made = try DDNSUpdaterImport("config.json", Array(config.utf8), keysIn: "/keys").made
    #expect(
      made.notes.map(\.description) == [
        "config.json: /settings/1: a.dedyn.io: both families are published, where there are both",
        "config.json: /settings/2: me.duckdns.org: ipv6_suffix 0:0:0:0:72ad:8fbb:a54e:bedd/64 is not carried over",
        "config.json: /settings/4: example.com is left out: there is no provider for \"godaddy\"; see webhook and exec in docs/ddns.md",
        "config.json: /settings/5: b.example: \"group\" is not carried over",
      ])
    let text = try Self.sections(made)
    let document = try Document(Array(text.utf8))
    defer { withExtendedLifetime(document) {} }
    let records = document.root["ddns"]!
    #expect(
      records.members!.map(\.key) == [
        "vpn.example.org", "example.org", "a.dedyn.io", "me.duckdns.org", "example.net",
        "b.example",
      ])
    #expect(records["vpn.example.org"]!["ttl"]!.string == "600s")
    #expect(records["me.duckdns.org"]!["type"]!.string == "AAAA")
    #expect(
      Tree(records["example.net"]!["provider"]!).compact
        == #"{"type":"route53","access_key_id":"AKIDEXAMPLE","secret_access_key_file":"/keys/ddns-example.net.secret","zone_id":"Z1"}"#
    )
    #expect(throws: SyntaxError.self) {
      try DDNSUpdaterImport("config.json", Array("{".utf8), keysIn: "/k")
    }
  }
}
