// Times of the server (UTC) as the reader's own. <time data-time="full | short | date | elapsed">.

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const EVERY_MS = 1000;

let ticking = null;

/** Rewrites every time inside `root`; those that count up go on until they leave the page. */
export function showTimes(root = document) {
  for (const node of root.querySelectorAll("time[data-time]")) show(node);
  if (document.querySelector("time[data-time=elapsed]")) ticking ??= setInterval(tick, EVERY_MS);
}

function show(node) {
  const moment = new Date(node.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  node.textContent = FORMATS[node.dataset.time](moment);
}

const FORMATS = {
  full: (moment) => FULL.format(moment),
  short: (moment) =>
    isToday(moment) ? CLOCK.format(moment) : `${DAY.format(moment)}, ${CLOCK.format(moment)}`,
  date: (moment) => DATE.format(moment),
  elapsed: (moment) => elapsed(Date.now() - moment.getTime()),
};

const isToday = (moment) => moment.toDateString() === new Date().toDateString();

function elapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function tick() {
  const counting = document.querySelectorAll("time[data-time=elapsed]");
  for (const node of counting) show(node);
  if (counting.length) return;
  clearInterval(ticking);
  ticking = null;
}
