public import JSON

/// Takes what is wrong with an `nftables` section.
public protocol NftablesSink: AnyObject {
  func report(_ message: String, at pointer: Pointer)
}
