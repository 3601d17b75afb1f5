// Runs in a worker: colours code with highlight.js; languages beyond the common ones load on demand.

import hljs from "/static/vendor/highlight/highlight.min.js";

const missing = new Set();

onmessage = async ({ data: { id, language, text } }) => {
  postMessage({ id, html: (await known(language)) ? coloured(text, language) : null });
};

async function known(language) {
  if (hljs.getLanguage(language)) return true;
  if (missing.has(language) || !/^[a-z0-9-]+$/.test(language)) return false;
  try {
    const { default: grammar } = await import(`/static/vendor/highlight/languages/${language}.min.js`);
    hljs.registerLanguage(language, grammar);
    return true;
  } catch {
    missing.add(language);
    return false;
  }
}

function coloured(text, language) {
  try {
    return hljs.highlight(text, { language, ignoreIllegals: true }).value;
  } catch {
    return null;
  }
}
