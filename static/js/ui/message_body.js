// How much of a text is shown at first, and how large. Pure.

const MOST = 4_000;
/** Of what is longer, so much is shown. */
const FOLDED = 1_200;
/** So far back a fold looks for a blank to end at. */
const BACK = 200;

const PICTURES =
  /^(?:\p{Regional_Indicator}{2}|\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F)(?:[\u200D\uFE0F\p{Emoji_Modifier}\p{Extended_Pictographic}])*$/u;
/** No more code units than three emoji of the longest kind. */
const LONGEST = 48;
const FEW = 3;

/**
 * Where a long text is folded; its whole length where it is not.
 *
 * @param {string} text
 */
export function foldedAt(text) {
  if (text.length <= MOST) {
    return text.length;
  }
  const blank = text.slice(FOLDED - BACK, FOLDED).search(/\s\S*$/);
  const end = blank < 0 ? FOLDED : FOLDED - BACK + blank;
  return isLow(text, end) ? end - 1 : end;
}

/**
 * A few emoji and nothing else, to be drawn large.
 *
 * @param {string} text
 */
export function isPicture(text) {
  const said = text.trim();
  if (said === "" || said.length > LONGEST || /[\p{L}\p{N}]/u.test(said[0])) {
    return false;
  }
  const signs = [...new Intl.Segmenter().segment(said)]
    .map(({ segment }) => segment)
    .filter((sign) => sign.trim() !== "");
  return signs.length <= FEW && signs.every((sign) => PICTURES.test(sign));
}

/**
 * Whether the second half of a character stands there.
 *
 * @param {string} text
 * @param {number} index
 */
function isLow(text, index) {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
