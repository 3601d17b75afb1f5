// The ratings page.

import { startReport } from "../report.js";
import { startChart } from "./chart.js";

const SOURCE = document.querySelector("script[data-echarts]").dataset.echarts;

startReport("ratings-report", (report) => {
  startChart(report.querySelector("[data-ratings-chart]"), SOURCE);
});
