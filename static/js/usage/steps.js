// Steps of time as people read them. Whole days are days in UTC; shorter steps are local.

const DAY = 86_400;
const HOUR = 3600;

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ month: "short", day: "numeric" });
const dayInUtc = format({ month: "short", day: "numeric", timeZone: "UTC" });
const longDayInUtc = format({ weekday: "short", month: "short", day: "numeric", year: "numeric", timeZone: "UTC" });

/** What stands under the axis for a step (its start in seconds). */
export function axisLabel(start, data) {
  const moment = new Date(start * 1000);
  if (data.step_seconds >= DAY) return dayInUtc.format(moment);
  return span(data) > 1.5 * DAY ? day.format(moment) : clock.format(moment);
}

/** Whether a step gets a label; the chart thins them out further where they would touch. */
export function isLabelled(start, data) {
  const moment = new Date(start * 1000);
  const minutes = moment.getHours() * 60 + moment.getMinutes();
  if (data.step_seconds >= DAY) return true;
  if (span(data) > 1.5 * DAY) return minutes < data.step_seconds / 60;
  return minutes % (span(data) > 3 * HOUR ? 180 : 10) === 0;
}

/** A step in full: "Nov 21, 09:30 – 10:00". */
export function stepLabel(start, data) {
  const moment = new Date(start * 1000);
  if (data.step_seconds === DAY) return longDayInUtc.format(moment);
  const end = new Date((start + data.step_seconds) * 1000);
  if (data.step_seconds > DAY) return `${longDayInUtc.format(moment)} – ${dayInUtc.format(end)}`;
  return `${day.format(moment)}, ${clock.format(moment)} – ${clock.format(end)}`;
}

/** The explorer's address for the calls of a step, or of one series in it. */
export function callsUrl(data, start, query = {}) {
  const url = new URL(data.calls_url, location.origin);
  url.searchParams.set("period", "custom");
  url.searchParams.set("start", iso(start));
  url.searchParams.set("end", iso(start + data.step_seconds));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

const span = (data) => data.steps.length * data.step_seconds;
