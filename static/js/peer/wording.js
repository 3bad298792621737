/** What may be said: the text of a message, and a reaction to one. Mirrors chat/peer/wording.py, to the character. */

/** In UTF-16. */
const MAX_EMOJI_UNITS = 32;
/** Spaces, control characters, and those that turn the direction of text. */
const UNSEEN = String.raw`[\x00-\x20\x7f-\xa0\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f\u2060\u2066-\u2069\u3000\ufeff]`;
const NO_EMOJI = new RegExp(UNSEEN, "u");
const BLANK = new RegExp(`^${UNSEEN}*$`, "u");
const SIGN = /(?![\0-\x7f])[\p{So}\p{Sm}\p{Sk}\p{Po}\p{Pd}\p{Me}ℹ\u{1f000}-\u{1faff}]/u;
const LETTER = /(?!ℹ)\p{L}/u;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Whether there is nothing to see. @param {string} text */
export function isBlank(text) {
  return BLANK.test(text);
}

/** The text as UTF-8 can carry it: half surrogates that have no other half become U+FFFD. @param {string} text */
export function wellFormed(text) {
  return decoder.decode(encoder.encode(text));
}

/**
 * Whether it may be a reaction, or, as nothing, take one back: signs that can be seen, and no words. Which signs are emoji depends
 * on the year.
 * @param {unknown} emoji
 * @returns {emoji is string}
 */
export function isEmoji(emoji) {
  if (
    typeof emoji !== "string" ||
    emoji.length > MAX_EMOJI_UNITS ||
    emoji !== wellFormed(emoji) ||
    NO_EMOJI.test(emoji)
  ) {
    return false;
  }
  return emoji === "" || (SIGN.test(emoji) && !LETTER.test(emoji));
}
