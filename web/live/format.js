/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, money and times as people of the chosen language write them. Money is a BigInt of minor units and
 * is turned into text by moving the decimal point in its digits: it never becomes a floating-point number.
 * Instants are milliseconds since 1970 and are shown in the server's zone, not in that of the browser.
 */

const minute_ms = 60_000;

export class Formatter {
    /* tag: a language tag; currency: an ISO code; digits: its decimals; zone_minutes: east of UTC. */
    constructor(tag, currency, digits, zone_minutes) {
        this.digits = digits;
        this.zone_ms = zone_minutes * minute_ms;
        this.integer = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
        this.tenth = new Intl.NumberFormat(tag, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
        this.percent = new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 1 });
        this.short = new Intl.NumberFormat(tag, { notation: "compact", maximumFractionDigits: 1 });
        this.coin = new Intl.NumberFormat(tag, {
            style: "currency",
            currency,
            currencyDisplay: "narrowSymbol",
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
        });
        this.plain = new Intl.NumberFormat(tag, {
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
        });
        const clock = { timeZone: "UTC", hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
        this.to_minute = new Intl.DateTimeFormat(tag, clock);
        this.to_second = new Intl.DateTimeFormat(tag, { ...clock, second: "2-digit" });
        this.day = new Intl.DateTimeFormat(tag, { timeZone: "UTC", month: "short", day: "numeric" });
        this.full_day = new Intl.DateTimeFormat(tag, {
            timeZone: "UTC",
            weekday: "short",
            year: "numeric",
            month: "short",
            day: "numeric",
        });
    }

    count(number) {
        return this.integer.format(number);
    }

    /* For axes only: 12K, 1.2万. */
    compact(number) {
        return number < 10_000 ? this.integer.format(number) : this.short.format(number);
    }

    /* With the currency's sign: ¥1,234.50. */
    money(minor) {
        return this.minorText(this.coin, minor);
    }

    /* Without it: 1,234.50. */
    amount(minor) {
        return this.minorText(this.plain, minor);
    }

    minorText(format, minor) {
        const negative = minor < 0n;
        const all = String(negative ? -minor : minor).padStart(this.digits + 1, "0");
        const whole = BigInt(all.slice(0, all.length - this.digits));
        const fraction = all.slice(all.length - this.digits);
        return format
            .formatToParts(negative ? -1 : 1)
            .map((part) => {
                if (part.type === "integer") return this.integer.format(whole);
                return part.type === "fraction" ? fraction : part.value;
            })
            .join("");
    }

    /*
     * left of whole in percent, rounded down, so that 100 % means all and 0 % means none; with a tenth below
     * 10 %.
     */
    share(left, whole) {
        const thousandths = shareOf(left, whole);
        if (thousandths === 0 && left > 0n) return "<" + this.percent.format(0.001);
        const shown = thousandths < 100 ? thousandths : Math.floor(thousandths / 10) * 10;
        return this.percent.format(shown / 1000);
    }

    /* 640 µs, 1.8 ms, 2.1 s */
    latency(us) {
        if (us < 1000) return this.integer.format(us) + " µs";
        if (us < 100_000) return this.tenth.format(us / 1000) + " ms";
        return us < 1_000_000
            ? this.integer.format(us / 1000) + " ms"
            : this.tenth.format(us / 1_000_000) + " s";
    }

    clock(at) {
        return this.to_second.format(at + this.zone_ms);
    }

    date(at) {
        return this.full_day.format(at + this.zone_ms);
    }

    /* To the minute, with the day when that is not the day of `now`. */
    moment(at, now) {
        const text = this.to_minute.format(at + this.zone_ms);
        const same_day = this.date(at) === this.date(now);
        return same_day ? text : this.day.format(at + this.zone_ms) + " " + text;
    }
}

/*
 * left / whole in thousandths, rounded down, within 0…1000. The one place where money becomes a plain
 * number.
 */
export function shareOf(left, whole) {
    if (whole <= 0n || left <= 0n) return 0;
    return left >= whole ? 1000 : Number((left * 1000n) / whole);
}
