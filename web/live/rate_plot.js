/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payments per second as a plot that moves from right to left, two minutes wide. It draws by the sequence of
 * the stream's seconds, not by clock time: the server's clock may be a test clock. The right edge runs one
 * second behind the newest sample, so that the line glides instead of jumping; with reduced motion it steps.
 */
import { history_max } from "./message.js";

const frame_ms = 33; /* a slow glide needs no more than 30 frames per second */
const glide_ms = 1000;
const seconds_between_marks = 30;
const tops = [1, 2, 3, 4, 5, 6, 8, 10];

/* The smallest pleasant number that is not below the value: 38,112 → 40,000. */
export function axisTop(value) {
    if (value <= 4) return 4;
    const power = 10 ** Math.floor(Math.log10(value));
    return tops.find((top) => top * power >= value) * power;
}

/* Grid lines for an axis: as many whole steps as there is room for, at most five. */
export function axisMarks(top, steps_max = 5) {
    const steps = [4, 5, 3, 2].find((count) => count <= steps_max && Number.isInteger(top / count)) ?? 1;
    return Array.from({ length: steps + 1 }, (_, index) => (top / steps) * index);
}

export class RatePlot {
    /* words: { count(n), ago(seconds), now(), peak(n) } in the language of the moment. */
    constructor(canvas, words) {
        this.canvas = canvas;
        this.words = words;
        this.rates = [];
        this.newest_at = 0;
        this.top = 4; /* of the axis as drawn; follows axisTop smoothly */
        this.drawn_at = 0;
        this.colours = null;
        this.calm = matchMedia("(prefers-reduced-motion: reduce)");
        this.calm.addEventListener("change", () => this.start());
        new ResizeObserver(() => this.resize()).observe(canvas);
    }

    start() {
        cancelAnimationFrame(this.frame);
        const turn = (now) => {
            if (now - this.drawn_at >= frame_ms) this.draw(now);
            this.frame = requestAnimationFrame(turn);
        };
        if (this.calm.matches) this.draw(performance.now());
        else this.frame = requestAnimationFrame(turn);
    }

    /* Replaces all samples; the next draw shows them. */
    take(rates) {
        this.rates = rates.slice();
        this.newest_at = performance.now();
        if (this.calm.matches) this.draw(this.newest_at);
    }

    /* To be called when the theme, the language or the size of the text may have changed. */
    restyle() {
        this.colours = null;
        this.resize();
    }

    resize() {
        const ratio = window.devicePixelRatio || 1;
        const width = Math.round(this.canvas.clientWidth * ratio);
        const height = Math.round(this.canvas.clientHeight * ratio);
        if (this.canvas.width !== width || this.canvas.height !== height) {
            this.canvas.width = width;
            this.canvas.height = height;
        }
        this.draw(performance.now());
    }

    style() {
        const root = getComputedStyle(document.documentElement);
        const colour = (name) => root.getPropertyValue("--colour-" + name).trim();
        this.colours = {
            flow: colour("flow"),
            ink: colour("ink"),
            quiet: colour("quiet"),
            rule: colour("rule-soft"),
            paper: colour("paper"),
        };
        this.face = getComputedStyle(document.body).fontFamily;
        this.unit = parseFloat(root.fontSize) / 16; /* one sixteenth of a rem, in CSS pixels */
    }

    draw(now) {
        const ratio = window.devicePixelRatio || 1;
        const width = this.canvas.width / ratio;
        const height = this.canvas.height / ratio;
        if (width < 40 || height < 40) return;
        if (this.colours === null) this.style();
        const pen = this.canvas.getContext("2d");
        pen.setTransform(ratio, 0, 0, ratio, 0, 0);
        pen.clearRect(0, 0, width, height);

        const unit = this.unit;
        const area = { left: 0, right: width - 8 * unit, top: 26 * unit, bottom: height - 22 * unit };
        this.moveAxis(now);
        this.drawn_at = now;
        this.drawGrid(pen, area, ratio);
        if (this.rates.length === 0) return;
        const points = this.pointsIn(area, now);
        this.drawLine(pen, area, points);
        this.drawPeak(pen, area, points);
        this.drawHead(pen, points);
        this.drawMarks(pen, area, ratio); /* last: readable above the line */
    }

    moveAxis(now) {
        const wanted = axisTop(Math.max(0, ...this.rates));
        if (this.calm.matches || this.drawn_at === 0) this.top = wanted;
        else this.top += (wanted - this.top) * (1 - Math.exp(-(now - this.drawn_at) / 250));
        if (Math.abs(wanted - this.top) < wanted / 1000) this.top = wanted;
    }

    y(area, rate) {
        return area.bottom - (rate / this.top) * (area.bottom - area.top);
    }

    marks(area) {
        const steps_max = Math.floor((area.bottom - area.top) / (24 * this.unit));
        return axisMarks(axisTop(Math.max(0, ...this.rates)), steps_max);
    }

    /* Text with a rim in the colour of the paper, readable on lines. */
    write(pen, text, x, y) {
        pen.strokeStyle = this.colours.paper;
        pen.lineWidth = 4 * this.unit;
        pen.lineJoin = "round";
        pen.strokeText(text, x, y);
        pen.fillText(text, x, y);
    }

    drawGrid(pen, area, ratio) {
        pen.strokeStyle = this.colours.rule;
        pen.lineWidth = Math.max(1 / ratio, this.unit);
        for (const mark of this.marks(area)) {
            const y = Math.round(this.y(area, mark) * ratio) / ratio + 0.5 / ratio;
            if (y < area.top - 1) continue;
            pen.beginPath();
            pen.moveTo(area.left, y);
            pen.lineTo(area.right, y);
            pen.stroke();
        }
    }

    drawMarks(pen, area, ratio) {
        const unit = this.unit;
        pen.font = `500 ${12 * unit}px ${this.face}`;
        pen.textBaseline = "alphabetic";
        pen.textAlign = "left";
        pen.fillStyle = this.colours.quiet;
        for (const mark of this.marks(area))
            if (mark > 0 && this.y(area, mark) > area.top - 1)
                this.write(
                    pen,
                    this.words.count(mark),
                    area.left,
                    Math.round(this.y(area, mark) * ratio) / ratio - 4 * unit,
                );
        const step = (area.right - area.left) / history_max;
        const narrow = area.right - area.left < 420 * unit;
        for (
            let ago = 0;
            ago < history_max;
            ago += narrow ? 2 * seconds_between_marks : seconds_between_marks
        ) {
            pen.textAlign = ago === 0 ? "right" : "center";
            const text = ago === 0 ? this.words.now() : this.words.ago(ago);
            this.write(pen, text, area.right - ago * step, area.bottom + 17 * unit);
        }
    }

    /*
     * One point per second, the newest gliding in over one second from beyond the right edge, which cuts it.
     */
    pointsIn(area, now) {
        const step = (area.right - area.left) / history_max;
        const glide = this.calm.matches ? 1 : Math.min(1, (now - this.newest_at) / glide_ms);
        const count = this.rates.length;
        const points = this.rates.map((rate, index) => ({
            x: area.right + (1 - glide - (count - 1 - index)) * step,
            y: this.y(area, rate),
            rate,
        }));
        const last = points[count - 1];
        const before = points[count - 2];
        if (before === undefined || last.x <= area.right) return points;
        const part = (area.right - before.x) / (last.x - before.x);
        points[count - 1] = { x: area.right, y: before.y + (last.y - before.y) * part, rate: last.rate };
        return points;
    }

    drawLine(pen, area, points) {
        const first = points[0];
        const last = points.at(-1);
        pen.save();
        pen.beginPath();
        pen.rect(area.left, 0, area.right - area.left + 8 * this.unit, area.bottom + 1);
        pen.clip();
        pen.beginPath();
        pen.moveTo(first.x, first.y);
        for (const point of points) pen.lineTo(point.x, point.y);
        pen.lineWidth = 2.5 * this.unit;
        pen.lineJoin = "round";
        pen.lineCap = "round";
        pen.strokeStyle = this.colours.flow;
        pen.stroke();
        pen.lineTo(last.x, area.bottom);
        pen.lineTo(first.x, area.bottom);
        pen.closePath();
        const shade = pen.createLinearGradient(0, area.top, 0, area.bottom);
        shade.addColorStop(0, this.colours.flow);
        shade.addColorStop(1, this.colours.paper);
        pen.globalAlpha = 0.22;
        pen.fillStyle = shade;
        pen.fill();
        pen.restore();
    }

    drawHead(pen, points) {
        const last = points.at(-1);
        pen.fillStyle = this.colours.flow;
        pen.beginPath();
        pen.arc(last.x, last.y, 4.5 * this.unit, 0, 2 * Math.PI);
        pen.fill();
        pen.lineWidth = 2 * this.unit;
        pen.strokeStyle = this.colours.paper;
        pen.stroke();
    }

    drawPeak(pen, area, points) {
        const shown = points.filter((point) => point.x >= area.left);
        if (shown.length === 0) return;
        const peak = shown.reduce((best, point) => (point.rate > best.rate ? point : best));
        if (peak.rate === 0) return;
        const unit = this.unit;
        const text = this.words.peak(peak.rate);
        pen.font = `600 ${13 * unit}px ${this.face}`;
        const half = pen.measureText(text).width / 2;
        const x = Math.min(Math.max(peak.x, area.left + half), area.right - half);
        const y = peak.y - 12 * unit;
        pen.textAlign = "center";
        pen.textBaseline = "alphabetic";
        pen.fillStyle = this.colours.ink;
        this.write(pen, text, x, y);
        pen.beginPath();
        pen.moveTo(peak.x, peak.y - 3 * unit);
        pen.lineTo(peak.x - 4 * unit, peak.y - 9 * unit);
        pen.lineTo(peak.x + 4 * unit, peak.y - 9 * unit);
        pen.closePath();
        pen.fill();
    }
}
