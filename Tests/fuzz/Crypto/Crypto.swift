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

/// What `DDNS` signs requests with, which the fuzzer never makes.
public protocol HashFunction {}

public enum SHA256: HashFunction {
  public static func hash(data: [UInt8]) -> [UInt8] { fatalError("the fuzzer signs nothing") }
}

public enum SHA384: HashFunction {}
public enum SHA512: HashFunction {}

public enum Insecure {
  public enum MD5: HashFunction {}
  public enum SHA1: HashFunction {}
}

public struct SymmetricKey {
  public init(data: [UInt8]) { fatalError("the fuzzer signs nothing") }
}

public enum HMAC<Hash: HashFunction> {
  public static func authenticationCode(for data: [UInt8], using key: SymmetricKey) -> [UInt8] {
    fatalError("the fuzzer signs nothing")
  }
}
