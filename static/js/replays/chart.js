// Cost per call and median latency, a bar for each model, drawn with ECharts in the page's colours.

import { duration, money } from "../format.js";
import { colour, onColoursChange } from "../usage/colours.js";

const NARROW = 600;

let drawn = null; // {paint, end}

/** Draws the chart in `figure` if it has a place for one; `source` is where ECharts is. */
export async function startChart(figure, source) {
  drawn?.end();
  drawn = null;
  const place = figure?.querySelector("[data-drawing]");
  if (!place) return;
  const { models } = JSON.parse(document.getElementById("replay-chart-data").textContent);
  try {
    const echarts = await import(source);
    if (place.isConnected) draw(echarts.init(place), place, models);
  } catch (error) {
    place.textContent = "The drawing could not be loaded. The table holds the same figures.";
    throw error;
  }
}

function draw(drawing, place, models) {
  const fitting = () => {
    const narrow = place.clientWidth < NARROW;
    const height = 56 + 36 * models.length;
    place.style.height = `${narrow ? 2 * height : height}px`;
    drawing.resize();
    drawing.setOption(option(models, narrow), { notMerge: true });
  };
  const fit = new ResizeObserver(fitting);
  fit.observe(place.parentElement);
  drawn = { paint: fitting, end: () => (fit.disconnect(), drawing.dispose()) };
}

onColoursChange(() => drawn?.paint());

function option(models, narrow) {
  const text = { color: colour("--text-muted"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
  const parts = [
    ["cost", "Cost per call", money],
    ["latency", "Latency p50", duration],
  ];
  const grids = narrow
    ? [{ left: 8, right: 64, top: 28, height: "36%" }, { left: 8, right: 64, bottom: 8, height: "36%" }]
    : [{ left: 8, right: "54%", top: 28, bottom: 8 }, { left: "52%", right: 64, top: 28, bottom: 8 }];
  return {
    animation: false,
    aria: { enabled: true, label: { description: description(models) } },
    textStyle: text,
    title: parts.map(([, name], index) => ({
      text: name,
      left: index && !narrow ? "52%" : 8,
      top: index && narrow ? "50%" : 0,
      textStyle: { ...text, color: colour("--text"), fontSize: 12, fontWeight: 500 },
    })),
    grid: grids.map((grid) => ({ ...grid, containLabel: true })),
    xAxis: parts.map((_, index) => ({ type: "value", gridIndex: index, show: false, min: 0 })),
    yAxis: parts.map((_, index) => ({
      type: "category",
      gridIndex: index,
      inverse: true,
      data: models.map(({ model }) => model),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--border-strong") } },
      axisLabel: { ...text, width: narrow ? 110 : 150, overflow: "truncate" },
    })),
    series: parts.map(([name, , format], index) => bars(models, name, format, index, text)),
  };
}

function bars(models, name, format, index, text) {
  return {
    type: "bar",
    xAxisIndex: index,
    yAxisIndex: index,
    barMaxWidth: 18,
    data: models.map((model, place) => ({
      value: model[name] ?? 0,
      itemStyle: { color: colour(place ? "--accent" : "--border-strong") },
      label: { formatter: model[name] === null ? "unknown" : format(model[name]) },
    })),
    label: { show: true, position: "right", ...text, color: colour("--text") },
  };
}

function description(models) {
  const figure = (value, format) => (value === null ? "unknown" : format(value));
  return models
    .map(({ model, cost, latency }) => `${model}: ${figure(cost, money)} per call, ${figure(latency, duration)}`)
    .join("; ");
}
