/// Guesses which of the right words somebody meant.
public enum Spelling {
  /// The nearest of the words, if it is near enough to be a typo.
  public static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    let limit = max(1, word.utf8.count / 3)
    var best: (word: String, distance: Int)?
    for candidate in words {
      let distance = distance(word.lowercased(), candidate.lowercased(), limit: limit)
      guard distance <= limit, distance < candidate.utf8.count else { continue }
      if best.map({ (distance, candidate) < ($0.distance, $0.word) }) ?? true {
        best = (candidate, distance)
      }
    }
    return best?.word
  }

  /// `; did you mean "x"?`, or a list of the words if none is near.
  static func hint(_ word: String, among words: [String], called plural: String) -> String {
    if let nearest = nearest(to: word, among: words) { return "; did you mean \"\(nearest)\"?" }
    return "; \(plural) are " + list(words, "and")
  }

  /// Other tools' words for our keys, and `ip`'s other spellings.
  private static let synonyms: [String: [String]] = [
    "destination": ["dst"], "dev": ["link"], "device": ["dev", "link"], "gateway": ["via"],
    "gw": ["via"], "interface": ["dev", "link"], "ip": ["address"], "lladdr": ["mac"],
    "mac": ["address"], "mark": ["fwmark"], "metric": ["priority"], "pref": ["priority"],
    "preference": ["priority"], "prefix": ["dst", "address"], "preferred": ["preferred_lft"],
    "prio": ["priority"], "port": ["dstport", "dport"], "remote": ["dst"],
    "source": ["src", "from"],
    "to": ["dst"], "dest": ["dst", "to"], "daddr": ["dst", "to"], "dst": ["to"],
    "saddr": ["src", "from"], "src": ["from"], "from": ["src"],
    "nh": ["nhid"], "in": ["iif"], "input": ["iif"], "out": ["oif"],
    "output": ["oif"], "proto": ["protocol", "ipproto"], "mask": ["netmask"],
    "hwaddr": ["mac", "address"], "parent": ["link", "dev"], "bridge": ["master"],
    "brd": ["broadcast"], "vid": ["id"], "servers": ["destinations"],
    "realservers": ["servers", "destinations"], "vip": ["vips"], "gateways": ["members"],
    "table": ["lookup"], "valid": ["valid_lft"], "vlan": ["id"], "vni": ["id"],
  ]

  /// The right key for a wrong one, if there is a likely one.
  static func key(meantBy key: String, among keys: [String]) -> String? {
    synonyms[key.lowercased()]?.first(where: keys.contains) ?? nearest(to: key, among: keys)
  }

  /// `a, b or c`.
  static func list(_ words: [String], _ conjunction: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  /// The Damerau-Levenshtein distance with adjacent swaps only, cut off above the limit.
  private static func distance(_ a: String, _ b: String, limit: Int) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    // A key of a megabyte must not be compared with every right word.
    guard abs(a.count - b.count) <= limit else { return limit + 1 }
    var (beforeLast, last) = ([Int](), Array(0...b.count))
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
