#pragma once
#include <stdbool.h>

#include <jansson.h>

// Reason: jansson names both an enumeration and the function that returns it json_error_code, and
// Swift takes the call for a conversion to the enumeration.
static inline bool vpngw_json_failed_on_duplicate(const json_error_t *error) {
  return json_error_code(error) == json_error_duplicate_key;
}
