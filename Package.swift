// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// For the modules without C: every unsafe construct is an error.
let pure = settings + [.strictMemorySafety()]

// The order below is the order of the layers: a target may depend only on those above it.
let package = Package(
  name: "vpn-gateway",
  products: [.executable(name: "vpngw", targets: ["vpngw"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
    .systemLibrary(
      name: "CNftnl", pkgConfig: "libnftnl", providers: [.apt(["libnftnl-dev", "libmnl-dev"])]),
    .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

    .target(name: "JSON", dependencies: ["CJansson"], swiftSettings: settings),
    .target(name: "YAML", dependencies: ["CYAML", "JSON"], swiftSettings: settings),
    .target(name: "Addressing", swiftSettings: pure),
    .target(name: "Nftables", dependencies: ["Addressing"], swiftSettings: pure),
    .target(
      name: "Model",
      dependencies: [
        "Addressing", "Nftables", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: pure),
    .target(name: "VRRP", dependencies: ["Model"], swiftSettings: pure),
    .target(
      name: "DDNS",
      dependencies: [
        "Addressing", "JSON", "Model", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: pure),
    .target(name: "Blueprints", dependencies: ["Model", "Nftables", "VRRP"], swiftSettings: pure),
    .target(name: "NetworkDesign", dependencies: ["Addressing"], swiftSettings: pure),
    .target(
      name: "State",
      dependencies: [
        "Blueprints", "DDNS", "JSON", "Model", "NetworkDesign", "Nftables", "VRRP",
      ],
      swiftSettings: pure),
    .target(
      name: "Manifests", dependencies: ["JSON", "Model", "NetworkDesign", "State"],
      swiftSettings: pure),
    .target(name: "Keepalived", dependencies: ["JSON", "Model"], swiftSettings: pure),
    .target(name: "WgQuick", dependencies: ["JSON", "Model"], swiftSettings: pure),
    .target(name: "DDNSImport", dependencies: ["JSON", "Model"], swiftSettings: pure),
    .target(
      name: "NodeNetworkOperator", dependencies: ["JSON", "Model", "YAML"], swiftSettings: pure),
    .target(name: "Schema", swiftSettings: pure, plugins: ["EmbedSchema"]),
    .plugin(name: "EmbedSchema", capability: .buildTool()),
    .target(name: "Plan", dependencies: ["Model", "Nftables"], swiftSettings: pure),
    .target(name: "Netlink", dependencies: ["CLinux", "CMnl", "CNftnl"], swiftSettings: settings),
    .target(
      name: "Kernel", dependencies: ["Model", "Nftables", "Netlink"], swiftSettings: settings),
    .target(name: "Events", dependencies: ["CLinux", "Model"], swiftSettings: settings),
    .target(
      name: "Health",
      dependencies: [
        "CLinux", "Events", "JSON", "Model",
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .target(
      name: "DDNSTransport",
      dependencies: [
        "CLinux", "DDNS", "Events", "Model",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .target(
      name: "Speaker", dependencies: ["CLinux", "Events", "Model", "VRRP"], swiftSettings: settings),
    .target(
      name: "Agent",
      dependencies: [
        "Blueprints", "CLinux", "DDNS", "DDNSImport", "DDNSTransport", "Events", "Health", "JSON",
        "Keepalived", "Manifests",
        "Model", "State", "Plan",
        "Netlink", "NetworkDesign", "Nftables", "NodeNetworkOperator", "Kernel", "Schema",
        "Speaker",
        "VRRP",
        "WgQuick",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "vpngw",
      dependencies: [
        "Agent", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["Model"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "ServicesTests",
      dependencies: [
        "Agent", "Blueprints", "JSON", "Keepalived", "Kernel", "Model", "Netlink", "Nftables",
        "NodeNetworkOperator", "Plan", "State", "TestSupport", "WgQuick", "YAML",
      ],
      exclude: ["Cases"], swiftSettings: settings),
    .testTarget(
      name: "NftablesTests",
      dependencies: [
        "CNftnl", "JSON", "Kernel", "Model", "Netlink", "Nftables", "State", "TestSupport",
      ],
      exclude: ["Cases", "Rulesets"], swiftSettings: settings),
    .testTarget(
      name: "StateTests", dependencies: ["DDNS", "JSON", "Model", "State", "TestSupport"],
      exclude: ["Corpus"], swiftSettings: settings),
    .testTarget(
      name: "ManifestsTests",
      dependencies: [
        "Addressing", "JSON", "Manifests", "Model", "NetworkDesign", "State", "TestSupport",
      ],
      exclude: ["Cases"], swiftSettings: settings),
    .testTarget(
      name: "NetlinkTests",
      dependencies: ["Kernel", "Model", "Netlink", "Nftables", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PlanTests", dependencies: ["Agent", "Model", "Plan", "State", "TestSupport"],
      exclude: ["Cases"], swiftSettings: settings),
    .testTarget(
      name: "GatewaysTests",
      dependencies: [
        "Agent", "Blueprints", "JSON", "Kernel", "Model", "Netlink", "Nftables", "Plan", "State",
        "TestSupport",
      ],
      exclude: ["Golden"], swiftSettings: settings),
    .testTarget(
      name: "LawTests",
      dependencies: [
        "Agent", "Kernel", "JSON", "Model", "Netlink", "Nftables", "Plan", "State", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "Agent", "Blueprints", "Events", "Health", "JSON", "Model", "Netlink", "Plan", "State",
        "TestSupport",
      ],
      exclude: ["metrics.py"], swiftSettings: settings),
    .testTarget(
      name: "HealthTests",
      dependencies: [
        "Events", "Health", "Model", "Netlink", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      exclude: ["addresses.py", "hostile.py", "server.py"], swiftSettings: settings),
    .testTarget(
      name: "DDNSTests",
      dependencies: [
        "Addressing", "DDNS", "DDNSImport", "DDNSTransport", "JSON", "Model", "State",
        "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "VRRPTests", dependencies: ["Model", "TestSupport", "VRRP"], swiftSettings: settings),
    .testTarget(
      name: "SpeakerTests", dependencies: ["Model", "Netlink", "Speaker", "TestSupport", "VRRP"],
      swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: ["DDNS", "JSON", "vpngw", "Kernel", "Model", "Netlink", "TestSupport"],
      exclude: ["manifests.py"],
      swiftSettings: settings),
  ]
)
