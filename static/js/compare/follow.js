// Whether a column keeps to the end of its text. A person's own scrolling always wins.

const NEAR_PX = 24;
const AWAY_KEYS = new Set(["PageUp", "ArrowUp", "Home"]);

export class Follow {
  #scroller;
  #button;
  #top = 0;
  #touching = false;
  following = true;

  /** `button` is "Jump to latest". */
  constructor(scroller, button) {
    this.#scroller = scroller;
    this.#button = button;
    const passive = { passive: true };
    scroller.addEventListener("wheel", (event) => event.deltaY < 0 && this.#detach(), passive);
    scroller.addEventListener("touchstart", () => this.#touch(true), passive);
    scroller.addEventListener("touchend", () => this.#touch(false), passive);
    scroller.addEventListener("touchcancel", () => this.#touch(false), passive);
    scroller.addEventListener("keydown", (event) => this.#onKey(event));
    scroller.addEventListener("scroll", () => this.#scrolled(), passive);
    button.addEventListener("click", () => this.attach());
  }

  /** Keeps to the end from the next `stick` on. */
  follow() {
    this.following = true;
    this.#button.hidden = true;
  }

  /** Goes to the end and stays there. */
  attach() {
    this.follow();
    this.stick();
  }

  /** Keeps to the end if the person wants that. Call after writing, when all columns have. */
  stick() {
    if (this.following) this.#goToEnd();
    else if (this.#button.hidden) this.#button.hidden = this.#atEnd();
  }

  // Noted here, so that the event that comes of it later is not taken for a person's scrolling.
  #goToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#top = this.#scroller.scrollTop;
  }

  #detach() {
    if (!this.following || this.#scroller.scrollHeight <= this.#scroller.clientHeight) return;
    this.following = false;
    this.#button.hidden = false;
  }

  #touch(touching) {
    this.#touching = touching;
    if (touching) this.#detach();
    else if (this.#atEnd()) this.attach();
  }

  #onKey(event) {
    const away = AWAY_KEYS.has(event.key) || (event.key === " " && event.shiftKey);
    if (away && event.target === this.#scroller) this.#detach();
  }

  // Text that gets shorter also moves the top up, but leaves it at the end: that is not a person.
  #scrolled() {
    const moved = this.#scroller.scrollTop - this.#top;
    this.#top = this.#scroller.scrollTop;
    const atEnd = this.#atEnd();
    if (moved > 0 && atEnd && !this.following && !this.#touching) this.attach();
    if (moved < -1 && !atEnd) this.#detach();
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight <= NEAR_PX;
  }
}
