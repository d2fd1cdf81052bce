/* SPDX-License-Identifier: Apache-2.0 */
/* What the audit remembers of give-aways and red packets; shared by the files that check them. */
#ifndef LINES_LOCAL_AUDIT_GIVE_H
#define LINES_LOCAL_AUDIT_GIVE_H

#include "lines/local/local_internal.h"

struct audit_gives {
    struct audit_map gives, bought;
    /* audit_packet.c */
    struct audit_map packets;
    struct audit_list moves; /* transfers that rows name, in order once all are known */
    size_t move_next;
    bool moves_sorted;
};

void audit_give_begin(struct audit *audit, struct audit_gives *gives);
void audit_give_release(struct audit_gives *gives);
void audit_give_tables(struct audit *audit, struct audit_gives *gives);

#endif
