/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "doors/reach.h"

static enum reach reach_of(const char *text)
{
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        return address_reach((const struct sockaddr *)&four);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return address_reach((const struct sockaddr *)&six);
}

/* The first and the last of each range, and their neighbours outside. */
static void every_range_ends_where_it_ends(void **state)
{
    static const struct {
        const char *text;
        enum reach reach;
    } addresses[] = {
        { "0.0.0.0", REACH_private },         { "0.255.255.255", REACH_private },   { "1.0.0.0", REACH_public },
        { "9.255.255.255", REACH_public },    { "10.0.0.0", REACH_private },        { "10.255.255.255", REACH_private },
        { "11.0.0.0", REACH_public },         { "100.63.255.255", REACH_public },   { "100.64.0.0", REACH_private },
        { "100.127.255.255", REACH_private }, { "100.128.0.0", REACH_public },      { "126.255.255.255", REACH_public },
        { "127.0.0.0", REACH_loopback },      { "127.255.255.255", REACH_loopback }, { "128.0.0.0", REACH_public },
        { "169.253.255.255", REACH_public },  { "169.254.0.0", REACH_private },
        { "169.254.169.254", REACH_private },
        { "169.255.0.0", REACH_public },      { "172.15.255.255", REACH_public },   { "172.16.0.0", REACH_private },
        { "172.31.255.255", REACH_private },  { "172.32.0.0", REACH_public },       { "192.0.0.255", REACH_private },
        { "192.0.1.0", REACH_public },        { "192.0.2.1", REACH_private },       { "192.0.3.0", REACH_public },
        { "192.88.99.1", REACH_private },     { "192.167.255.255", REACH_public },  { "192.168.0.0", REACH_private },
        { "192.168.255.255", REACH_private }, { "192.169.0.0", REACH_public },      { "198.17.255.255", REACH_public },
        { "198.18.0.0", REACH_private },      { "198.19.255.255", REACH_private },  { "198.20.0.0", REACH_public },
        { "198.51.100.7", REACH_private },    { "203.0.113.7", REACH_private },     { "223.255.255.255", REACH_public },
        { "224.0.0.0", REACH_private },       { "239.255.255.255", REACH_private }, { "240.0.0.0", REACH_private },
        { "255.255.255.255", REACH_private },
        { "::", REACH_private },              { "::1", REACH_loopback },            { "::2", REACH_private },
        { "::8.8.8.8", REACH_private },       { "::ffff:8.8.8.8", REACH_public },
        { "::ffff:10.0.0.1", REACH_private },
        { "::ffff:127.0.0.1", REACH_loopback }, { "64:ff9b::8.8.8.8", REACH_public },
        { "64:ff9b::192.168.0.1", REACH_private }, { "64:ff9b::127.0.0.1", REACH_loopback },
        { "64:ff9b:1::8.8.8.8", REACH_private }, { "100::1", REACH_private },       { "1fff:ffff::1", REACH_private },
        { "2000::1", REACH_public },          { "2001::1", REACH_private },         { "2001:1ff::1", REACH_private },
        { "2001:200::1", REACH_public },      { "2001:db7::1", REACH_public },      { "2001:db8::1", REACH_private },
        { "2001:db9::1", REACH_public },      { "2002:7f00:1::", REACH_private },   { "2003::1", REACH_public },
        { "3ffe:ffff::1", REACH_public },     { "3fff::1", REACH_private },         { "3fff:fff::1", REACH_private },
        { "3fff:1000::1", REACH_public },     { "4000::1", REACH_private },         { "fc00::1", REACH_private },
        { "fd12:3456::1", REACH_private },    { "fe80::1", REACH_private },         { "fec0::1", REACH_private },
        { "ff02::1", REACH_private },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        if (reach_of(addresses[i].text) != addresses[i].reach) {
            fail_msg("%s", addresses[i].text);
        }
    }
}

static void other_families_are_private(void **state)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    (void)state;
    assert_int_equal(address_reach((const struct sockaddr *)&local), REACH_private);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_range_ends_where_it_ends),
        cmocka_unit_test(other_families_are_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
