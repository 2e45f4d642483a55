/// The part of swift-crypto's interface that `Model` uses, for the fuzzer, which builds the modules without
/// packages. Key files are never read there, so that nothing calls it.
public enum Curve25519 {
  public enum KeyAgreement {
    public struct PrivateKey {
      public init(rawRepresentation: [UInt8]) throws { fatalError("the fuzzer reads no keys") }
      public var publicKey: PublicKey { fatalError("the fuzzer reads no keys") }
    }

    public struct PublicKey {
      public var rawRepresentation: [UInt8] { fatalError("the fuzzer reads no keys") }
    }
  }
}
