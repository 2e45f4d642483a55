/// The registry: every provider, in the order in which messages list them.
public enum Providers {
  public static let all: [any Provider.Type] = [
    RFC2136.self, Cloudflare.self, DeSEC.self, DigitalOcean.self, DuckDNS.self, Dynu.self,
    DynuUpdate.self, DynDNS2.self, ChangeIP.self, Hetzner.self, Route53.self, Webhook.self,
    Exec.self,
  ]

  public static func named(_ name: String) -> (any Provider.Type)? {
    all.first { $0.name == name }
  }
}
