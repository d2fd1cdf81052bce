/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

static const struct column counter_columns[] = {
    COLUMN(counter_row, counter_id),
    COLUMN(counter_row, value),
    COLUMN(counter_row, next_id),
    COLUMN(counter_row, changed_us),
};
const struct table counter_table = TABLE("counters", 50, counter_row, counter_columns, 1);
const struct table *const stage_tables[] = { &request_table, &timer_table, &progress_table, &counter_table, NULL };

static const struct column request_columns[] = {
    COLUMN(counter_request, counter_id),
    COLUMN(counter_request, amount),
    COLUMN(counter_request, other_id),
};
static const struct shape request_shape = SHAPE("counter_request", counter_request, request_columns);
static const struct column answer_columns[] = {
    COLUMN(counter_answer, value),
    COLUMN(counter_answer, id),
    COLUMN(counter_answer, now_us),
};
static const struct shape answer_shape = SHAPE("counter_answer", counter_answer, answer_columns);

static const struct counter_row *counter_ask(struct view *view, int64_t counter_id)
{
    struct counter_row key = { .counter_id = counter_id };
    return view_ask(view, &counter_table, &key);
}

static enum refusal add(struct view *view, struct moment *at, const struct counter_row *asked, int64_t amount,
                        struct counter_answer *answer)
{
    struct counter_row *counter = view_change(view, asked); /* changed first, so that a refusal has a trace to remove */
    counter->value += amount;
    counter->changed_us = at->now_us;
    *answer = (struct counter_answer){ .value = counter->value, .id = moment_id(at), .now_us = at->now_us };
    return counter->value < 0 ? REFUSAL_floor_reached : REFUSAL_none;
}

static enum refusal decide_add(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    return add(view, at, counter_ask(view, want->counter_id), want->amount, answer);
}

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    const struct counter_row *counter = counter_ask(view, want->counter_id);
    *(struct counter_answer *)answer = (struct counter_answer){ .value = counter->value, .now_us = at->now_us };
    return row_exists(counter) ? REFUSAL_none : REFUSAL_shop_unknown;
}

static enum refusal decide_link(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    struct counter_row *counter = view_change(view, counter_ask(view, want->counter_id));
    counter->next_id = want->other_id;
    counter->changed_us = at->now_us;
    (void)answer;
    return REFUSAL_none;
}

static enum refusal decide_chase(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    const struct counter_row *counter = counter_ask(view, want->counter_id);
    for (int i = 0; counter->next_id != 0 && i < ROUNDS_MAX - 2; i++) {
        counter = counter_ask(view, counter->next_id);
    }
    return add(view, at, counter, want->amount, answer);
}

static enum refusal decide_burn(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    struct counter_answer *out = answer;
    enum refusal refusal = add(view, at, counter_ask(view, want->counter_id), want->amount, out);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    view_keep(view);
    add(view, at, counter_ask(view, want->counter_id), 1000, out); /* after the mark: taken back */
    add(view, at, counter_ask(view, want->other_id), want->amount, out);
    return REFUSAL_code_used;
}

static enum refusal decide_pass(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    add(view, at, counter_ask(view, want->counter_id), want->amount, answer);
    return counter_ask(view, want->other_id)->value > 0 ? REFUSAL_none : REFUSAL_attempts_exceeded;
}

static enum refusal decide_wait(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    int32_t kind = want->other_id != 0 ? STAGE_TIMER_REFUSED : STAGE_TIMER;
    int64_t due_us = want->amount > INT64_C(100000000000000) ? want->amount : at->now_us + want->amount;
    timer_set(view, at->now_us, due_us, kind, want->counter_id);
    *(struct counter_answer *)answer = (struct counter_answer){ .value = due_us, .now_us = at->now_us };
    return REFUSAL_none;
}

static enum refusal decide_unwait(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    (void)at;
    (void)answer;
    timer_drop(view, want->amount, STAGE_TIMER, want->counter_id);
    return REFUSAL_none;
}

static enum refusal decide_drop(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    const struct counter_row *counter = counter_ask(view, want->counter_id);
    (void)at;
    (void)answer;
    if (!row_exists(counter)) {
        return REFUSAL_shop_unknown;
    }
    view_drop(view, counter);
    return REFUSAL_none;
}

static enum refusal decide_stamp(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    return add(view, at, counter_ask(view, at->now_us), want->amount, answer);
}

static enum refusal decide_due(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    struct counter_answer room;
    (void)answer;
    return add(view, at, counter_ask(view, due->subject_id), 1, &room);
}

static enum refusal decide_due_refused(const void *request, struct moment *at, struct view *view, void *answer)
{
    decide_due(request, at, view, answer);
    return REFUSAL_forbidden;
}

#define STAGE_COMMAND(its_name, its_number, its_flags)                                                       \
    const struct command counter_##its_name = { .name = "counter_" #its_name, .number = (its_number),        \
                                                .flags = (its_flags), .request = &request_shape,             \
                                                .answer = &answer_shape, .decide = decide_##its_name }
STAGE_COMMAND(add, 1, COMMAND_unkeyed);
STAGE_COMMAND(query, 2, COMMAND_reads);
STAGE_COMMAND(link, 3, COMMAND_unkeyed);
STAGE_COMMAND(chase, 4, COMMAND_unkeyed);
STAGE_COMMAND(burn, 5, COMMAND_unkeyed);
STAGE_COMMAND(pass, 6, COMMAND_unkeyed);
STAGE_COMMAND(wait, 7, COMMAND_unkeyed);
STAGE_COMMAND(unwait, 8, COMMAND_unkeyed);
STAGE_COMMAND(drop, 9, COMMAND_unkeyed);
STAGE_COMMAND(stamp, 10, COMMAND_unkeyed);

static const struct command due_command = {
    .name = "due", .number = 20, .flags = COMMAND_internal, .request = &timer_due_shape, .answer = &nothing_shape,
    .decide = decide_due,
};
static const struct command due_refused_command = {
    .name = "due_refused", .number = 21, .flags = COMMAND_internal, .request = &timer_due_shape,
    .answer = &nothing_shape, .decide = decide_due_refused,
};
const struct command *const stage_timers[] = { NULL, &due_command, &due_refused_command, NULL };

/* ---- a store that forgets ---- */

struct forgetful {
    struct store base;
    struct stage *stage;
};

static struct store *inner(struct store *store)
{
    return ((struct forgetful *)store)->stage->memory;
}

uint64_t stage_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(*state);
}

static enum peek forgetful_peek(struct store *store, struct row_want *want)
{
    struct stage *stage = ((struct forgetful *)store)->stage;
    if ((int32_t)(stage_random(&stage->random) % 100) < stage->forget_percent) {
        return PEEK_unknown;
    }
    return stage->memory->ops->peek(stage->memory, want);
}

static enum status forgetful_load(struct store *store, struct row_want *wants, size_t count)
{
    return inner(store)->ops->load(inner(store), wants, count);
}

static enum status forgetful_keep(struct store *store, const struct keep *keep)
{
    return inner(store)->ops->keep(inner(store), keep);
}

static enum status forgetful_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                                  void *context)
{
    return inner(store)->ops->scan(inner(store), table, from, each, context);
}

static const struct store_ops forgetful_ops = {
    .name = "forgetful", .peek = forgetful_peek, .load = forgetful_load, .keep = forgetful_keep, .scan = forgetful_scan
};

static int64_t stage_now(void *context)
{
    return ((const struct stage *)context)->now_us;
}

static void engine_make(struct stage *stage)
{
    if (stage->forget_percent > 0) {
        struct forgetful *forgetful = calloc(1, sizeof(*forgetful));
        assert(forgetful != NULL);
        *forgetful = (struct forgetful){ .base = { .ops = &forgetful_ops, .tables = stage_tables }, .stage = stage };
        stage->store = &forgetful->base;
    } else {
        stage->store = stage->memory;
    }
    stage->settings.store = stage->store;
    stage->settings.now_us = stage_now;
    stage->settings.clock_context = stage;
    stage->settings.timer_commands = stage_timers;
    stage->engine = engine_open(&stage->settings);
    assert(stage->engine != NULL);
}

void stage_open(struct stage *stage, int32_t forget_percent, const struct memory_settings *memory)
{
    *stage = (struct stage){ .now_us = INT64_C(1418356800000000), .forget_percent = forget_percent, .random = 7 };
    enum status status = store_memory_open(stage_tables, memory, &stage->memory);
    assert(status == STATUS_ok);
    engine_make(stage);
}

static void engine_unmake(struct stage *stage)
{
    engine_close(stage->engine);
    if (stage->store != stage->memory) {
        free(stage->store);
    }
}

void stage_close(struct stage *stage)
{
    engine_unmake(stage);
    stage->memory->ops->close(stage->memory);
}

void stage_reopen(struct stage *stage)
{
    struct store *store;
    engine_unmake(stage);
    enum status status = store_memory_reopen(stage->memory, NULL, &store);
    assert(status == STATUS_ok);
    stage->memory = store;
    engine_make(stage);
}

void stage_settle(struct stage *stage)
{
    for (bool worked = true; worked;) {
        worked = engine_step(stage->engine);
        worked = store_memory_pump(stage->memory) || worked;
    }
}

static void stage_done(struct call *call)
{
    struct stage_call *made = call->context;
    assert(!made->done);
    made->done = true;
    made->done_number = ++made->stage->answered;
}

void stage_call_init(struct stage *stage, struct stage_call *call, const struct command *command,
                     struct counter_request request, const char *key)
{
    *call = (struct stage_call){ .request = request, .stage = stage };
    call->call = (struct call){ .command = command,
                                .request = &call->request,
                                .answer = &call->answer,
                                .caller = { .kind = CALLER_operator },
                                .done = stage_done,
                                .context = call };
    uint64_t hash = hash_bytes(&request, sizeof(request));
    memcpy(call->call.body_hash, &hash, sizeof(hash));
    if (key != NULL) {
        snprintf(call->call.request_key, sizeof(call->call.request_key), "%s", key);
    }
}

enum refusal stage_do(struct stage *stage, struct stage_call *call, const struct command *command,
                      struct counter_request request, const char *key)
{
    struct stage_call room;
    call = call == NULL ? &room : call;
    stage_call_init(stage, call, command, request, key);
    bool taken = engine_submit(stage->engine, &call->call);
    assert(taken);
    stage_settle(stage);
    assert(call->done);
    assert(call->call.status == STATUS_ok);
    return call->call.refusal;
}

struct search {
    int64_t counter_id, value;
    uint64_t print;
};

static bool value_each(void *context, const void *row)
{
    struct search *search = context;
    const struct counter_row *counter = row;
    if (counter->counter_id == search->counter_id) {
        search->value = counter->value;
    }
    search->print = hash_mix(search->print ^ hash_bytes(counter, sizeof(*counter)));
    return true;
}

static bool timer_each(void *context, const void *row)
{
    const struct timer_row *timer = row;
    struct search *search = context;
    search->print = hash_mix(search->print ^ (uint64_t)(timer->due_us * 3 + timer->subject_id) ^ (uint64_t)timer->kind);
    return true;
}

int64_t stage_value(struct stage *stage, int64_t counter_id)
{
    struct search search = { .counter_id = counter_id, .value = -1 };
    enum status status =
        stage->memory->ops->scan(stage->memory, &counter_table, (struct span){ NULL, 0 }, value_each, &search);
    assert(status == STATUS_ok);
    return search.value;
}

uint64_t stage_print(struct stage *stage)
{
    struct search search = { .counter_id = -1 };
    enum status status =
        stage->memory->ops->scan(stage->memory, &counter_table, (struct span){ NULL, 0 }, value_each, &search);
    assert(status == STATUS_ok);
    status = stage->memory->ops->scan(stage->memory, &timer_table, (struct span){ NULL, 0 }, timer_each, &search);
    assert(status == STATUS_ok);
    return search.print;
}
