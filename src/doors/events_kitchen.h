/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the event stream tells of kitchens and meals: that a ticket, what is left of a dish, or an order changed.
 * Kitchens' screens and guests' phones ask for the rest. Pure; the observer's and the events thread.
 */
#ifndef DOORS_EVENTS_KITCHEN_H
#define DOORS_EVENTS_KITCHEN_H

#include "doors/events_ring.h"
#include "engine/store.h"

/* Adds the event of a change, if it is one of these. */
void events_kitchen_add(struct event_ring *ring, const struct row_change *change);
/* Whether the other processes on a database shall hear of a row of that table. */
bool events_kitchen_tells(const struct table *table);
/* "ticket.changed", and how its data is shown. */
const char *event_kitchen_name(int32_t topic);
const struct shape *event_kitchen_shape(int32_t topic);

#endif
