"""Reads Prometheus' text format from standard input, strictly; prints each metric once.

A line is `NAME TYPE LABEL,LABEL...`, a histogram's without `le`. The client library's own parser for this
format lets much pass, so that the text goes through its parser for OpenMetrics as well, after what is
different there: a counter's family has no `_total`, numbers have a point, and the end is marked.
"""

import re, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families as plain

text = sys.stdin.read()
counters = set(re.findall(r"^# TYPE (\S+) counter$", text, re.MULTILINE))
assert all(name.endswith("_total") for name in counters), counters


def translated(line):
    words = line.split(" ")
    if words[0] == "#" and words[2] in counters:
        words[2] = words[2].removesuffix("_total")
    return re.sub(r'le="(\d+)"', r'le="\1.0"', " ".join(words))


assert text.endswith("\n")
families = list(strict("\n".join(map(translated, text.splitlines())) + "\n# EOF\n"))
assert len(list(plain(text))) == len(families)
for family in families:
    assert family.documentation, family.name
    name = family.name + "_total" * (family.type == "counter")
    for labels in sorted({",".join(key for key in sample.labels if key != "le")
                          for sample in family.samples}) or [""]:
        print(name, family.type, labels)
