/// Idle connections, all to one endpoint (RFC 9112, 9.3).
final class KeptConnections {
  private var connections: [Connection] = []

  /// Takes a connection that was still open when it was last heard of.
  func take(_ tell: @escaping (StreamEvent) -> Void) -> Connection? {
    let taken = connections.popLast()
    taken?.tell = tell
    return taken
  }

  /// Keeps it until its peer closes it or sends something unasked.
  func leave(_ connection: Connection) {
    guard connection.canBeKept else { return connection.close() }
    connection.tell = { [weak self, unowned connection] _ in
      connection.close()
      self?.connections.removeAll { $0 === connection }
    }
    connections.append(connection)
  }

  func close() {
    for connection in connections { connection.close() }
    connections = []
  }
}
