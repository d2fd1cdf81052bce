/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sink.h"

enum status sink_open(const char *place, const struct table *const *tables, const struct sink_settings *settings,
                      struct sink **sink, struct store_error *error)
{
    return store_is_postgres(place) ? sink_postgres_open(place, tables, settings, sink, error)
                                    : sink_sqlite_open(place, tables, settings, sink, error);
}
