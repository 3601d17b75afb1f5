// The page's one WebSocket. It reconnects by itself; what is said meanwhile waits.

import { parse } from "./protocol.js";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8000;
const CLOSED_FOR_GOOD = new Set([1008, 4401, 4403]);

/**
 * Events: "open" (detail.again is true after a lost connection), "lost", "refused" (the server will
 * not have us: signed out, or no permission), "frames" (detail is the list).
 */
export class Socket extends EventTarget {
  #path;
  #socket = null;
  #waiting = [];
  #failures = 0;
  #timer = 0;
  #opened = false;

  constructor(path) {
    super();
    this.#path = path;
    addEventListener("online", () => this.#now());
    addEventListener("offline", () => this.#socket?.close());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#now());
    this.#connect();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(frame) {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
    else this.#waiting.push(frame);
  }

  #connect() {
    const url = new URL(this.#path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(url));
    socket.onopen = () => this.#onOpen();
    socket.onmessage = (event) => this.#emit("frames", parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#onClose(event.code);
  }

  #onOpen() {
    this.#failures = 0;
    this.#emit("open", { again: this.#opened });
    this.#opened = true;
    for (const frame of this.#waiting.splice(0)) this.send(frame);
  }

  #onClose(code) {
    if (CLOSED_FOR_GOOD.has(code)) return this.#emit("refused", { code });
    if (this.#failures++ === 0) this.#emit("lost");
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  /** Don't wait any longer: the network is back, or the person is. */
  #now() {
    if (this.#socket?.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
