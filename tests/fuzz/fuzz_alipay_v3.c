/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Authorization header. What is read joins to the header again, so nothing signed is lost or made up, and its
 * members lie inside of what was signed.
 */
#include "doors/alipay/v3_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lies_inside(struct span part, struct span whole)
{
    assert(part.bytes == NULL || part.bytes >= whole.bytes);
    assert(part.bytes == NULL || part.bytes + part.size <= whole.bytes + whole.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span mark = { ",sign=", 6 };
    struct span header = { (const char *)data, size };
    struct v3_authorization authorization;

    enum v3_error error = v3_authorization_read(header, &authorization);
    assert(v3_error_text(error)[0] != '\0');
    if (error != V3_ok) {
        assert(v3_error_code(error)[0] != '\0');
        return 0;
    }
    lies_inside(authorization.auth_string, header);
    lies_inside(authorization.app_id, authorization.auth_string);
    lies_inside(authorization.app_cert_sn, authorization.auth_string);
    lies_inside(authorization.nonce, authorization.auth_string);
    assert(authorization.auth_string.bytes + authorization.auth_string.size + mark.size == authorization.sign.bytes);
    assert(memmem(authorization.sign.bytes, authorization.sign.size, mark.bytes, mark.size) == NULL);
    assert(authorization.nonce.size <= V3_NONCE_SIZE_MAX);
    assert(authorization.at_us >= 0);
    assert(authorization.expires_in_us > 0);
    assert(authorization.expires_in_us <= V3_WINDOW_US);
    assert(v3_timestamp_fresh(&authorization, authorization.at_us));
    return 0;
}
