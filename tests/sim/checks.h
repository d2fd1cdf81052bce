/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at the end of a life: as much as was answered is there, once, and the books agree. */
#ifndef TESTS_SIM_CHECKS_H
#define TESTS_SIM_CHECKS_H

#include "sim/world.h"

void till_check(struct world *world);
/* Of all areas, and the audit. */
void checks_all(struct world *world);
/* No deposit is open whose time is up. */
void overdue_check(struct world *world);

#endif
