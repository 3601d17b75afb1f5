// The line above the columns: name, connection, blind switch, view, share.

import { copy } from "../clipboard.js";
import { openMenu } from "../menu.js";
import { preference, prefer } from "../preferences.js";
import { toast } from "../toast.js";

const CONNECTIONS = {
  open: "",
  lost: "Reconnecting…",
  refused: "Signed out. Reload the page to sign in.",
};

export class Header {
  #parts;
  #store;
  #session;
  #columns;

  /** `columns` is the element whose layout the view menu changes. */
  constructor(root, store, session, { columns, addColumn, diff, retryAll, presets }) {
    const names = ["name", "connection", "blind", "view", "share", "add-column", "diff", "retry-all", "presets"];
    this.#parts = Object.fromEntries(names.map((name) => [name, root.querySelector(`[data-part="${name}"]`)]));
    this.#store = store;
    this.#session = session;
    this.#columns = columns;
    this.#wireName();
    this.#parts.blind.addEventListener("change", () => this.#session.setBlind(this.#parts.blind.checked));
    this.#parts.view.addEventListener("click", () => openMenu(this.#parts.view, this.#viewItems()));
    this.#parts.share.addEventListener("click", () => openMenu(this.#parts.share, this.#shareItems()));
    this.#parts["add-column"].addEventListener("click", addColumn);
    this.#parts.diff.addEventListener("click", () => diff());
    this.#parts["retry-all"].addEventListener("click", retryAll);
    this.#parts.presets.addEventListener("click", presets);
    session.addEventListener("connection", ({ detail }) => this.#showConnection(detail));
    for (const type of ["comparison", "columns", "path", "running"]) store.on(type, () => this.show());
    this.#columns.dataset.layout = preference("layout", "side");
    this.show();
  }

  show() {
    const { name, blind } = this.#store.comparison;
    const whole = this.#wholeAnswers();
    const { canEdit, newestTurn, running } = this.#store;
    if (document.activeElement !== this.#parts.name) this.#parts.name.value = name;
    this.#parts.name.readOnly = !this.#store.canEdit;
    this.#parts.blind.checked = blind;
    this.#parts.blind.disabled = !this.#store.canEdit;
    this.#parts["add-column"].disabled = this.#store.isFull || blind || !this.#store.canEdit;
    this.#parts.presets.disabled = blind || !this.#store.canEdit;
    this.#parts.diff.disabled = whole < 2;
    this.#parts["retry-all"].disabled = !canEdit || !newestTurn?.answers.size || running.length > 0;
    document.title = `${name || "Compare models"} · LLM Hub`;
  }

  #wholeAnswers() {
    return this.#store.path.flatMap((turn) => [...turn.answers.values()]).filter(({ text }) => text.length).length;
  }

  #wireName() {
    const { name } = this.#parts;
    const keep = () => {
      const text = name.value.trim();
      if (text === this.#store.comparison.name) return;
      this.#store.changeComparison({ name: text });
      this.#session.save({ name: text });
    };
    name.addEventListener("change", keep);
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) name.blur();
      if (event.key !== "Escape") return;
      name.value = this.#store.comparison.name;
      name.blur();
      event.preventDefault();
    });
  }

  #showConnection(state) {
    this.#parts.connection.hidden = state === "open";
    this.#parts.connection.lastElementChild.textContent = CONNECTIONS[state];
  }

  #viewItems() {
    const layout = this.#columns.dataset.layout;
    const choose = (value) => () => {
      this.#columns.dataset.layout = value;
      prefer("layout", value);
    };
    const sync = preference("sync-settings", false);
    const voting = preference("voting", false);
    return [
      { title: "Columns" },
      { label: "Side by side", checked: layout === "side", radio: true, run: choose("side") },
      { label: "In rows", checked: layout === "rows", radio: true, run: choose("rows") },
      null,
      { label: "Same settings in all columns", checked: sync, run: () => prefer("sync-settings", !sync) },
      { label: "Vote on answers", checked: voting || this.#store.blind, disabled: this.#store.blind, run: () => this.#vote(!voting) },
    ];
  }

  #vote(on) {
    prefer("voting", on);
    this.#store.emit("voting");
  }

  #shareItems() {
    const { id } = this.#store.comparison;
    const exported = (format, label) => ({
      label,
      icon: "share",
      disabled: !id,
      href: `/c/${id}/export/?format=${format}`,
      download: "",
    });
    return [
      { label: "Copy link", icon: "link", disabled: !id, run: () => this.#copyLink() },
      { label: "Share read-only…", icon: "share", disabled: !id || !this.#store.canEdit, run: () => this.#shareLinks() },
      null,
      { title: id ? "Export" : "Export: after the first prompt" },
      exported("md", "Markdown"),
      exported("json", "JSON"),
      exported("csv", "CSV"),
    ];
  }

  async #shareLinks() {
    const { openShareDialog } = await import("./share-dialog.js");
    openShareDialog(this.#store.comparison.id);
  }

  async #copyLink() {
    await copy(location.href);
    toast("Link copied. Everybody in the team can open it.");
  }
}
