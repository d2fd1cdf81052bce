/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a sandbox: the platform's and those of its two apps. They are made anew by each build
 * (sandbox_keys_make.c), because making RSA keys takes longer than a sandbox may take to start, and protect
 * nothing: whoever has the program has them.
 */
#ifndef APP_SANDBOX_KEYS_H
#define APP_SANDBOX_KEYS_H

#define SANDBOX_APP_COUNT 2

struct sandbox_app_keys {
    const char *app_id;          /* 16 digits */
    const char *private_pkcs1;   /* PEM */
    const char *private_pkcs8;   /* PEM */
    const char *public_key;      /* base64 of the SPKI */
    const char *certificate;     /* PEM, signed by the platform's root */
    const char *certificate_sn;
};

extern const struct sandbox_app_keys sandbox_app_keys[SANDBOX_APP_COUNT];
extern const char sandbox_platform_bundle[]; /* PEM, as certificate.h has it */

#endif
