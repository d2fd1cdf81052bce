/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads of images. They are kept in memory, the newest IMAGES_MAX of them, for who tests an upload and fetches it
 * again; nothing of the till shows them, and a restart forgets them. A request's body is bounded, so an image is.
 */
#include <stdlib.h>

#include "base/digest.h"
#include "doors/alipay/told_fields.h"

static bool is_image(struct span type)
{
    static const char *const types[] = { "jpg", "jpeg", "png", "gif", "bmp" };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (type.size == strlen(types[i]) && strncasecmp(type.bytes, types[i], type.size) == 0) {
            return true;
        }
    }
    return false;
}

static struct span type_given(const struct alipay_job *job)
{
    struct span value = alipay_param_value(job->params, "image_type");
    return job->biz != NULL && value.size == 0 ? json_in_plain(alipay_biz(job, "image_type")) : value;
}

static void image_keep(struct image_shelf *shelf, const char *id, struct span content)
{
    pthread_mutex_lock(&shelf->lock);
    struct kept_image *kept = NULL;
    if (shelf->images == NULL) {
        shelf->images = calloc(IMAGES_MAX, sizeof(shelf->images[0]));
        assert(shelf->images != NULL);
    }
    for (size_t i = 0; i < IMAGES_MAX && kept == NULL; i++) {
        kept = strcmp(shelf->images[i].id, id) == 0 ? &shelf->images[i] : NULL;
    }
    if (kept == NULL) {
        kept = &shelf->images[shelf->next];
        shelf->next = (shelf->next + 1) % IMAGES_MAX;
        memcpy(kept->id, id, sizeof(kept->id));
        memcpy(kept->bytes, content.bytes, content.size);
        kept->size = content.size;
    }
    pthread_mutex_unlock(&shelf->lock);
}

static enum alipay_result image_prepare(struct alipay_job *job)
{
    const struct alipay_file *file = alipay_param_file(job->params, "image_content");
    uint8_t digest[SHA256_SIZE];
    if (file == NULL || file->content.size == 0) {
        return alipay_result_with(job, RESULT_upload_fail, "image_content", "缺失 (is missing)");
    }
    if (!is_image(type_given(job))) {
        return RESULT_invalid_file_extension;
    }
    if (file->content.size > IMAGE_SIZE_MAX) {
        return RESULT_invalid_file_size;
    }
    sha256_write(file->content.bytes, file->content.size, digest);
    hex_write(digest, IMAGE_ID_BYTES, job->image_id);
    image_keep(&job->door->shelf, job->image_id, file->content);
    return RESULT_success;
}

static void write_image_id(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_text(out, name, span_of(job->image_id));
}

static void write_image_url(const struct alipay_job *job, struct json_out *out, const char *name)
{
    char url[400];
    const char *base = job->door->settings.base_url;
    int size = base[0] != '\0' ? snprintf(url, sizeof(url), "%s/alipay/image/%s", base, job->image_id)
                               : snprintf(url, sizeof(url), "http://%.*s/alipay/image/%s",
                                          (int)min_i64((int64_t)job->host.size, 256), job->host.bytes, job->image_id);
    alipay_write_text(out, name, (struct span){ url, (size_t)size });
}

static const struct alipay_field image_fields[] = {
    { "image_type", TYPE_text, NEED_must, USE_honoured, 8, INTO_nothing, 0, 0, "jpg, jpeg, png, gif or bmp." },
    { "image_name", TYPE_text, NEED_must, USE_accepted, 128, INTO_nothing, 0, 0, "" },
    { "image_content", TYPE_file, NEED_must, USE_honoured, 0, INTO_nothing, 0, 0,
      "The whole request has at most 64 KiB." },
    { "image_pid", TYPE_text, NEED_may, USE_accepted, 16, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer image_answers[] = {
    { "image_id", SOURCE_write, 0, NULL, write_image_id, "always" },
    { "image_url", SOURCE_write, 0, NULL, write_image_url, "always: until 64 others came, or a restart" },
};

const struct alipay_method method_image_upload = {
    .name = "alipay.offline.material.image.upload",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/offline/material/image/upload",
    .flags = METHOD_top,
    .summary = "Takes an image.",
    .command = "",
    .fields = image_fields,
    .field_count = COUNT_OF(image_fields),
    .answers = image_answers,
    .answer_count = COUNT_OF(image_answers),
    .invalid = RESULT_invalid_parameter,
    .fault = RESULT_unknow_error,
    .prepare = image_prepare,
};

void alipay_image_page(void *context, struct http_request *request, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    struct alipay *door = context;
    struct image_shelf *shelf = &door->shelf;
    static const struct http_header safe = { "X-Content-Type-Options", "nosniff" };
    struct span found = { NULL, 0 };
    (void)caller;
    assert(param_count == 1);
    pthread_mutex_lock(&shelf->lock);
    for (size_t i = 0; shelf->images != NULL && i < IMAGES_MAX; i++) {
        const struct kept_image *kept = &shelf->images[i];
        if (kept->size > 0 && span_equal(span_of(kept->id), params[0])) {
            char *bytes = arena_try(request->arena, kept->size);
            if (bytes != NULL) {
                memcpy(bytes, kept->bytes, kept->size);
                found = (struct span){ bytes, kept->size };
            }
            break;
        }
    }
    pthread_mutex_unlock(&shelf->lock);
    if (found.size == 0) {
        http_problem(request, 404, "Not Found", "There is no such image, or not any more.");
        return;
    }
    http_answer(request, 200, "application/octet-stream", found, &safe, 1);
}
