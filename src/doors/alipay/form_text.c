/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/form_text.h"

static int hex_value(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'a' && letter <= 'f') {
        return letter - 'a' + 10;
    }
    if (letter >= 'A' && letter <= 'F') {
        return letter - 'A' + 10;
    }
    return -1;
}

struct span form_decode(struct span text, struct arena *arena)
{
    size_t plain = 0, size = 0;

    while (plain < text.size && text.bytes[plain] != '%' && text.bytes[plain] != '+') {
        plain++;
    }
    if (plain == text.size) {
        return text;
    }
    char *to = arena_try(arena, text.size);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < text.size; i++) {
        char letter = text.bytes[i];
        if (letter == '%' && text.size - i > 2) {
            int high = hex_value(text.bytes[i + 1]), low = hex_value(text.bytes[i + 2]);
            if (high >= 0 && low >= 0) {
                letter = (char)(high << 4 | low);
                i += 2;
            }
        } else if (letter == '+') {
            letter = ' ';
        }
        to[size++] = letter;
    }
    return (struct span){ to, size };
}

static bool stays(char letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_' || letter == '.' ||
           letter == '*';
}

size_t form_encode(struct span text, char *to)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        char letter = text.bytes[i];
        if (stays(letter)) {
            to[size++] = letter;
        } else if (letter == ' ') {
            to[size++] = '+';
        } else {
            to[size++] = '%';
            to[size++] = digits[(uint8_t)letter >> 4];
            to[size++] = digits[(uint8_t)letter & 15];
        }
    }
    return size;
}
