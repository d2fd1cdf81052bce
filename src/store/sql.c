/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <stdarg.h>
#include <stdio.h>

void sql_add(struct sql *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(sql->text + sql->size, sizeof(sql->text) - sql->size, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof(sql->text) - sql->size) {
        sql->failed = true;
        return;
    }
    sql->size += (size_t)size;
}

void error_set(struct store_error *error, const char *format, ...)
{
    va_list arguments;
    if (error == NULL || error->text[0] != 0) {
        return; /* the first reason is the one that matters */
    }
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
}
