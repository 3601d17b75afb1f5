// Whether a file may go along with a prompt. The hub checks again: playground/attachments.py.

export const MAX_FILES = 8;
export const MAX_TOGETHER = 12_000_000;
const MAX_IMAGE = 5_000_000;
const MAX_TEXT = 1_000_000;
const LOOKED_AT = 65_536;

/** Throws an Error, in words, for a file that may not. What a file is, its content says. */
export async function check(file) {
  if (!file.size) throw new Error(`${file.name} is empty.`);
  const begin = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const isPicture = isImage(begin);
  if (!isPicture && !isText(begin)) {
    throw new Error(`${file.name} is neither a picture (PNG, JPEG, WebP, GIF) nor a text file.`);
  }
  if (file.size > (isPicture ? MAX_IMAGE : MAX_TEXT)) {
    throw new Error(`${file.name} is too large: pictures may have 5 MB, text files 1 MB.`);
  }
}

function isImage(bytes) {
  const begin = String.fromCharCode(...bytes.slice(0, 12));
  return (
    begin.startsWith("\x89PNG\r\n\x1a\n") ||
    begin.startsWith("\xff\xd8\xff") ||
    /^GIF8[79]a/.test(begin) ||
    (begin.startsWith("RIFF") && begin.slice(8) === "WEBP")
  );
}

function isText(bytes) {
  if (bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))) return false;
  try {
    // A letter may be cut in two at the end of what is looked at: `stream` waits for its rest.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: bytes.length === LOOKED_AT });
    return true;
  } catch {
    return false;
  }
}
