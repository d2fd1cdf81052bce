/* SPDX-License-Identifier: Apache-2.0 */
#include "app/place.h"

#include <stdio.h>

#include "base/os_random.h"

bool place_key(const struct place *place, bool create, struct master_key *key, char *error, size_t error_size)
{
    if (place->kind == PLACE_memory) {
        uint8_t bytes[MASTER_KEY_SIZE];
        os_random(bytes, sizeof(bytes));
        master_key_init(key, bytes);
        explicit_bzero(bytes, sizeof(bytes));
        return true;
    }
    return master_key_open(place->key_path, create, key, error, error_size) == STATUS_ok;
}
