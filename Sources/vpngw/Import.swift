import Agent
import ArgumentParser

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a state file for another program's configuration.",
    subcommands: [
      Keepalived.self, NodeNetworkOperator.self, WireGuard.self, DDClient.self, DDNSUpdater.self,
    ])

  struct WireGuard: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "wireguard",
      abstract: "Print a state file for a configuration of wg-quick.",
      discussion: """
        What it has no word for, and what is not run (PostUp), goes to standard error, a line each: \
        FILE:LINE: what. Keys are never printed.
        """)

    @Argument(help: "wg0.conf, which names the link; - is standard input.", completion: .file())
    var file: String

    @Option(
      help: "The directory for the files with the keys, which are written with mode 600.",
      completion: .directory)
    var keys: String?

    @OptionGroup var common: Common

    func run() throws { try common.run { try $0.importWireGuard(file, keys: keys) } }
  }

  struct DDClient: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ddclient",
      abstract: "Print a state file for a configuration of ddclient.",
      discussion: """
        What can't be carried over goes to standard error, a line each: FILE:LINE: what. Passwords \
        and tokens are never printed.
        """)

    @Argument(help: "ddclient.conf; - is standard input.", completion: .file())
    var file: String

    @Option(
      help: "The directory for the files with secrets, which are written with mode 600.",
      completion: .directory)
    var keys: String?

    @OptionGroup var common: Common

    func run() throws { try common.run { try $0.importDDClient(file, keys: keys) } }
  }

  struct DDNSUpdater: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ddns-updater",
      abstract: "Print a state file for a configuration of qdm12's ddns-updater.",
      discussion: """
        What can't be carried over goes to standard error, a line each. Passwords and tokens are \
        never printed.
        """)

    @Argument(help: "config.json; - is standard input.", completion: .file())
    var file: String

    @Option(
      help: "The directory for the files with secrets, which are written with mode 600.",
      completion: .directory)
    var keys: String?

    @OptionGroup var common: Common

    func run() throws { try common.run { try $0.importDDNSUpdater(file, keys: keys) } }
  }

  struct NodeNetworkOperator: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "node-network-operator",
      abstract: "Print a state file for Link resources of node-network-operator.",
      discussion: """
        Reads YAML of any number of documents, or JSON, also a List (kubectl get links -o json). What \
        can't be carried over goes to standard error, a line each: FILE:LINE: what.
        """)

    @Argument(help: "The resources; - is standard input.", completion: .file())
    var file: String

    @OptionGroup var common: Common

    func run() throws { try common.run { try $0.importLinks(file) } }
  }

  struct Keepalived: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a state file for a keepalived configuration.",
      discussion: """
        What it has no word for goes to standard error, a line each: FILE:LINE: what. The exit \
        status is 0 all the same; it is 1 when what was printed needs work to be valid. Passwords \
        are never printed.
        """)

    @Argument(help: "keepalived.conf; - is standard input.", completion: .file())
    var file: String

    @Option(help: "Take lines for @ID, as keepalived --config-id does.")
    var configID: String?

    @Option(
      help: "The directory for the files with passwords, which are written with mode 600.",
      completion: .directory)
    var keys: String?

    @OptionGroup var common: Common

    func run() throws {
      try common.run { try $0.importKeepalived(file, id: configID, keys: keys) }
    }
  }
}
