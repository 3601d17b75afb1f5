// Quality × cost × speed: a mark for each model, drawn with ECharts in the page's colours.

import { onColoursChange } from "../usage/colours.js";
import { option } from "./option.js";

let drawn = null; // {paint, end}
let library = null;

/** Draws the chart in `figure` if it has a place for one; `source` is where ECharts is. */
export async function startChart(figure, source) {
  drawn?.end();
  drawn = null;
  const place = figure?.querySelector("[data-drawing]");
  if (!place) return;
  const { points } = JSON.parse(document.getElementById("ratings-chart-data").textContent);
  try {
    library ??= import(source);
    const echarts = await library;
    if (!figure.isConnected) return;
    draw(echarts.init(place), place, points);
  } catch (error) {
    library = null;
    place.textContent = "The drawing could not be loaded. The table holds the same figures.";
    throw error;
  }
}

function draw(drawing, place, points) {
  const paint = () => drawing.setOption(option(points, place.clientWidth), { notMerge: true });
  const fit = new ResizeObserver(() => {
    drawing.resize();
    paint();
  });
  fit.observe(place);
  drawn = { paint, end: () => (fit.disconnect(), drawing.dispose()) };
}

onColoursChange(() => drawn?.paint());
