/* SPDX-License-Identifier: Apache-2.0 */
/* The shopper's phone: deals near a place, vouchers, bookings, meals. */
import { App } from "/local/app.js";
import { BookingsView } from "/deals/bookings.js";
import { DealView } from "/deals/deal.js";
import { MealView } from "/deals/meal.js";
import { MealsView, MeView } from "/deals/mine.js";
import { MoveView } from "/deals/move.js";
import { NearView } from "/deals/near.js";
import { PacketView } from "/deals/packet.js";
import { SeatsView } from "/deals/seats.js";
import { ShopView } from "/deals/shop.js";
import { SlotsView } from "/deals/slots.js";
import { TableView } from "/deals/table.js";
import { VoucherView, VouchersView } from "/deals/vouchers.js";
import { words } from "/deals/text.js";

/* Which view an address names, and the place below which it stands. */
const views = {
    near: [NearView, "near"],
    deal: [DealView, "near"],
    shop: [ShopView, "near"],
    vouchers: [VouchersView, "vouchers"],
    voucher: [VoucherView, "vouchers"],
    bookings: [BookingsView, "bookings"],
    slots: [SlotsView, "bookings"],
    move: [MoveView, "bookings"],
    seats: [SeatsView, "bookings"],
    meals: [MealsView, "meals"],
    table: [TableView, "meals"],
    meal: [MealView, "meals"],
    packet: [PacketView, "me"],
    me: [MeView, "me"],
};

void new App(words, views, "near").start();
