// A chart of the report as ECharts wants it described.

import { colour } from "./colours.js";
import { axisLabel, isLabelled } from "./steps.js";
import { tooltip } from "./tooltip.js";
import { onAxis, written } from "./units.js";

export function option(chart, data) {
  const text = { color: colour("--text-muted"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
  return {
    animation: false,
    aria: { enabled: true, label: { description: description(chart, data) } },
    textStyle: text,
    grid: { left: 4, right: 8, top: chart.series.length > 1 ? 30 : 10, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: legend(chart, text),
    tooltip: tip(chart, data),
    xAxis: {
      type: "category",
      data: data.steps,
      boundaryGap: chart.kind === "bars",
      axisLine: { lineStyle: { color: colour("--border-strong") } },
      axisTick: { show: false },
      axisLabel: {
        ...text,
        hideOverlap: true,
        interval: (_, start) => isLabelled(Number(start), data),
        formatter: (start) => axisLabel(Number(start), data),
      },
    },
    yAxis: {
      type: "value",
      splitNumber: 3,
      minInterval: chart.unit === "count" || chart.unit === "tokens" ? 1 : undefined,
      splitLine: { lineStyle: { color: colour("--border") } },
      axisLabel: { ...text, formatter: (value) => onAxis(value, chart.unit) },
    },
    series: chart.series.map((line) => series(line, chart)),
  };
}

function series(line, chart) {
  const shared = { name: line.name, data: line.values, color: colour(line.colour), cursor: "pointer" };
  if (chart.kind === "bars") {
    return { ...shared, type: "bar", stack: "all", barCategoryGap: "20%", emphasis: { focus: "none" } };
  }
  return {
    ...shared,
    type: "line",
    symbol: "circle",
    symbolSize: line.values.length > 60 ? 2.5 : 4,
    showAllSymbol: true,
    connectNulls: true,
    lineStyle: { width: 1.5 },
    emphasis: { focus: "none", scale: 1.6 },
  };
}

function legend(chart, text) {
  return {
    show: chart.series.length > 1,
    type: "scroll",
    top: 0,
    left: 0,
    right: 0,
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 12,
    icon: "roundRect",
    textStyle: { ...text, width: 150, overflow: "truncate" },
    inactiveColor: colour("--border-strong"),
    pageIconColor: colour("--text-muted"),
    pageIconInactiveColor: colour("--border"),
    pageIconSize: 10,
    pageTextStyle: text,
  };
}

function tip(chart, data) {
  return {
    trigger: "axis",
    axisPointer: { type: chart.kind === "bars" ? "shadow" : "line", lineStyle: { color: colour("--border-strong") }, shadowStyle: { color: colour("--text-muted"), opacity: 0.08 } },
    confine: true,
    transitionDuration: 0,
    className: "chart-tip-box",
    backgroundColor: colour("--surface-raised"),
    borderColor: colour("--border-strong"),
    padding: 8,
    textStyle: { color: colour("--text"), fontSize: 12 },
    formatter: (points) => tooltip(points, chart, data),
  };
}

function description(chart, data) {
  const from = axisLabel(data.steps[0], data);
  const until = axisLabel(data.steps.at(-1), data);
  const peaks = chart.series.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    return `${name}: at most ${known.length ? written(Math.max(...known), chart.unit) : "nothing"}`;
  });
  return `${chart.title} from ${from} to ${until}. ${peaks.join("; ")}. The table below holds every figure.`;
}
