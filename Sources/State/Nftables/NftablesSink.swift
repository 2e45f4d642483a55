public import JSON

/// Receives the problems of an `nftables` section.
public protocol NftablesSink: AnyObject {
  func report(_ message: String, at pointer: Pointer)
}
