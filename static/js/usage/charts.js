// The charts of the usage page: drawn when they come into view, in the page's colours.

import { onColoursChange } from "./colours.js";
import { option } from "./option.js";
import { callsUrl } from "./steps.js";
import { table } from "./table.js";

const drawn = new Map(); // the figure → how to draw it again, to fit it, and to let it go
let library = null;

/** Sets up every chart of the report; `source` is where ECharts is. */
export function startCharts(source) {
  letGo();
  const data = JSON.parse(document.getElementById("usage-chart-data")?.textContent ?? "null");
  if (!data) return;
  const inView = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      inView.unobserve(target);
      draw(target, data, source);
    }
  }, { rootMargin: "200px" });
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (!figure.querySelector("[data-drawing]")) continue;
    inView.observe(figure);
    offerTable(figure, chartOf(figure, data), data);
  }
}

const chartOf = (figure, data) => data.charts.find(({ id }) => id === figure.dataset.chart);

async function draw(figure, data, source) {
  const place = figure.querySelector("[data-drawing]");
  const chart = chartOf(figure, data);
  try {
    library ??= import(source);
    const echarts = await library;
    if (!figure.isConnected) return;
    const drawing = echarts.init(place);
    const paint = () => drawing.setOption(option(chart, data), { notMerge: true });
    const fit = new ResizeObserver(() => drawing.resize());
    paint();
    fit.observe(place);
    drillDown(drawing, chart, data);
    drawn.set(figure, { paint, end: () => (fit.disconnect(), drawing.dispose()) });
  } catch (error) {
    library = null;
    place.textContent = "The drawing could not be loaded. The table holds the same figures.";
    throw error;
  }
}

// A click on a bar or a point asks for its calls; one beside them, for all calls of that time.
function drillDown(drawing, chart, data) {
  drawing.on("click", ({ dataIndex, seriesIndex }) => {
    location.assign(callsUrl(data, data.steps[dataIndex], chart.series[seriesIndex].query));
  });
  drawing.getZr().on("click", (event) => {
    const point = [event.offsetX, event.offsetY];
    if (event.target || !drawing.containPixel("grid", point)) return;
    const [index] = drawing.convertFromPixel("grid", point);
    if (data.steps[index] !== undefined) location.assign(callsUrl(data, data.steps[index]));
  });
}

function offerTable(figure, chart, data) {
  const details = figure.querySelector("details");
  details.addEventListener("toggle", () => {
    const place = details.querySelector("[data-table]");
    if (details.open && !place.childElementCount) place.append(table(chart, data));
  });
}

function letGo() {
  for (const [figure, { end }] of drawn) {
    if (figure.isConnected) continue;
    end();
    drawn.delete(figure);
  }
}

onColoursChange(() => {
  for (const { paint } of drawn.values()) paint();
});
