// The chart of value as ECharts wants it described.

import { el } from "../dom.js";
import { duration, money, speed } from "../format.js";
import { colour } from "../usage/colours.js";

const SMALLEST = 10;
const LARGEST = 34;
const NARROW = 500;

/** `points` are the page's rows with a known cost and speed; `width` is the drawing's, in pixels. */
export function option(points, width) {
  const text = { color: colour("--text-muted"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
  const isFree = points.some(({ cost_per_call: cost }) => cost === 0);
  const lows = points.map(({ low }) => low);
  const highs = points.map(({ high }) => high);
  return {
    animation: false,
    aria: { enabled: true, label: { description: description(points) } },
    textStyle: text,
    grid: { left: 48, right: width < NARROW ? 24 : 72, top: 24, bottom: 40 },
    tooltip: tip(),
    xAxis: {
      type: isFree ? "value" : "log",
      ...(isFree ? {} : costs(points)),
      name: "Cost per call",
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: text,
      axisLine: { lineStyle: { color: colour("--border-strong") } },
      splitLine: { show: false },
      axisLabel: { ...text, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: money },
    },
    yAxis: {
      type: "value",
      name: "Rating",
      nameTextStyle: { ...text, align: "left" },
      min: 50 * Math.floor(Math.min(...lows) / 50),
      max: 50 * Math.ceil(Math.max(...highs) / 50),
      splitNumber: 4,
      splitLine: { lineStyle: { color: colour("--border") } },
      axisLabel: { ...text, formatter: (value) => String(Math.round(value)) },
    },
    series: [intervals(points), marks(points, text)],
  };
}

/** A logarithmic axis from a third of the least to three times the most. */
function costs(points) {
  const values = points.map(({ cost_per_call: cost }) => cost);
  return { min: Math.min(...values) / 3, max: Math.max(...values) * 3 };
}

const at = ({ cost_per_call: cost, rating }) => [cost, rating];

function intervals(points) {
  const lines = points.map(({ cost_per_call: cost, low, high }) => [{ coord: [cost, low] }, { coord: [cost, high] }]);
  return {
    type: "scatter",
    data: [],
    silent: true,
    markLine: {
      silent: true,
      symbol: "none",
      z: 1,
      animation: false,
      lineStyle: { color: colour("--border-strong"), type: "solid", width: 1 },
      data: lines,
    },
  };
}

function marks(points, text) {
  const fastest = Math.max(...points.map(({ tokens_per_second_p50: value }) => value));
  const size = ({ tokens_per_second_p50: value }) =>
    SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(value / (fastest || 1));
  return {
    type: "scatter",
    z: 3,
    data: points.map((point) => ({
      name: point.model,
      value: at(point),
      point,
      symbol: point.frontier ? "diamond" : "circle",
      symbolSize: size(point),
      itemStyle: {
        color: point.frontier ? colour("--accent") : colour("--surface"),
        borderColor: point.frontier ? colour("--accent") : colour("--text-muted"),
        borderWidth: 1.5,
        opacity: 0.95,
      },
    })),
    label: { show: true, position: "right", formatter: ({ name }) => name, ...text, color: colour("--text") },
    labelLayout: { hideOverlap: true },
    emphasis: { scale: 1.15 },
  };
}

function tip() {
  return {
    trigger: "item",
    confine: true,
    transitionDuration: 0,
    className: "chart-tip-box",
    backgroundColor: colour("--surface-raised"),
    borderColor: colour("--border-strong"),
    padding: 8,
    textStyle: { color: colour("--text"), fontSize: 12 },
    formatter: ({ data }) => (data?.point ? tooltip(data.point) : ""),
  };
}

function tooltip(point) {
  const lines = [
    ["Rating", `${Math.round(point.rating)} (${Math.round(point.low)} – ${Math.round(point.high)})`],
    ["Cost per call", money(point.cost_per_call)],
    ["Tokens/s", speed(point.tokens_per_second_p50)],
    ["Latency", point.latency_p50_ms === null ? "–" : duration(point.latency_p50_ms)],
  ];
  return el(
    "div",
    { class: "chart-tip" },
    el("div", { class: "chart-tip-title" }, point.model, point.frontier && " – best value"),
    lines.map(([name, value]) =>
      el("div", { class: "chart-tip-line" }, el("span", {}), el("span", {}, name), el("b", {}, value)),
    ),
  );
}

function description(points) {
  const each = points.map(
    ({ model, rating, cost_per_call: cost, tokens_per_second_p50: value, frontier }) =>
      `${model}: rating ${Math.round(rating)}, ${money(cost)} per call, ${speed(value)} tokens a second${frontier ? ", best value" : ""}`,
  );
  return `Rating, cost and speed of ${points.length} models. ${each.join("; ")}.`;
}
