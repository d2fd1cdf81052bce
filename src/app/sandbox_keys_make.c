/* SPDX-License-Identifier: Apache-2.0 */
/* Run by the build: writes a C file with fresh keys for a sandbox. sandbox_keys_make OUTPUT.c */
#include <stdio.h>

#include "app/sandbox_keys.h"
#include "base/os_clock.h"
#include "doors/alipay/certificate.h"

/* The ids stand in the apps' certificates; app_create of the platform may choose them. */
static const char *const app_ids[SANDBOX_APP_COUNT] = { "9021000100000001", "9021000100000002" };

static void text_write(FILE *to, const char *text)
{
    fputs("\n        \"", to);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n') {
            fputs(at[1] != '\0' ? "\\n\"\n        \"" : "\\n", to);
        } else {
            fputc(*at, to); /* PEM and base64: nothing to escape */
        }
    }
    fputs("\"", to);
}

static void app_write(FILE *to, const struct platform_keys *platform, const char *app_id, int64_t now_us)
{
    static char pkcs1[ALIPAY_PRIVATE_PEM_SIZE], pkcs8[ALIPAY_PRIVATE_PEM_SIZE], certificate[CERTIFICATE_PEM_SIZE];
    char public_key[ALIPAY_PUBLIC_TEXT_SIZE], certificate_sn[CERT_SN_SIZE];
    struct alipay_key pair, key;
    alipay_keypair_make(2048, &pair);
    alipay_public_of(&pair, &key);
    alipay_private_write(&pair, ALIPAY_PKCS1, pkcs1);
    alipay_private_write(&pair, ALIPAY_PKCS8, pkcs8);
    alipay_public_write(&key, public_key);
    app_certificate_make(platform, &key, span_of(app_id), now_us, certificate);
    bool read = cert_sn_read(span_of(certificate), certificate_sn);
    assert(read);
    const char *const texts[] = { app_id, pkcs1, pkcs8, public_key, certificate, certificate_sn };
    fputs("    {", to);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        text_write(to, texts[i]);
        fputs(",", to);
    }
    fputs("\n    },\n", to);
    alipay_key_release(&key);
    alipay_key_release(&pair);
}

int main(int argc, char **argv)
{
    static char bundle[PLATFORM_PEM_MAX];
    static struct platform_keys platform;
    int64_t now_us = os_now_us();
    FILE *to = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (to == NULL) {
        fprintf(stderr, "usage: sandbox_keys_make OUTPUT.c\n");
        return 2;
    }
    platform_keys_make(now_us, &platform);
    size_t size = platform_keys_write(&platform, bundle);
    fputs("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by sandbox_keys_make.c. */\n"
          "#include \"app/sandbox_keys.h\"\n\nconst struct sandbox_app_keys sandbox_app_keys[SANDBOX_APP_COUNT] = {\n",
          to);
    for (size_t i = 0; i < SANDBOX_APP_COUNT; i++) {
        app_write(to, &platform, app_ids[i], now_us);
    }
    fputs("};\n\nconst char sandbox_platform_bundle[] = {", to);
    for (size_t i = 0; i <= size; i++) { /* longer than a literal may be */
        fprintf(to, i % 24 == 0 ? "\n    %d," : "%d,", bundle[i]);
    }
    fputs("\n};\n", to);
    platform_keys_release(&platform);
    return fclose(to) == 0 ? 0 : 1;
}
