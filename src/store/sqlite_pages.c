/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page cache of SQLite, with one thing taken out of its way.
 *
 * At each commit SQLite asks its page cache to drop the pages beyond the end of the file. There are none, and
 * the cache knows it by the highest page number it has seen. But when a tree is balanced, pages are renumbered
 * by way of a number that no page has (the one at 1 GiB, which is kept free for locks): from then on the cache
 * believes in pages far beyond the end, and goes through all its chains to find them. With 128 MiB of pages
 * that is several hundred microseconds of each commit that balanced something, which is most.
 *
 * So the cache is wrapped, and its wrapper knows better: a number that pages only pass through is not held.
 *
 *  1. No page in the cache has a number above `highest`, but for the one that is at `passing`, if any.
 *  2. While a page is at `passing`, a truncation is passed on as it is.
 */
#include "store/internal.h"

#include <stdlib.h>

struct pages {
    sqlite3_pcache *inner;
    unsigned highest;
    unsigned passing; /* 0: none */
};

static sqlite3_pcache_methods2 inner;

static struct pages *pages_of(sqlite3_pcache *cache)
{
    return (struct pages *)(void *)cache;
}

static int pages_init(void *context)
{
    (void)context;
    return inner.xInit == NULL ? SQLITE_OK : inner.xInit(inner.pArg);
}

static void pages_shutdown(void *context)
{
    (void)context;
    if (inner.xShutdown != NULL) {
        inner.xShutdown(inner.pArg);
    }
}

static sqlite3_pcache *pages_create(int page_size, int extra_size, int purgeable)
{
    struct pages *pages = calloc(1, sizeof(*pages));
    if (pages == NULL) {
        return NULL;
    }
    pages->inner = inner.xCreate(page_size, extra_size, purgeable);
    if (pages->inner == NULL) {
        free(pages);
        return NULL;
    }
    return (sqlite3_pcache *)(void *)pages;
}

static void pages_cachesize(sqlite3_pcache *cache, int count)
{
    inner.xCachesize(pages_of(cache)->inner, count);
}

static int pages_pagecount(sqlite3_pcache *cache)
{
    return inner.xPagecount(pages_of(cache)->inner);
}

static sqlite3_pcache_page *pages_fetch(sqlite3_pcache *cache, unsigned key, int create)
{
    struct pages *pages = pages_of(cache);
    sqlite3_pcache_page *page = inner.xFetch(pages->inner, key, create);
    if (page != NULL && key > pages->highest && key != pages->passing) {
        pages->highest = key;
    }
    return page;
}

static void pages_unpin(sqlite3_pcache *cache, sqlite3_pcache_page *page, int discard)
{
    inner.xUnpin(pages_of(cache)->inner, page, discard);
}

static void pages_rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
    struct pages *pages = pages_of(cache);
    inner.xRekey(pages->inner, page, from, to);
    if (from == pages->passing) {
        pages->passing = 0;
    }
    if (to > pages->highest) {
        /* Two at a time do not happen; if they did, the first would count as held. */
        pages->highest = pages->passing > pages->highest ? pages->passing : pages->highest;
        pages->passing = to;
    }
}

static void pages_truncate(sqlite3_pcache *cache, unsigned limit)
{
    struct pages *pages = pages_of(cache);
    if (limit > pages->highest && pages->passing == 0) {
        return;
    }
    inner.xTruncate(pages->inner, limit);
    if (pages->highest >= limit) {
        pages->highest = limit - 1;
    }
    if (pages->passing >= limit) {
        pages->passing = 0;
    }
}

static void pages_destroy(sqlite3_pcache *cache)
{
    inner.xDestroy(pages_of(cache)->inner);
    free(pages_of(cache));
}

static void pages_shrink(sqlite3_pcache *cache)
{
    inner.xShrink(pages_of(cache)->inner);
}

static void install(void)
{
    static sqlite3_pcache_methods2 wrapper = { .iVersion = 1,
                                               .xInit = pages_init,
                                               .xShutdown = pages_shutdown,
                                               .xCreate = pages_create,
                                               .xCachesize = pages_cachesize,
                                               .xPagecount = pages_pagecount,
                                               .xFetch = pages_fetch,
                                               .xUnpin = pages_unpin,
                                               .xRekey = pages_rekey,
                                               .xTruncate = pages_truncate,
                                               .xDestroy = pages_destroy,
                                               .xShrink = pages_shrink };
    /* Where SQLite was in use before, it keeps its own cache, which is right, only slower. */
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &inner) == SQLITE_OK && inner.xTruncate != NULL) {
        (void)sqlite3_config(SQLITE_CONFIG_PCACHE2, &wrapper);
    }
}

void pages_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, install);
}
