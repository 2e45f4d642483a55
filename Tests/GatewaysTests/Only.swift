import Blueprints
import Model

/// Most tests have gateways without groups, and speak of these.
extension Gateways {
  init(link: LinkName, members: [Member], egress: Egress) {
    self.init([Group(link: link, members: members, egress: egress)])
  }

  var link: LinkName { groups[0].link }
  var clientLinks: [LinkName] {
    get { groups[0].clientLinks }
    set { groups[0].clientLinks = newValue }
  }
  var mtu: UInt32? {
    get { groups[0].mtu }
    set { groups[0].mtu = newValue }
  }
  var egress: Egress {
    get { groups[0].egress }
    set { groups[0].egress = newValue }
  }
  var numbers: Numbers {
    get { groups[0].numbers }
    set { groups[0].numbers = newValue }
  }
  /// Of all groups to read, of the only one to change.
  var only: [Member] {
    get { groups[0].members }
    set { groups[0].members = newValue }
  }
}
