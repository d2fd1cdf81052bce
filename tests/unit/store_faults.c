/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite store when the disk fails, the power goes, or the process is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "fault_vfs.h"
#include "store_prefix.h"

struct sweep {
    enum fault fault;
    bool sticky, power_cut;
    unsigned dice;
};

static void sweep_batches(struct store *store, struct prefix *prefix, int64_t *started, int64_t *done)
{
    struct outcomes outcomes;
    struct draft draft;
    uint64_t kept = 0;
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS_PER_BATCH);
    while (kept < 20) {
        prefix_step(prefix, &draft);
        *started = prefix->batches;
        if (draft_keep(store, &draft, &outcomes, kept) != STATUS_ok) {
            break;
        }
        kept++;
        if (version_read(store, 0, (int64_t)(kept % KEYS)) < 0) { /* a read that failed: the store is dead */
            break;
        }
        if (kept % 3 == 0) {
            outcomes_wait(&outcomes, kept);
        }
        if (kept % 7 == 0) {
            os_sleep_us(500); /* write-back gets a turn of its own */
        }
    }
    outcomes_wait(&outcomes, kept);
    assert_false(outcomes.disordered);
    *done += (int64_t)outcomes.ok;
    draft_release(&draft);
}

/* One run with the fault at operation `n`; false when it did not come to that. */
static bool sweep_run(struct sweep *sweep, const struct folder *folder, long n)
{
    struct sqlite_settings settings = small_settings();
    struct store *store = NULL;
    struct prefix written = { 0 };
    struct prefix found = { 0 };
    int64_t started = 0;
    int64_t done = 0;
    settings.vfs = "faults";
    settings.leave_journal = n % 2 == 0;
    folder_clear(folder);
    faults_set(sweep->fault, n, sweep->sticky, sweep->power_cut);
    for (int session = 0; session < 2; session++) {
        if (store_sqlite_open(folder->file, fixture_tables, &settings, &store, NULL) != STATUS_ok) {
            break;
        }
        sweep_batches(store, &written, &started, &done);
        store->ops->close(store);
        if (done < started) {
            break;
        }
    }
    bool fired = faults_fired();
    faults_set(FAULT_none, 0, false, false);
    if (sweep->power_cut && fired) {
        power_cut(&sweep->dice);
    }
    power_stay();
    store = open_or_fail(folder, &settings);
    prefix_find(store, &found, done, started);
    store->ops->close(store);
    return fired;
}

static void sweep_all(struct sweep sweep, long stride)
{
    struct folder folder;
    fault_vfs_register();
    folder_make(&folder);
    long n = 1;
    int quiet = 0;
    for (; quiet < 3; n += stride) { /* threads make the number of operations vary a little */
        quiet = sweep_run(&sweep, &folder, n) ? 0 : quiet + 1;
    }
    assert_true(n > 100); /* the sweep did meet the store's writes */
    folder_clear(&folder);
    folder_remove(&folder);
}

static void any_write_may_fail_for_good(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_io, .sticky = true }, 1);
}

static void any_write_may_fail_once(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_io }, 2);
}

static void the_disk_may_fill_up_at_any_write(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_full, .sticky = true }, 2);
    sweep_all((struct sweep){ .fault = FAULT_full }, 3);
}

static void any_write_may_be_torn(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_torn, .sticky = true }, 2);
    sweep_all((struct sweep){ .fault = FAULT_torn }, 3);
}

static void any_read_may_fail(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_read, .sticky = true }, 5);
    sweep_all((struct sweep){ .fault = FAULT_read }, 5);
}

static void the_power_may_go_at_any_write(void **state)
{
    (void)state;
    sweep_all((struct sweep){ .fault = FAULT_io, .sticky = true, .power_cut = true, .dice = 1 }, 1);
    sweep_all((struct sweep){ .fault = FAULT_torn, .sticky = true, .power_cut = true, .dice = 2 }, 2);
}

/* ---- kills ---- */

struct shared {
    atomic_int_least64_t started, done;
};

static void shared_done(void *context, enum status status)
{
    struct shared *shared = context;
    if (status == STATUS_ok) {
        atomic_fetch_add(&shared->done, 1);
    }
}

static void kill_child(const struct folder *folder, struct prefix prefix, struct shared *shared)
{
    struct sqlite_settings settings = small_settings();
    struct store *store;
    struct draft draft;
    if (store_sqlite_open(folder->file, fixture_tables, &settings, &store, NULL) != STATUS_ok) {
        _exit(3);
    }
    draft_init(&draft, ROWS_PER_BATCH);
    for (;;) {
        prefix_step(&prefix, &draft);
        atomic_store(&shared->started, prefix.batches);
        struct keep keep = { draft.changes, draft.count, shared_done, shared, .reads = NULL };
        if (store->ops->keep(store, &keep) != STATUS_ok) {
            _exit(4);
        }
        draft.count = 0;
    }
}

static void a_kill_at_any_time_loses_nothing_that_was_done(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix found = { 0 };
    folder_make(&folder);
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    uint64_t seed = 7;
    for (int i = 0; i < 50; i++) {
        int64_t before = atomic_load(&shared->done);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            kill_child(&folder, found, shared);
        }
        while (atomic_load(&shared->done) == before) {
            os_sleep_us(200);
            assert_int_equal(0, waitpid(child, NULL, WNOHANG));
        }
        os_sleep_us((int64_t)(hash_mix(seed++) % 20000));
        kill(child, SIGKILL);
        assert_int_equal(child, waitpid(child, NULL, 0));
        struct sqlite_settings settings = small_settings();
        settings.leave_journal = i % 2 == 0;
        struct store *store = open_or_fail(&folder, &settings);
        prefix_find(store, &found, atomic_load(&shared->done), atomic_load(&shared->started));
        store->ops->close(store);
        atomic_store(&shared->done, found.batches); /* what was in flight and is there counts as done now */
    }
    assert_true(found.batches > 50);
    munmap(shared, sizeof(*shared));
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_write_may_fail_for_good),
        cmocka_unit_test(any_write_may_fail_once),
        cmocka_unit_test(the_disk_may_fill_up_at_any_write),
        cmocka_unit_test(any_write_may_be_torn),
        cmocka_unit_test(any_read_may_fail),
        cmocka_unit_test(the_power_may_go_at_any_write),
        cmocka_unit_test(a_kill_at_any_time_loses_nothing_that_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
