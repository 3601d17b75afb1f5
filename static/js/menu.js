// A button's menu: role=menu in the top layer, arrows, Home, End, first letters, Escape.

import { el, icon } from "./dom.js";
import { place } from "./place.js";

let open = null;

export const isMenuOpen = () => open !== null;

/**
 * Opens a menu under `button`. An item is null (a line) or {label, icon, run, disabled, danger, keys,
 * checked, radio, href, title}. With `checked` set it is a checkbox item, with `radio` a radio one.
 */
export function openMenu(button, items) {
  const again = open?.button === button;
  closeMenu();
  if (again) return;
  const label = button.ariaLabel || button.textContent.trim();
  const menu = el("div", { class: "menu", role: "menu", popover: "manual", "aria-label": label });
  menu.append(...items.map(itemElement));
  (button.closest("dialog, main") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, button);
  open = { menu, button };
  button.setAttribute("aria-expanded", "true");
  menu.addEventListener("keydown", onKey);
  menu.addEventListener("focusout", ({ relatedTarget: to }) => to && !menu.contains(to) && closeMenu());
  enabled(menu)[0]?.focus();
}

export function closeMenu({ refocus = false } = {}) {
  if (!open) return;
  const { menu, button } = open;
  open = null;
  button.setAttribute("aria-expanded", "false");
  if (refocus) button.focus();
  menu.remove();
}

function itemElement(item) {
  if (!item) return el("hr");
  if (item.title) return el("div", { class: "menu-title", role: "presentation" }, item.title);
  const kind = item.checked === undefined ? "menuitem" : item.radio ? "menuitemradio" : "menuitemcheckbox";
  const props = {
    role: kind,
    tabIndex: -1,
    class: item.danger ? "danger" : "",
    "aria-disabled": item.disabled ? "true" : null,
    "aria-checked": item.checked === undefined ? null : String(item.checked),
    on: { click: (event) => choose(event, item) },
  };
  const drawing = icon(item.checked === undefined ? (item.icon ?? "chevron-right") : "check");
  const keys = item.keys ? el("kbd", { class: "menu-keys" }, item.keys) : null;
  if (item.href) return el("a", { ...props, href: item.href, download: item.download ?? null }, drawing, item.label);
  return el("button", { ...props, type: "button" }, drawing, item.label, keys);
}

function choose(event, item) {
  if (item.disabled) return event.preventDefault();
  closeMenu({ refocus: true });
  item.run?.();
}

const enabled = (menu) => [...menu.querySelectorAll("[role^=menuitem]:not([aria-disabled=true])")];

function onKey(event) {
  const items = enabled(open.menu);
  const at = items.indexOf(document.activeElement);
  const target = {
    ArrowDown: items[(at + 1) % items.length],
    ArrowUp: items[(at - 1 + items.length) % items.length],
    Home: items[0],
    End: items.at(-1),
  }[event.key] ?? byLetter(event, items, at);
  if (target) {
    target.focus();
    event.preventDefault();
  } else if (event.key === "Escape" || event.key === "Tab") {
    closeMenu({ refocus: true });
    if (event.key === "Escape") event.preventDefault();
  }
  event.stopPropagation();
}

function byLetter(event, items, at) {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return null;
  const letter = event.key.toLowerCase();
  const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return after.find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.button.contains(event.target)) closeMenu();
});
addEventListener("resize", () => closeMenu());
addEventListener("scroll", (event) => event.target === document && closeMenu(), true);
