/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/alipay/platform: what an integrator puts into its settings beside its own key: the platform's public key
 * and its certificates. Public: no token is needed. The keys are made when they are first asked for, which takes
 * half a second, on a thread of its own.
 */
#ifndef DOORS_ALIPAY_PLATFORM_PAGE_H
#define DOORS_ALIPAY_PLATFORM_PAGE_H

#include "doors/rest/rest.h"

struct platform;

struct rest_page platform_page(struct platform *platform);

#endif
