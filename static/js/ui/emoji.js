// Emoji to choose from, loaded when they are first asked for: most people never do, and a phone's keyboard has them anyway.

const MISSING = "The emoji could not be loaded: the server cannot be reached. Your keyboard may have them.";

/** @type {Promise<import("./emoji_picker.js").EmojiPicker> | null} */
let picker = null;

/**
 * @param {HTMLElement} opener
 * @param {{picked: (emoji: string) => void, fault: (sentence: string) => void}} then
 */
export async function pickEmoji(opener, { picked, fault }) {
  try {
    picker ??= load();
    (await picker).open(opener, picked);
  } catch {
    picker = null;
    fault(MISSING);
  }
}

async function load() {
  const { EmojiPicker } = await import("./emoji_picker.js");
  return new EmojiPicker(document.body);
}
