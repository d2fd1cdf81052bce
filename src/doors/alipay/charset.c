/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/charset.h"

#include <errno.h>
#include <iconv.h>
#include <strings.h>

#define ENCODED_SIZE_MAX 4 /* bytes of one character in GB18030 */

struct spelling {
    const char *name;
    enum charset charset;
};

static const struct spelling spellings[] = {
    { "utf-8", CHARSET_utf_8 },   { "utf8", CHARSET_utf_8 },      { "gbk", CHARSET_gbk },
    { "gb2312", CHARSET_gb2312 }, { "gb18030", CHARSET_gb18030 },
};

bool charset_read(struct span name, enum charset *charset)
{
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        if (name.size == strlen(spellings[i].name) &&
            strncasecmp(name.bytes, spellings[i].name, name.size) == 0) {
            *charset = spellings[i].charset;
            return true;
        }
    }
    return false;
}

const char *charset_name(enum charset charset)
{
    switch (charset) {
    case CHARSET_utf_8:
        return "utf-8";
    case CHARSET_gbk:
        return "GBK";
    case CHARSET_gb2312:
        return "GB2312";
    case CHARSET_gb18030:
        return "GB18030";
    }
    assert(!"a charset of the list");
    return "";
}

const char *charset_error_text(enum charset_error error)
{
    switch (error) {
    case CHARSET_ok:
        return "the text is good";
    case CHARSET_broken:
        return "these bytes are no text of the charset that was named";
    case CHARSET_unmapped:
        return "the charset does not have one of the characters";
    case CHARSET_no_room:
        return "the text is too large";
    }
    assert(!"an error of the list");
    return "";
}

/* Only bytes below 0x80: the same in every charset here. */
static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((uint8_t)text.bytes[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static size_t character_size(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* The offset of the first byte that is no UTF-8 (RFC 3629: nothing overlong, no surrogates), or the size. */
static size_t utf8_sound(struct span text)
{
    size_t at = 0;
    while (at < text.size) {
        const uint8_t *bytes = (const uint8_t *)text.bytes + at;
        size_t size = character_size(bytes[0]);
        if ((bytes[0] >= 0x80 && bytes[0] < 0xC2) || bytes[0] > 0xF4 || size > text.size - at) {
            return at;
        }
        for (size_t i = 1; i < size; i++) {
            if ((bytes[i] & 0xC0) != 0x80) {
                return at;
            }
        }
        if ((bytes[0] == 0xE0 && bytes[1] < 0xA0) || (bytes[0] == 0xED && bytes[1] > 0x9F) ||
            (bytes[0] == 0xF0 && bytes[1] < 0x90) || (bytes[0] == 0xF4 && bytes[1] > 0x8F)) {
            return at;
        }
        at += size;
    }
    return at;
}

/* The tables are part of glibc: without them the program was installed wrongly, and must not guess. */
static iconv_t converter_open(const char *to, const char *from)
{
    iconv_t converter = iconv_open(to, from);
    assert(converter != (iconv_t)-1);
    return converter;
}

/* What a text that claims this charset is read as. */
static const char *reading_name(enum charset charset)
{
    return charset == CHARSET_gb18030 ? "GB18030" : "GBK";
}

enum charset_error charset_decode(enum charset charset, struct span text, struct arena *arena,
                                  struct span *utf8, size_t *broken_at)
{
    if (is_ascii(text)) {
        *utf8 = text;
        return CHARSET_ok;
    }
    if (charset == CHARSET_utf_8) {
        *broken_at = utf8_sound(text);
        *utf8 = text;
        return *broken_at == text.size ? CHARSET_ok : CHARSET_broken;
    }
    /* A byte becomes three at most: 0x80 alone is the sign of the euro for some. */
    size_t capacity = text.size * 3, left = capacity, unread = text.size;
    char *to = arena_try(arena, capacity), *writing = to;
    char *reading = (char *)(uintptr_t)text.bytes; /* iconv's declaration lacks the const */
    if (to == NULL) {
        return CHARSET_no_room;
    }
    iconv_t converter = converter_open("UTF-8", reading_name(charset));
    size_t rc = iconv(converter, &reading, &unread, &writing, &left);
    (void)iconv_close(converter);
    if (rc == (size_t)-1) {
        assert(errno != E2BIG);
        *broken_at = text.size - unread;
        return CHARSET_broken;
    }
    *utf8 = (struct span){ to, capacity - left };
    return CHARSET_ok;
}

enum charset_error charset_encode(enum charset charset, struct span utf8, char instead, struct arena *arena,
                                  struct span *text)
{
    if (charset == CHARSET_utf_8 || is_ascii(utf8)) {
        *text = utf8;
        return charset != CHARSET_utf_8 || utf8_sound(utf8) == utf8.size ? CHARSET_ok : CHARSET_broken;
    }
    if (utf8_sound(utf8) != utf8.size) {
        return CHARSET_broken;
    }
    /* A character of two to four bytes becomes two, or four in GB18030, which has two of them for two at
     * least. */
    size_t capacity = utf8.size * 2, left = capacity, unread = utf8.size;
    char *to = arena_try(arena, capacity), *writing = to;
    char *reading = (char *)(uintptr_t)utf8.bytes; /* iconv's declaration lacks the const */
    if (to == NULL) {
        return CHARSET_no_room;
    }
    static_assert(ENCODED_SIZE_MAX <= 2 * 2, "the room is enough for a character of two bytes of UTF-8");
    iconv_t converter = converter_open(charset_name(charset), "UTF-8");
    enum charset_error error = CHARSET_ok;
    while (unread > 0 && iconv(converter, &reading, &unread, &writing, &left) == (size_t)-1) {
        assert(errno == EILSEQ); /* well-formed, and there is room: the charset does not have the character */
        if (instead == 0) {
            error = CHARSET_unmapped;
            break;
        }
        size_t size = character_size((uint8_t)*reading);
        *writing++ = instead;
        left--;
        reading += size;
        unread -= size;
    }
    (void)iconv_close(converter);
    *text = (struct span){ to, capacity - left };
    return error;
}
