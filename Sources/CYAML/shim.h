#pragma once
#include <stddef.h>
#include <yaml.h>

// The members of yaml_node_t's unnamed union and structures, which Swift would name by their position.
static inline const unsigned char *vpngw_yaml_scalar(const yaml_node_t *node, size_t *length) {
  *length = node->data.scalar.length;
  return node->data.scalar.value;
}
static inline int vpngw_yaml_is_plain(const yaml_node_t *node) {
  return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}
static inline size_t vpngw_yaml_count(const yaml_node_t *node) {
  return node->type == YAML_SEQUENCE_NODE ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start)
                                          : (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}
static inline int vpngw_yaml_item(const yaml_node_t *node, size_t index) {
  return node->data.sequence.items.start[index];
}
static inline int vpngw_yaml_key(const yaml_node_t *node, size_t index) {
  return node->data.mapping.pairs.start[index].key;
}
static inline int vpngw_yaml_value(const yaml_node_t *node, size_t index) {
  return node->data.mapping.pairs.start[index].value;
}
