# SPDX-License-Identifier: Apache-2.0
"""How each operation of the local line succeeds: what api_recipes.py says of the till's, for deals, vouchers and what
else the line sells. Each part has its own block."""

from api_cached import cached

# ---- deals ----


def deal_body(side, number):
    """Deal `number` of this side; published again it is the same."""
    return {'deal_id': str(2000000000 + 100 * side.number + number), 'shop_id': side.shop, 'kind': 'voucher',
            'category': 'dining', 'title': side.secret, 'rules': side.secret, 'price_minor': 10, 'stock': 100000,
            'commission_bp': 500,
            'sale_until': '2015-01-01T00:00:00Z', 'valid_until': '2015-06-01T00:00:00Z',
            'shops': [{'shop_id': side.shop}, {'shop_id': side.other_shop}]}


def _published(side, number):
    return side.operator.must('POST', '/v1/deals', deal_body(side, number))['deal_id']


@cached
def deal(side):
    side.operator.must('PUT', f'/v1/shops/{side.shop}/place', place())
    return _published(side, 1)


@cached
def deal_to_change(side):
    return _published(side, 2)


@cached
def deal_to_pause(side):
    return _published(side, 3)


@cached
def deal_to_end(side):
    return _published(side, 4)


@cached
def bought(side):
    """A purchase that is paid."""
    return side.operator.must('POST', f'/v1/deals/{deal(side)}/purchases',
                              {'shopper_id': side.shopper, 'copies': 2, 'confirmed': True})['purchase_id']


def unpaid(side):
    return side.operator.must('POST', f'/v1/deals/{deal(side)}/purchases',
                              {'shopper_id': side.shopper, 'pay_later': True})['purchase_id']


def place():
    return {'latitude_e6': 30250000, 'longitude_e6': 120150000, 'category': 'dining', 'address': 'Lake 1',
            'hours': [{'minute_from': 600, 'minute_to': 1320}] * 7}


def _changed(side):
    body = deal_body(side, 2)
    del body['deal_id'], body['shop_id'], body['stock']
    return dict(body, price_minor=12)


def _deal(make):
    return lambda side: ({'deal_id': make(side)}, {}, None)


DEALS = {
    'deal_publish': lambda side: ({}, {}, deal_body(side, 5)),
    'deal_change': lambda side: ({'deal_id': deal_to_change(side)}, {}, _changed(side)),
    'deal_stock_add': lambda side: ({'deal_id': deal_to_change(side)}, {}, {'copies': 1}),
    'deal_pause': _deal(deal_to_pause),
    'deal_resume': _deal(deal_to_change),
    'deal_end': _deal(deal_to_end),
    'deal_query': _deal(deal),
    'deal_check': lambda side: ({'deal_id': deal(side), 'shop_id': side.shop}, {}, None),
    'deal_detail': _deal(deal),
    'deal_day_list': lambda side: ({'deal_id': bought(side) and deal(side)}, {}, None),
    'deal_purchase_list': lambda side: ({'deal_id': bought(side) and deal(side)}, {}, None),
    'deal_buy': lambda side: ({'deal_id': deal(side)}, {}, {'shopper_id': side.shopper, 'confirmed': True}),
    'purchase_query': lambda side: ({'purchase_id': bought(side)}, {}, None),
    'purchase_cancel': lambda side: ({'purchase_id': unpaid(side)}, {}, None),
    'purchase_list': lambda side: ({'shopper_id': bought(side) and side.shopper}, {}, None),
    'shop_place_set': lambda side: ({'shop_id': side.shop}, {}, place()),
    'shop_place_query': lambda side: ({'shop_id': side.shop}, {}, None),
    'deal_near': lambda side: ({}, {'latitude_e6': deal(side) and 30250000, 'longitude_e6': 120150000}, None),
    'deal_list': lambda side: ({'merchant_id': deal(side) and side.merchant}, {}, None),
    'deal_shop_list': lambda side: ({'shop_id': deal(side) and side.shop}, {}, None),
    'deal_shop_days': lambda side: ({'shop_id': bought(side) and side.shop}, {'day': '2014-12-12'}, None),
    'deal_money': lambda side: ({'merchant_id': bought(side) and side.merchant}, {}, None),
}

# What is on offer is shown to everybody.
DEALS_OF_NOBODY = {'deal_query', 'deal_check', 'deal_detail', 'deal_near', 'deal_list', 'deal_shop_list',
                   'shop_place_query'}

# ---- vouchers, reviews, people who wait ----


def bought_voucher(side):
    """A voucher of this side's shopper that nobody has used yet; a fresh one at each call."""
    side.operator.must('POST', f'/v1/deals/{deal(side)}/purchases',
                       {'shopper_id': side.shopper, 'copies': 1, 'confirmed': True})
    return side.operator.must('GET', f'/v1/shoppers/{side.shopper}/vouchers?state=OPEN')['data'][0]


@cached
def voucher(side):
    return bought_voucher(side)


def redeemed(side):
    """A voucher that was redeemed, and its redemption."""
    used = bought_voucher(side)
    made = side.operator.must('POST', f'/v1/shops/{side.shop}/redemptions', {'codes': [{'code': used['code']}]})
    return used['voucher_id'], made['redemptions'][0]['redemption_id']


@cached
def quota(side):
    """What the shop's tills may take without a network."""
    side.operator.must('PUT', f'/v1/shops/{side.shop}/voucher-quotas/{deal(side)}',
                       {'pieces': 100000, 'accept_in_s': 86400})
    return deal(side)


def kept(side):
    """A voucher that is set aside for the shop."""
    quota(side)
    aside = bought_voucher(side)
    side.operator.must('POST', f'/v1/vouchers/{aside["voucher_id"]}/keep', {'shop_id': side.shop})
    return aside


def taken(code):
    return {'taken': [{'code': code, 'pieces': 1, 'accepted_at': '2014-12-12T04:00:00Z'}]}


@cached
def conflict(side):
    """Something that a till took and that did not hold."""
    side.operator.must('POST', f'/v1/shops/{side.shop}/reconciliations', taken('000000000001'))
    return side.shop


@cached
def sold_out(side):
    body = dict(deal_body(side, 11), stock=0)
    return side.operator.must('POST', '/v1/deals', body)['deal_id']


def awaited(side):
    side.operator.must('POST', f'/v1/deals/{sold_out(side)}/waiting', {'shopper_id': side.shopper})
    return sold_out(side)


@cached
def reviewed(side):
    used, _ = redeemed(side)
    side.operator.must('POST', f'/v1/vouchers/{used}/review', {'stars': 5, 'text': side.secret})
    return used


def _released(side):
    """A deal of which the shop has reserved something that no other recipe needs."""
    side.operator.must('PUT', f'/v1/shops/{side.shop}/voucher-quotas/{deal_to_change(side)}',
                       {'pieces': 1, 'accept_in_s': 60})
    return deal_to_change(side)


def _voucher(make, body=None):
    return lambda side: ({'voucher_id': make(side)['voucher_id']}, {}, body and body(side))


def _quota(body=None):
    return lambda side: ({'shop_id': side.shop, 'deal_id': quota(side)}, {}, body)


VOUCHERS = {
    'voucher_prepare': lambda side: ({'shop_id': side.shop}, {}, {'code': voucher(side)['code']}),
    'voucher_redeem': lambda side: ({'shop_id': side.shop}, {}, {'codes': [{'code': bought_voucher(side)['code']}]}),
    'voucher_undo': lambda side: ({'redemption_id': redeemed(side)[1]}, {}, None),
    'redemption_query': lambda side: ({'redemption_id': redeemed(side)[1]}, {}, None),
    'redemption_list': lambda side: ({'shop_id': redeemed(side) and side.shop}, {}, None),
    'voucher_query': _voucher(voucher),
    'voucher_list': lambda side: ({'shopper_id': voucher(side) and side.shopper}, {}, None),
    'voucher_give': _voucher(bought_voucher, lambda side: {
        'to_shopper_id': side.operator.must('POST', '/v1/shoppers', {'name': side.secret})['shopper_id']}),
    'voucher_return': _voucher(bought_voucher),
    'voucher_keep': _voucher(kept, lambda side: {'shop_id': side.shop}),
    'voucher_unkeep': _voucher(kept),
    'voucher_kept_list': lambda side: ({'shop_id': kept(side) and side.shop}, {}, None),
    'voucher_quota_reserve': _quota({'pieces': 100000, 'accept_in_s': 86400}),
    'voucher_quota_release': lambda side: ({'shop_id': side.shop, 'deal_id': _released(side)}, {}, None),
    'voucher_quota_query': _quota(),
    'voucher_quota_list': lambda side: ({'shop_id': quota(side) and side.shop}, {}, None),
    'voucher_reconcile': lambda side: ({'shop_id': side.shop}, {}, taken(kept(side)['code'])),
    'conflict_list': lambda side: ({'shop_id': conflict(side)}, {}, None),
    'waiting_join': lambda side: ({'deal_id': sold_out(side)}, {}, {'shopper_id': side.shopper}),
    'waiting_leave': lambda side: ({'deal_id': awaited(side)}, {}, {'shopper_id': side.shopper}),
    'waiting_list': lambda side: ({'shopper_id': awaited(side) and side.shopper}, {}, None),
    'review_write': lambda side: ({'voucher_id': redeemed(side)[0]}, {}, {'stars': 4, 'text': side.secret}),
    'review_reply': lambda side: ({'voucher_id': reviewed(side)}, {}, {'reply': side.secret}),
    'review_list': lambda side: ({'shop_id': reviewed(side) and side.shop}, {}, None),
}

# Reviews are shown to everybody.
VOUCHERS_OF_NOBODY = {'review_list'}

# ---- give-aways, lotteries, red packets ----


def _given(side, number, kind, **more):
    """A deal of this side's that is given away, or drawn."""
    body = dict(deal_body(side, number), kind='give', price_minor=0, stock=1000)
    give = side.operator.must('POST', '/v1/deals', body)['deal_id']
    side.operator.must('POST', '/v1/gives', {'deal_id': give, 'kind': kind, **more})
    return give


@cached
def give(side):
    return _given(side, 21, 'claim')


@cached
def claimed(side):
    side.operator.must('POST', f'/v1/gives/{give(side)}/claims', {'shopper_id': side.shopper})
    return give(side)


@cached
def lottery(side):
    return _given(side, 22, 'lottery', winners=1)


@cached
def entered(side):
    side.operator.must('POST', f'/v1/gives/{lottery(side)}/entries', {'shopper_id': side.shopper})
    return lottery(side)


def to_give(side):
    """A deal that is given away by nobody yet."""
    body = dict(deal_body(side, 0), kind='give', price_minor=0, stock=1)
    del body['deal_id']
    return side.operator.must('POST', '/v1/deals', body)['deal_id']


def packet_body(side):
    return {'sender_kind': 'shopper', 'sender_id': side.shopper, 'greeting': side.secret, 'amount_minor': 30,
            'people': 3}


@cached
def opened_packet(side):
    made = side.client('shopper').must('POST', '/v1/packets', packet_body(side))
    side.operator.must('POST', f'/v1/packets/{made["packet_id"]}/claims',
                       {'shopper_id': side.shopper, 'packet_key': made['packet_key']})
    return made


def _to_open(side):
    made = side.client('shopper').must('POST', '/v1/packets', packet_body(side))
    return {'packet_id': made['packet_id']}, {}, {'shopper_id': side.shopper, 'packet_key': made['packet_key']}


GIVES = {
    'give_create': lambda side: ({}, {}, {'deal_id': to_give(side), 'kind': 'lottery', 'winners': 1}),
    'give_claim': lambda side: ({'deal_id': give(side)}, {}, {'shopper_id': side.shopper}),
    'give_query': lambda side: ({'deal_id': give(side)}, {}, None),
    'give_list': lambda side: ({'merchant_id': give(side) and side.merchant}, {}, None),
    'give_claim_list': lambda side: ({'deal_id': claimed(side)}, {}, None),
    'lottery_enter': lambda side: ({'deal_id': lottery(side)}, {}, {'shopper_id': side.shopper}),
    'lottery_check': lambda side: ({'deal_id': entered(side), 'shopper_id': side.shopper}, {}, None),
    'lottery_entry_list': lambda side: ({'deal_id': entered(side)}, {}, None),
    'packet_create': lambda side: ({}, {}, packet_body(side)),
    'packet_claim': _to_open,
    'packet_query': lambda side: ({'packet_id': opened_packet(side)['packet_id']}, {}, None),
    'packet_list': lambda side: ({'shopper_id': opened_packet(side) and side.shopper}, {}, None),
    'packet_claim_list': lambda side: ({'packet_id': opened_packet(side)['packet_id']}, {}, None),
}

# Of a give-away everybody may know; a lottery's entries have no names.
GIVES_OF_NOBODY = {'give_query', 'lottery_entry_list'}

RECIPES = {**DEALS, **VOUCHERS, **GIVES}
OF_NOBODY = DEALS_OF_NOBODY | VOUCHERS_OF_NOBODY | GIVES_OF_NOBODY
