/// What a state file names but doesn't contain: keys in files, addresses of hosts.
public protocol Surroundings {
  /// The content of a file of secrets.
  func secret(at path: String) throws(Incompleteness) -> [UInt8]
  /// The address of a named host; nil: it has none now.
  func address(of host: String) -> IPAddress?
}

/// Why an object can't be completed.
public struct Incompleteness: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

extension DesiredState {
  /// Completes it with what the file names; throws if any of that is missing or wrong.
  public mutating func complete(by surroundings: some Surroundings) throws(Incompleteness) {
    try unconditional.complete(by: surroundings)
    for index in conditional.indices {
      conditional[index].object = try conditional[index].object.completed(by: surroundings)
    }
  }
}

extension NetworkState {
  public mutating func complete(by surroundings: some Surroundings) throws(Incompleteness) {
    func complete<R: Resource>(
      _: R.Type, _ all: inout NetworkState
    ) throws(Incompleteness) {
      guard R.needsSurroundings else { return }
      for index in all[R.self].indices {
        do throws(Incompleteness) {
          all[R.self][index] = try all[R.self][index].completed(by: surroundings)
        } catch {
          throw Incompleteness("\(all[R.self][index].objectID): \(error)")
        }
      }
    }
    for kind in Kind.all { try complete(kind.type, &self) }
  }
}

extension Object {
  fileprivate func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Object {
    func complete<R: Resource>(_ own: R) throws(Incompleteness) -> Object {
      do throws(Incompleteness) {
        return Object(try own.completed(by: surroundings))
      } catch {
        throw Incompleteness("\(own.objectID): \(error)")
      }
    }
    return try complete(resource)
  }
}

extension WireGuard {
  public static var needsSurroundings: Bool { true }

  public func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self {
    func key(_ path: String, _ name: String) throws(Incompleteness) -> SecretKey {
      guard let key = SecretKey(file: try surroundings.secret(at: path)) else {
        throw Incompleteness(
          "\(name) \(path) holds no key: write 44 characters of base64, as `wg gen\(name == "private_key_file" ? "key" : "psk")` prints them"
        )
      }
      return key
    }
    var copy = self
    if let privateKeyFile {
      let secret = try key(privateKeyFile, "private_key_file")
      copy.privateKey = secret
      let own = secret.publicKey
      if let publicKey, publicKey != own {
        throw Incompleteness(
          "private_key_file \(privateKeyFile) holds the key of \(own), and public_key says "
            + "\(publicKey)")
      }
      if peers.contains(where: { $0.publicKey == own }) {
        throw Incompleteness(
          "private_key_file \(privateKeyFile) holds the key of \(own), which is that of a peer")
      }
      copy.publicKey = own
    }
    for index in peers.indices {
      if let path = peers[index].presharedKeyFile {
        copy.peers[index].presharedKey = try key(path, "preshared_key_file")
      }
      if let endpoint = peers[index].endpoint, endpoint.address == nil {
        copy.peers[index].endpoint?.address = surroundings.address(of: endpoint.host)
      }
    }
    return copy
  }
}
