/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign's money and state: funding, pausing, resuming, ending, asking. */
#include "till/campaign.h"
#include "till/campaign_internal.h"
#include "till/offer.h"

static const struct column fund_columns[] = {
    COLUMN(campaign_fund, campaign_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(campaign_fund, platform_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX),
    COLUMN(campaign_fund, merchant_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX),
};
static const struct shape fund_shape = SHAPE("campaign_fund", campaign_fund, fund_columns);

static enum refusal decide_fund(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_fund *want = request;
    const struct campaign_row *asked;
    struct leg legs[2];
    size_t count = 0;
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    enum refusal refusal = campaign_find(view, at, want->campaign_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == CAMPAIGN_ended) {
        return REFUSAL_campaign_ended;
    }
    struct account_key clearing = { 0, PURPOSE_clearing, asked->currency };
    if (want->platform_minor > 0) {
        legs[count++] = (struct leg){ .from = clearing, .to = budget_platform(asked), .amount = want->platform_minor };
    }
    if (want->merchant_minor > 0) {
        legs[count++] = (struct leg){ .from = clearing, .to = budget_merchant(asked), .amount = want->merchant_minor };
    }
    if (count == 0) {
        return REFUSAL_amount_out_of_range;
    }
    struct campaign_row *campaign = view_change(view, asked);
    campaign->empty_at_us = 0;
    campaign_note(view, at, campaign, "fund", want->platform_minor + want->merchant_minor);
    refusal = ledger_move(view, at, (struct cause){ CAUSE_campaign_fund, want->campaign_id }, legs, count, NULL);
    campaign_fill(view, campaign, answer);
    return refusal;
}

const struct command campaign_fund = {
    .name = "campaign_fund",
    .number = 72,
    .method = "POST",
    .route = "/v1/campaigns/{campaign_id}/fund",
    .http_status = 201,
    .callers = CALLERS_PLATFORM,
    .request = &fund_shape,
    .answer = &campaign_shape,
    .decide = decide_fund,
    .summary = "Moves money from the bank into the campaign's budget: the platform's share, the merchant's share.",
};

struct campaign_ref {
    int64_t campaign_id;
};
static const struct column ref_columns[] = {
    COLUMN(campaign_ref, campaign_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("campaign_ref", campaign_ref, ref_columns);

static enum refusal state_set(struct view *view, struct moment *at, int64_t campaign_id, enum campaign_state state,
                              const char *what, void *answer)
{
    const struct campaign_row *asked;
    enum refusal refusal = campaign_find(view, at, campaign_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == CAMPAIGN_ended) {
        return REFUSAL_campaign_ended;
    }
    bool platform = access_platform(at);
    if (state == CAMPAIGN_live && asked->stopped != 0 && !platform) {
        return REFUSAL_forbidden;
    }
    int32_t stopped = state == CAMPAIGN_paused && (platform || asked->stopped != 0);
    if (asked->state != (int32_t)state || asked->stopped != stopped) {
        struct campaign_row *campaign = view_change(view, asked);
        campaign->state = (int32_t)state;
        campaign->stopped = stopped;
        campaign_note(view, at, campaign, what, 0);
    }
    campaign_fill(view, asked, answer);
    return REFUSAL_none;
}

static enum refusal decide_pause(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_ref *want = request;
    return state_set(view, at, want->campaign_id, CAMPAIGN_paused, "pause", answer);
}

static enum refusal decide_resume(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_ref *want = request;
    return state_set(view, at, want->campaign_id, CAMPAIGN_live, "resume", answer);
}

/* The campaign ends for good and the rest of its budget goes back to the bank. */
static enum refusal decide_end(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_ref *want = request;
    enum refusal refusal = state_set(view, at, want->campaign_id, CAMPAIGN_ended, "end", answer);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct campaign_row *campaign = campaign_ask(view, want->campaign_id);
    offers_remove(view, campaign);
    refusal = budget_release(view, at, campaign);
    campaign_fill(view, campaign, answer);
    return refusal;
}

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_ref *want = request;
    const struct campaign_row *campaign;
    enum refusal refusal = campaign_find(view, at, want->campaign_id, &campaign);
    if (refusal == REFUSAL_none) {
        campaign_fill(view, campaign, answer);
    }
    return refusal;
}

#define STATE_COMMAND(verb, its_number, its_flags, its_method, its_route, its_callers, sentence)             \
    const struct command campaign_##verb = {                                                                 \
        .name = "campaign_" #verb,                                                                           \
        .number = (its_number),                                                                              \
        .flags = (its_flags),                                                                                \
        .method = (its_method),                                                                              \
        .route = (its_route),                                                                                \
        .http_status = 200,                                                                                  \
        .callers = (its_callers),                                                                            \
        .request = &ref_shape,                                                                               \
        .answer = &campaign_shape,                                                                           \
        .decide = decide_##verb,                                                                             \
        .summary = (sentence),                                                                               \
    }

STATE_COMMAND(pause, 73, 0, "POST", "/v1/campaigns/{campaign_id}/pause", CALLERS_MERCHANT,
              "Stops giving discounts from the next payment on. What the platform pauses only it resumes.");
STATE_COMMAND(resume, 74, 0, "POST", "/v1/campaigns/{campaign_id}/resume", CALLERS_MERCHANT,
              "Gives discounts again.");
STATE_COMMAND(end, 75, 0, "POST", "/v1/campaigns/{campaign_id}/end", CALLERS_MERCHANT,
              "Ends it for good; the rest of its budget goes back to the bank, and so does what refunds return later.");
STATE_COMMAND(query, 76, COMMAND_reads, "GET", "/v1/campaigns/{campaign_id}", CALLERS_MERCHANT,
              "One campaign: rules, uses, what was given and what is left.");
