/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* Of the registry of special-purpose IPv4 addresses (RFC 6890 and later): what is not reached from everywhere. */
static const struct {
    uint32_t first;
    int bits;
} special_four[] = {
    { 0x00000000, 8 },  /* 0.0.0.0: "this network"; the kernel takes 0.0.0.0 for itself */
    { 0x0A000000, 8 },  /* 10.0.0.0 */
    { 0x64400000, 10 }, /* 100.64.0.0: shared by carriers */
    { 0xA9FE0000, 16 }, /* 169.254.0.0: link-local; where clouds tell machines their secrets */
    { 0xAC100000, 12 }, /* 172.16.0.0 */
    { 0xC0000000, 24 }, /* 192.0.0.0: protocol assignments */
    { 0xC0000200, 24 }, /* 192.0.2.0: documentation */
    { 0xC0586300, 24 }, /* 192.88.99.0: 6to4 relays, given up */
    { 0xC0A80000, 16 }, /* 192.168.0.0 */
    { 0xC6120000, 15 }, /* 198.18.0.0: benchmarks */
    { 0xC6336400, 24 }, /* 198.51.100.0: documentation */
    { 0xCB007100, 24 }, /* 203.0.113.0: documentation */
    { 0xE0000000, 3 },  /* 224.0.0.0: multicast, and what is reserved above it */
};

static enum reach four_reach(uint32_t address)
{
    if (address >> 24 == 127) {
        return REACH_loopback;
    }
    for (size_t i = 0; i < COUNT_OF(special_four); i++) {
        if ((address ^ special_four[i].first) >> (32 - special_four[i].bits) == 0) {
            return REACH_private;
        }
    }
    return REACH_public;
}

/* What is assigned to the world begins with the bits 001; within it some prefixes are special again. */
static const struct {
    uint8_t bytes[4];
    int bits;
} special_six[] = {
    { { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* 2001::/23: Teredo and other protocols */
    { { 0x20, 0x01, 0x0D, 0xB8 }, 32 }, /* 2001:db8::/32: documentation */
    { { 0x20, 0x02, 0x00, 0x00 }, 16 }, /* 2002::/16: 6to4, which holds any IPv4 address */
    { { 0x3F, 0xFF, 0x00, 0x00 }, 20 }, /* 3fff::/20: documentation */
};

static uint32_t big_endian(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static enum reach six_reach(const struct in6_addr *address)
{
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xFF, 0x9B }; /* 64:ff9b::/96 */
    const uint8_t *bytes = address->s6_addr;
    if (IN6_IS_ADDR_LOOPBACK(address)) {
        return REACH_loopback;
    }
    if (IN6_IS_ADDR_V4MAPPED(address) || memcmp(bytes, nat64, sizeof(nat64)) == 0) {
        return four_reach(big_endian(bytes + 12));
    }
    if (bytes[0] >> 5 != 1) {
        return REACH_private;
    }
    for (size_t i = 0; i < COUNT_OF(special_six); i++) {
        if ((big_endian(bytes) ^ big_endian(special_six[i].bytes)) >> (32 - special_six[i].bits) == 0) {
            return REACH_private;
        }
    }
    return REACH_public;
}

enum reach address_reach(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        return four_reach(ntohl(four->sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
        return six_reach(&six->sin6_addr);
    }
    return REACH_private;
}
