// The block that is still arriving is built anew with each piece of text. What is the same stays in
// the page: little is laid out and painted again, and what a person has selected stays selected.

const { ELEMENT_NODE, TEXT_NODE } = Node;

/** Makes `old`, the last children of `parent`, into `fresh`; returns what stands there now. */
export function renew(parent, old, fresh) {
  const nodes = fresh.map((node, at) => renewOne(parent, old[at], node));
  for (const node of old.slice(fresh.length)) node.remove();
  return nodes;
}

function renewOne(parent, was, node) {
  if (!was) return parent.appendChild(node);
  if (was.nodeType === TEXT_NODE && node.nodeType === TEXT_NODE) return renewText(was, node.data);
  if (!isSameElement(was, node)) {
    was.replaceWith(node);
    return node;
  }
  if (!was.dataset.math) renew(was, [...was.childNodes], [...node.childNodes]);
  return was;
}

function renewText(was, text) {
  if (text.startsWith(was.data)) was.appendData(text.slice(was.length));
  else was.data = text;
  return was;
}

/** Whether only what is inside of them differs; a formula is drawn as a whole or not at all. */
function isSameElement(was, node) {
  if (was.nodeType !== ELEMENT_NODE || was.tagName !== node.tagName) return false;
  if (was.dataset.math) return was.isEqualNode(node);
  const names = was.getAttributeNames();
  if (names.length !== node.attributes.length) return false;
  return names.every((name) => was.getAttribute(name) === node.getAttribute(name));
}
