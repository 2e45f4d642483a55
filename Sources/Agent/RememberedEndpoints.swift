import JSON
import Model

/// Which endpoints files stated for WireGuard's peers when they were set: a peer may roam, and the kernel
/// knows only where it is now.
struct RememberedEndpoints: Remembered {
  private var links: [LinkName: [PublicKey: String]] = [:]

  var isEmpty: Bool { links.isEmpty }

  mutating func read(_ object: JSON.Value, refuse: (_ entry: String, _ reason: String) -> Void) {
    for (name, peers) in object.members! {
      guard let link = LinkName(name), let peers = peers.members else {
        refuse(name, "not what vpngw writes there; left out")
        continue
      }
      for (key, endpoint) in peers {
        guard let key = PublicKey(key), let endpoint = endpoint.string else { continue }
        links[link, default: [:]][key] = endpoint
      }
    }
  }

  var tree: Tree {
    .object(
      links.sorted { $0.key < $1.key }.map { link, peers in
        let entries = peers.sorted { $0.key < $1.key }.map { ("\($0.key)", Tree.string($0.value)) }
        return (link.text, .object(entries))
      })
  }

  func annotate(_ observed: inout NetworkState) {
    if links.isEmpty { return }
    for index in observed.wireGuards.indices {
      guard let known = links[observed.wireGuards[index].link] else { continue }
      for position in observed.wireGuards[index].peers.indices {
        let key = observed.wireGuards[index].peers[position].publicKey
        observed.wireGuards[index].peers[position].statedEndpoint = known[key]
      }
    }
  }

  /// Notes what is about to be done; false when there is nothing new to note.
  mutating func remember(_ change: Change) -> Bool {
    guard let device = change.object.as(WireGuard.self) else { return false }
    var peers: [PublicKey: String] = [:]
    if change.verb != .delete {
      for peer in device.peers { peers[peer.publicKey] = peer.endpoint?.text }
    }
    let noted = peers.isEmpty ? nil : peers
    defer { links[device.link] = noted }
    return links[device.link] != noted
  }
}
