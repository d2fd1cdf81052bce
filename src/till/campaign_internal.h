/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the campaign's files only. */
#ifndef TILL_CAMPAIGN_INTERNAL_H
#define TILL_CAMPAIGN_INTERNAL_H

#include "till/campaign.h"

extern const struct shape campaign_rules_shape, campaign_change_shape;

/* Fills in what people see of a campaign. */
void campaign_fill(struct view *view, const struct campaign_row *row, struct campaign *campaign);
/* Whether the caller may act on a campaign: the platform, or a merchant on one of its own. */
bool campaign_access(struct view *view, const struct moment *at, const struct target_row *targets, int32_t count);
/* Writes the campaign as it is now into its history. */
void campaign_note(struct view *view, const struct moment *at, struct campaign_row *campaign, const char *what,
                   int64_t amount_minor);
/* The campaign when it exists and the caller may act on it. */
enum refusal campaign_find(struct view *view, const struct moment *at, int64_t campaign_id,
                           const struct campaign_row **campaign);
/* Takes the campaign out of the offers of all its targets. */
void offers_remove(struct view *view, const struct campaign_row *campaign);

#endif
