import Model
import Netlink

/// A flow in conntrack: a line of `conntrack -L`.
struct Flow {
  /// `IPPROTO_*`.
  var `protocol`: UInt8
  /// Where the client sends its packets.
  var destination: ServedFlows.Server
  /// Who answers: a different address than the destination if that was translated.
  var answering: ServedFlows.Server

  private let family: UInt8
  /// The tuple, zone and id as the kernel sent them: they identify this entry and no later one.
  private var tuple: [UInt8] = []
  private var zone: [UInt8]?
  private var number: [UInt8]?

  /// Nil for protocols without ports.
  init?(_ message: Message) {
    guard let family = message.netfilterFamily else { return nil }
    self.family = family
    var original: Tuple?
    var reply: Tuple?
    for attribute in message.netfilterAttributes {
      switch attribute.type {
      case ConntrackAttribute.original:
        original = Tuple(attribute)
        tuple = attribute.bytes
      case ConntrackAttribute.reply: reply = Tuple(attribute)
      case ConntrackAttribute.zone: zone = attribute.bytes
      case ConntrackAttribute.number: number = attribute.bytes
      default: break
      }
    }
    guard let original, let reply else { return nil }
    `protocol` = original.protocol
    destination = original.destination
    answering = reply.source
  }

  /// `conntrack -D -p udp -s ... --sport ... -d ... --dport ... -w ZONE`
  func delete(_ batch: Batch) {
    batch.netfilterRequest(ConntrackMessage.delete, family: family) {
      $0.putNested(ConntrackAttribute.original, bytes: tuple)
      if let zone { $0.put(ConntrackAttribute.zone, bytes: zone) }
      if let number { $0.put(ConntrackAttribute.number, bytes: number) }
    }
  }
}

/// One direction of a flow.
private struct Tuple {
  var source: ServedFlows.Server
  var destination: ServedFlows.Server
  var `protocol`: UInt8

  init?(_ attribute: Attribute) {
    var (from, to): (IPAddress?, IPAddress?)
    var (sourcePort, destinationPort): (UInt16?, UInt16?)
    var number: UInt8?
    for part in attribute.nested {
      for value in part.nested {
        switch (part.type, value.type) {
        case (TupleAttribute.address, let type) where TupleAttribute.sources.contains(type):
          from = IPAddress(bytes: value.bytes)
        case (TupleAttribute.address, let type) where TupleAttribute.destinations.contains(type):
          to = IPAddress(bytes: value.bytes)
        case (TupleAttribute.protocol, TupleAttribute.protocolNumber): number = value.uint8
        case (TupleAttribute.protocol, TupleAttribute.sourcePort): sourcePort = value.bigUInt16
        case (TupleAttribute.protocol, TupleAttribute.destinationPort):
          destinationPort = value.bigUInt16
        default: break
        }
      }
    }
    guard let from, let to, let sourcePort, let destinationPort, let number else { return nil }
    source = ServedFlows.Server(from, port: sourcePort)
    destination = ServedFlows.Server(to, port: destinationPort)
    `protocol` = number
  }
}
