import Model

private let wg0 = #"{ "name": "wg0", "type": "wireguard" }"#

private func device(_ more: String, _ peers: String...) -> String {
  #"{ "link": "wg0", \#(more), "peers": [\#(peers.joined(separator: ", "))] }"#
}

private func peer(_ key: String, _ more: String) -> String {
  #"{ "public_key": "\#(key)", \#(more) }"#
}

private let first = "HiNpzpwyj2aB3ztApMe3URQmyn4wq5Xvqc4lh4bQfwM="
private let second = "4zf/ay43v8P3TtJiPDWSS/cqawT9wqPHFUQcJQ8t1Gg="

/// What kernels without WireGuard refuse.
private let wireGuardNeeds = "ip link add probe0 type wireguard"

let wireGuardCases: [Case] = [
  Case(
    name: "wireguard", kind: WireGuard.kind, base: ["links": [wg0]], section: "wireguard",
    object: device(
      #""private_key_file": "/keys/own", "listen_port": 51820, "fwmark": "0x51""#,
      peer(
        first,
        #""endpoint": "192.0.2.1:51820", "allowed_ips": ["10.0.0.0/8", "fd00::/8"], "persistent_keepalive": "25s", "preshared_key_file": "/keys/preshared""#
      ), peer(second, #""allowed_ips": "192.168.7.0/24""#)),
    changed: [
      // Another mark and port, a preshared key removed, allowed IPs moved to the other peer.
      device(
        #""private_key_file": "/keys/own", "listen_port": 51821"#,
        peer(first, #""endpoint": "[2001:db8::1]:51821", "allowed_ips": "fd00::/8""#),
        peer(
          second,
          #""allowed_ips": ["192.168.7.0/24", "10.0.0.0/8"], "endpoint": "192.0.2.2:1", "preshared_key_file": "/keys/preshared""#
        )),
      // Another key, a peer removed.
      device(
        #""private_key_file": "/keys/other", "listen_port": 51820"#,
        peer(second, #""allowed_ips": []"#)),
    ],
    oracle: ("wg show wg0", "peer: " + first), removal: "wg set wg0 private-key /dev/null",
    needs: wireGuardNeeds)
]

/// The keys that cases name.
struct TestKeys: Surroundings {
  func secret(at path: String) throws(Incompleteness) -> [UInt8] {
    switch path {
    case "/keys/own": Array("sKECR7JdqC/RA6UV+s+LDlfPK9lmNGAnvDyaTSnCEU4=\n".utf8)
    case "/keys/other": Array("cAcHbQpzGKV9PBbBclGyZkXfTC+S68CZKsF3+6UduSw=\n".utf8)
    case "/keys/preshared": Array("gXi+OluQ7Snaj1OYZuTAj1ZLUu9v7Zd8kpbYXbKvMaU=\n".utf8)
    case "/etc/vpn-gateway/wg0.key": Array("KLcM+3fbFYGWTGLxOzKl0KYdwWdMyd2L5WkRpXVzjHY=\n".utf8)
    default: throw Incompleteness("there is no \(path)")
    }
  }

  func addresses(of host: String) -> [IPAddress] { [] }
}
