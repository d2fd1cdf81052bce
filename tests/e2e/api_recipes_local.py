# SPDX-License-Identifier: Apache-2.0
"""How each operation of the local line succeeds: what api_recipes.py says of the till's, for deals, vouchers and what
else the line sells. Each part has its own block."""

import datetime

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


LIMITS = {'purchases_most': 1000, 'copies_most': 10000, 'bookings_most': 1000, 'visits_most': 1000,
          'waitings_most': 1000, 'numbers_most': 50, 'meals_most': 1000, 'unpaid_day_most': 10000}


@cached
def roomy(side):
    """One shopper does here what many do: the limits of one person are far away."""
    return side.operator.must('PUT', '/v1/hoard/limits', LIMITS)


def unpaid(side):
    roomy(side)
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
    return side.operator.must('GET', f'/v1/shoppers/{side.shopper}/vouchers?state=open')['data'][0]


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

# ---- bookings, shows, queues ----

DAY_OF_SLOTS = '2014-12-20'
SLOT = f'{DAY_OF_SLOTS}T20:00:00+08:00'


def resource_body(side, **more):
    return {'shop_id': side.shop, 'name': side.secret, 'kind': 'table', 'capacity': 1000, **more}


def hours_body():
    return {'slot_minutes': 5, 'hours': [{'weekday': day, 'opens': 0, 'closes': 1440} for day in range(7)]}


def _resource(side, **more):
    roomy(side)
    made = side.operator.must('POST', '/v1/resources', resource_body(side, **more))['resource_id']
    if more.get('kind') != 'hall':
        side.operator.must('POST', f'/v1/resources/{made}/schedule', hours_body())
    return made


@cached
def tables(side):
    return _resource(side)


def _booked(side, resource, starts_at=SLOT, **more):
    return side.operator.must('POST', f'/v1/resources/{resource}/bookings',
                              {'shopper_id': side.shopper, 'starts_at': starts_at, **more})


def booking(side):
    return _booked(side, tables(side), note=side.secret)['booking_id']


def full(side):
    """A room that is booked then, and its booking."""
    room = _resource(side, capacity=1)
    return room, _booked(side, room)['booking_id']


def offered(side):
    """What the waiting list offers."""
    room, taken_booking = full(side)
    waits = side.operator.must('POST', '/v1/waiting', {'resource_id': room, 'starts_at': SLOT,
                                                       'shopper_id': side.shopper})['booking_id']
    side.operator.must('POST', f'/v1/bookings/{taken_booking}/cancel')
    return waits


def late(side, **more):
    """A booking whose guest does not come: two minutes ago it began."""
    now = datetime.datetime.fromisoformat(side.operator.must('GET', '/v1/time')['now'].replace('Z', '+00:00'))
    starts = now + datetime.timedelta(seconds=300 - now.timestamp() % 300)
    made = _booked(side, _resource(side, grace_minutes=1, **more), starts.isoformat())['booking_id']
    side.operator.must('POST', '/v1/test/clock', {'now': (starts + datetime.timedelta(minutes=2)).isoformat()})
    return made


def kept_deposit(side):
    """A booking of which the shop kept the deposit."""
    missed = late(side, pay='deposit', deposit_minor=20, missed_percent=100)
    side.operator.must('POST', f'/v1/bookings/{missed}/miss')
    return missed


def hall(side):
    made = _resource(side, kind='hall', capacity=0)
    side.operator.must('POST', f'/v1/resources/{made}/seat-map', map_body())
    return made


def map_body():
    return {'lines': [{'label': 'A', 'seats': 1023, 'aisles': 16}, {'label': 'B', 'seats': 4095}]}


def show_body(side):
    return {'title': side.secret, 'starts_at': SLOT, 'ends_at': f'{DAY_OF_SLOTS}T22:00:00+08:00',
            'prices': [{'price_minor': 380}]}


def show(side):
    return side.operator.must('POST', f'/v1/resources/{hall(side)}/shows', show_body(side))['show_id']


@cached
def one_show(side):
    return show(side)


def queue(side):
    roomy(side)
    return side.operator.must('POST', f'/v1/shops/{side.shop}/queues', {'name': side.secret, 'letter': 'A'})['queue_id']


@cached
def one_queue(side):
    place_taken(side)
    return queue(side)


def place_taken(side):
    line = queue(side)
    number = side.operator.must('POST', f'/v1/queues/{line}/places', {'shopper_id': side.shopper})['number']
    return {'queue_id': line, 'number': str(number)}


def _booking(make):
    return lambda side: ({'booking_id': make(side)}, {}, None)


def _renamed(side):
    body = resource_body(side)
    del body['shop_id'], body['kind']
    return body


BOOKINGS = {
    'resource_create': lambda side: ({}, {}, resource_body(side, pay='before')),
    'resource_change': lambda side: ({'resource_id': tables(side)}, {}, _renamed(side)),
    'resource_query': lambda side: ({'resource_id': tables(side)}, {}, None),
    'resource_list': lambda side: ({'shop_id': tables(side) and side.shop}, {}, None),
    'schedule_set': lambda side: ({'resource_id': _resource(side)}, {}, hours_body()),
    'slot_list': lambda side: ({'resource_id': tables(side)}, {'day': DAY_OF_SLOTS}, None),
    'seat_map_set': lambda side: ({'resource_id': hall(side)}, {}, map_body()),
    'show_create': lambda side: ({'resource_id': hall(side)}, {}, show_body(side)),
    'show_cancel': lambda side: ({'show_id': show(side)}, {}, None),
    'show_query': lambda side: ({'show_id': one_show(side)}, {}, None),
    'show_list': lambda side: ({'shop_id': one_show(side) and side.shop}, {}, None),
    'show_seats': lambda side: ({'show_id': one_show(side)}, {}, None),
    'booking_create': lambda side: ({'resource_id': tables(side)}, {}, {'shopper_id': side.shopper, 'starts_at': SLOT}),
    'booking_seats': lambda side: ({'show_id': show(side)}, {}, {'shopper_id': side.shopper,
                                                                 'seats': [{'line': 0, 'seat': 1}]}),
    'booking_wait': lambda side: ({}, {}, {'resource_id': full(side)[0], 'shopper_id': side.shopper,
                                           'starts_at': SLOT}),
    'booking_accept': _booking(offered),
    'booking_reschedule': lambda side: ({'booking_id': booking(side)}, {},
                                        {'starts_at': f'{DAY_OF_SLOTS}T21:00:00+08:00'}),
    'booking_cancel': _booking(booking),
    'booking_arrive': lambda side: ({'booking_id': late(side)}, {}, None),
    'booking_miss': _booking(late),
    'booking_query': _booking(booking),
    'booking_return': lambda side: ({'booking_id': kept_deposit(side)}, {}, {'amount_minor': 1, 'reason': 'Ill'}),
    'booking_list': lambda side: ({'shop_id': booking(side) and side.shop}, {'day': DAY_OF_SLOTS}, None),
    'booking_mine': lambda side: ({'shopper_id': booking(side) and side.shopper}, {}, None),
    'queue_set': lambda side: ({'shop_id': side.shop}, {}, {'name': side.secret, 'letter': 'A'}),
    'queue_list': lambda side: ({'shop_id': one_queue(side) and side.shop}, {}, None),
    'queue_take': lambda side: ({'queue_id': queue(side)}, {}, {'shopper_id': side.shopper}),
    'queue_places': lambda side: ({'queue_id': place_taken(side)['queue_id']}, {}, None),
    'queue_call': lambda side: ({'queue_id': place_taken(side)['queue_id']}, {}, None),
    'queue_place_end': lambda side: (place_taken(side), {}, {'outcome': 'left'}),
    'queue_place_query': lambda side: (place_taken(side), {}, None),
    'queue_mine': lambda side: ({'shopper_id': place_taken(side) and side.shopper}, {}, None),
}

# What can be booked is shown to everybody.
BOOKINGS_OF_NOBODY = {'resource_query', 'resource_list', 'slot_list', 'show_query', 'show_list', 'show_seats',
                      'queue_list'}

# ---- meals, kitchens, rides ----

DOOR = {'latitude_e6': 30284100, 'longitude_e6': 120155100}


def kitchen_body():
    return {'open': True, 'latitude_e6': 30274100, 'longitude_e6': 120155100, 'delivers': True,
            'delivery_radius_m': 3000, 'slot_capacity': 10000, 'lead_minutes': 5,
            'stations': [{'station': 1, 'name': 'hot'}]}


def dish_body():
    return {'name': 'Noodles', 'price_minor': 30, 'minutes': 1, 'station': 1,
            'groups': [{'group': 1, 'name': 'size', 'least': 0, 'most': 1}],
            'options': [{'option': 1, 'group': 1, 'name': 'large', 'price_minor': 5}]}


@cached
def kitchen(side):
    side.operator.must('PUT', f'/v1/shops/{side.shop}/kitchen', kitchen_body())
    return side.shop


@cached
def dish(side):
    kitchen(side)
    return side.operator.must('POST', f'/v1/merchants/{side.merchant}/dishes', dish_body())['dish_id']


def dining_table(side):
    return side.operator.must('POST', f'/v1/shops/{kitchen(side)}/tables', {'name': 'T', 'seats': 4})


def _with_dish(side, order):
    side.operator.must('POST', f'/v1/meals/{order}/lines', {'dish_id': dish(side), 'pieces': 2, 'note': side.secret})
    return order


def seated(side):
    """An order at a table at which the shopper sits, with a line."""
    table = dining_table(side)
    order = side.operator.must('POST', f'/v1/tables/{table["table_id"]}/join',
                               {'shopper_id': side.shopper, 'code': table['code']})['order_id']
    return _with_dish(side, order)


def sent(side):
    order = seated(side)
    side.operator.must('POST', f'/v1/meals/{order}/send')
    return order


def billed(side):
    order = sent(side)
    side.operator.must('POST', f'/v1/meals/{order}/split', {'mode': 'whole'})
    return order


def meal_paid(side):
    order = billed(side)
    side.operator.must('POST', f'/v1/meals/{order}/bills/1/pay',
                       {'shopper_id': side.shopper, 'tip_minor': 2, 'confirmed': True})
    return order


@cached
def tipped(side):
    """A shop whose guests gave its staff something."""
    side.operator.must('POST', f'/v1/meals/{meal_paid(side)}/close', {})
    return kitchen(side)


def away(side, **more):
    """An order to take away, or to be brought, with a line."""
    order = side.operator.must('POST', f'/v1/shops/{kitchen(side)}/meals',
                               {'kind': 'take_away', 'shopper_id': side.shopper, **more})['order_id']
    return _with_dish(side, order)


def ticket(side):
    return side.operator.must('GET', f'/v1/meals/{sent(side)}/tickets')['data'][0]['ticket_id']


@cached
def courier(side):
    side.operator.must('POST', f'/v1/shops/{kitchen(side)}/couriers', {'courier_id': side.shopper, 'name': 'Wu'})
    return side.shopper


def brought(side):
    """A ride; those before it are called off, so that the courier has a hand free."""
    side.operator.must('PUT', f'/v1/couriers/{courier(side)}/report', {'on_duty': True, **DOOR})
    for ride in side.operator.must('GET', f'/v1/shops/{side.shop}/rides')['data']:
        side.operator.must('POST', f'/v1/rides/{ride["ride_id"]}/move', {'state': 'cancelled'})
    order = away(side, kind='delivery', address=side.secret, contact=side.secret, **DOOR)
    return side.client('shopper').must('POST', f'/v1/meals/{order}/place', {'confirmed': True})['ride_id']


def assigned(side):
    ride = brought(side)
    side.operator.must('POST', f'/v1/rides/{ride}/assign')
    return ride


def _meal(make, body=None):
    return lambda side: ({'order_id': make(side)}, {}, body)


def _joining(side):
    table = dining_table(side)
    return {'table_id': table['table_id']}, {}, {'shopper_id': side.shopper, 'code': table['code'],
                                                 'name': side.secret[:20]}


MEALS = {
    'kitchen_change': lambda side: ({'shop_id': side.shop}, {}, kitchen_body()),
    'kitchen_settings': lambda side: ({'shop_id': kitchen(side)}, {}, None),
    'kitchen_slot_list': lambda side: ({'shop_id': kitchen(side)}, {}, None),
    'kitchen_day_list': lambda side: ({'shop_id': sent(side) and side.shop}, {}, None),
    'dish_put': lambda side: ({'merchant_id': side.merchant}, {}, dish_body()),
    'dish_list': lambda side: ({'merchant_id': dish(side) and side.merchant}, {}, None),
    'menu_list': lambda side: ({'shop_id': dish(side) and side.shop}, {}, None),
    'dish_stock': lambda side: ({'shop_id': side.shop, 'dish_id': dish(side)}, {},
                                {'sold_out': False, 'counted': True, 'pieces_left': 1000000}),
    'dish_stock_list': lambda side: ({'shop_id': dish(side) and side.shop}, {}, None),
    'table_put': lambda side: ({'shop_id': kitchen(side)}, {}, {'name': 'T', 'seats': 4}),
    'dining_table_list': lambda side: ({'shop_id': dining_table(side) and side.shop}, {}, None),
    'meal_join': _joining,
    'meal_open': lambda side: ({'shop_id': kitchen(side)}, {}, {'kind': 'take_away', 'shopper_id': side.shopper,
                                                                'note': side.secret}),
    'meal_query': _meal(seated),
    'meal_add': lambda side: ({'order_id': seated(side)}, {}, {'dish_id': dish(side), 'pieces': 1,
                                                               'options': [{'option': 1}]}),
    'meal_line_change': lambda side: ({'order_id': seated(side), 'line': '1'}, {}, {'pieces': 0}),
    'meal_send': _meal(seated),
    'meal_place': _meal(away, {'pay_later': True}),
    'meal_split': _meal(sent, {'mode': 'evenly', 'parts': 3}),
    'meal_unsplit': _meal(billed),
    'meal_pay': lambda side: ({'order_id': billed(side), 'bill': '1'}, {}, {'tip_minor': 2, 'confirmed': True}),
    'meal_close': _meal(meal_paid),
    'meal_write_off': _meal(billed, {'reason': 'Gone'}),
    'tips_pay': lambda side: ({'shop_id': tipped(side)}, {}, {'shopper_id': side.shopper, 'amount_minor': 1}),
    'tips_query': lambda side: ({'shop_id': tipped(side)}, {}, None),
    'meal_cancel': _meal(away),
    'meal_return': lambda side: ({'order_id': meal_paid(side), 'bill': '1'}, {}, {'amount_minor': 1}),
    'meal_list': lambda side: ({'shop_id': seated(side) and side.shop}, {}, None),
    'meal_mine': lambda side: ({'shopper_id': seated(side) and side.shopper}, {}, None),
    'meal_line_list': _meal(seated),
    'meal_guest_list': _meal(seated),
    'meal_bill_list': _meal(billed),
    'meal_ticket_list': _meal(sent),
    'ticket_list': lambda side: ({'shop_id': sent(side) and side.shop}, {'station': '1'}, None),
    'ticket_mark': lambda side: ({'ticket_id': ticket(side)}, {}, {'action': 'bump'}),
    'courier_enlist': lambda side: ({'shop_id': kitchen(side)}, {}, {'courier_id': courier(side), 'name': 'Wu'}),
    'courier_report': lambda side: ({'courier_id': courier(side)}, {}, {'on_duty': True, **DOOR}),
    'courier_list': lambda side: ({'shop_id': courier(side) and side.shop}, {}, None),
    'ride_assign': lambda side: ({'ride_id': brought(side)}, {}, {'courier_id': side.shopper}),
    'ride_move': lambda side: ({'ride_id': assigned(side)}, {}, {'state': 'accepted'}),
    'ride_list': lambda side: ({'shop_id': brought(side) and side.shop}, {}, None),
    'ride_mine': lambda side: ({'courier_id': assigned(side) and side.shopper}, {}, None),
    'ride_detail': lambda side: ({'ride_id': assigned(side)}, {}, None),
    'ride_step_list': lambda side: ({'ride_id': assigned(side)}, {}, None),
}

# Who wants to eat may look at the menu first.
MEALS_OF_NOBODY = {'kitchen_settings', 'kitchen_slot_list', 'menu_list', 'dish_stock_list'}

HOARDS = {
    'hoard_limits_change': lambda side: ({}, {}, LIMITS),
    'hoard_limits_query': lambda side: ({}, {}, None),
    'hoard_query': lambda side: ({'shopper_id': unpaid(side) and side.shopper}, {}, None),
}
HOARDS_OF_NOBODY = {'hoard_limits_change', 'hoard_limits_query'}

RECIPES = {**HOARDS, **DEALS, **VOUCHERS, **GIVES, **BOOKINGS, **MEALS}
OF_NOBODY = (HOARDS_OF_NOBODY | DEALS_OF_NOBODY | VOUCHERS_OF_NOBODY | GIVES_OF_NOBODY | BOOKINGS_OF_NOBODY |
             MEALS_OF_NOBODY)
