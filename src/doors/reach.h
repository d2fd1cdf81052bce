/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an address of the network leads: what strangers may make this server send to. Pure; any thread.
 * Addresses of IPv4 inside IPv6 (mapped, and translated by NAT64) count as what they hold.
 */
#ifndef DOORS_REACH_H
#define DOORS_REACH_H

#include <sys/socket.h>

#include "base/base.h"

enum reach {
    REACH_public,   /* out into the world, as far as the registries of special addresses tell */
    REACH_loopback, /* this machine */
    REACH_private,  /* private, link-local, shared, multicast, documentation, unassigned: everything else */
};

/* `address` holds a whole sockaddr of its family; what is neither IPv4 nor IPv6 is private. */
enum reach address_reach(const struct sockaddr *address);

#endif
