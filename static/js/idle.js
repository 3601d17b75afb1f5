// Work that can wait until the browser has nothing better to do. Safari has no requestIdleCallback.

export function whenIdle(action) {
  if (window.requestIdleCallback) requestIdleCallback(action, { timeout: 1000 });
  else setTimeout(action, 50);
}
