/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an integrator puts into the Alipay SDK of their language so that it speaks to us: text to paste. Private keys
 * are named by their files, never shown. One thread.
 */
#ifndef APP_APP_SETTINGS_H
#define APP_APP_SETTINGS_H

#include <stdio.h>

#include "app/app.h"

/* Texts are terminated; paths are as they stand in the snippets. */
struct app_settings {
    const char *app_id;
    const char *gateway;           /* http://…/gateway.do */
    const char *endpoint;          /* the same without the path: the v3 protocol */
    const char *private_path;      /* PKCS#1 PEM */
    const char *pkcs8_path;        /* PKCS#8 PEM */
    const char *alipay_public_key; /* base64 */
    const char *aes_path;          /* NULL: contents are not encrypted */
    /* Certificate mode: all three, else NULL. */
    const char *app_certificate_path;
    const char *alipay_certificate_path;
    const char *root_certificate_path;
};

/* "node", "java", "python", "php", "go"; NULL beyond the last. */
const char *app_settings_language(size_t index);
/* False: the language is not one of them. */
MUST_CHECK bool app_settings_print(const struct app_settings *settings, const char *language, FILE *to);

#endif
