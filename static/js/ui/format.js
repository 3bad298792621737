// What somebody wrote → what it means: a small safe subset of what people type in chats. Pure: text in, a tree out; the tree
// is drawn by render_format.js.
//
//   **bold**   *italic*   _italic_   `code`   ```a block of code```   http://… and https://…
//
// The rules, which keep it safe and its cost linear in the length of the text whatever somebody sends:
//
// - Code first, then links, then the rest: nothing inside code or a link has a meaning of its own.
// - A mark opens before a word and closes behind one, in one line; one without the other stands as it is. Of each mark at
//   most one is open, so a tree is never deeper than three.
// - A link is http or https with a host and without a user: `https://bank.example@evil.example` is text. It has no invisible
//   characters in it, and its text is where it leads: the host as the browser will ask for it, so in ASCII.

/**
 * @typedef {{type: "text", text: string}} Text
 * @typedef {{type: "code", text: string}} Code
 * @typedef {{type: "block", text: string}} Block
 * @typedef {{type: "link", href: string, text: string}} Link
 * @typedef {{type: "bold" | "italic", children: Inline[]}} Strong
 * @typedef {Text | Code | Link | Strong} Inline
 * @typedef {Inline | Block} Node
 */

/** Only what has one of these can mean more than its letters. */
const MARKS = /[*_`]|https?:\/\//i;

const FENCE = "```";
/** The language after an opening fence, which nobody sees. */
const LANGUAGE = /^[\w+#.-]*\n/;

/** Up to a blank, a quote or bracket that cannot be in an address, or a character that nobody sees. */
const ADDRESS = /https?:\/\/[^\s<>"`\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]+/giu;
const AT_ITS_END = /[.,;:!?'"*_~…]/;

const MARK = /\*+|_+|\n/g;
const WORD = /^[\p{L}\p{N}]/u;
const BLANK = /^\s/u;
/** What code and links are to a mark beside them: neither a blank nor a letter. */
const THING = "`";

/** What each run of marks is made of, from outside in.
 * @type {Readonly<Record<string, ("**" | "*" | "_")[]>>} */
const RUNS = Object.freeze({ "***": ["**", "*"], "**": ["**"], "*": ["*"], _: ["_"] });

/**
 * @param {string} text
 * @returns {Node[]}
 */
export function format(text) {
  if (!MARKS.test(text)) {
    return text === "" ? [] : [{ type: "text", text }];
  }
  /** @type {Node[]} */
  const nodes = [];
  let from = 0;
  for (const { start, end, inside } of fenced(text)) {
    nodes.push(...inlines(text.slice(from, start)), { type: "block", text: inside });
    from = end + (text[end] === "\n" ? 1 : 0);
  }
  return [...nodes, ...inlines(text.slice(from))];
}

/**
 * The blocks of code: where they begin and end, and what is in them.
 *
 * @param {string} text
 */
function* fenced(text) {
  let start = text.indexOf(FENCE);
  while (start >= 0) {
    const close = text.indexOf(FENCE, start + FENCE.length);
    if (close < 0) {
      return;
    }
    const inside = text
      .slice(start + FENCE.length, close)
      .replace(LANGUAGE, "")
      .replace(/\n$/, "");
    if (inside.trim() !== "") {
      const end = close + FENCE.length;
      yield { start: text[start - 1] === "\n" ? start - 1 : start, end, inside };
      start = text.indexOf(FENCE, end);
    } else {
      start = close;
    }
  }
}

/**
 * @param {string} text
 * @returns {Inline[]}
 */
function inlines(text) {
  const said = [...pieces(text)].filter((piece) => piece.text !== "");
  const line = new Line();
  said.forEach((piece, index) => {
    line.take(piece, index + 1 < said.length);
  });
  return line.end();
}

/**
 * @param {string} text
 * @returns {Generator<Text | Code | Link>}
 */
function* pieces(text) {
  for (const piece of coded(text)) {
    if (piece.type === "code") {
      yield piece;
    } else {
      yield* linked(piece.text);
    }
  }
}

/**
 * Text and `code` in turn. Code is in one line and not empty.
 *
 * @param {string} text
 * @returns {Generator<Text | Code>}
 */
function* coded(text) {
  let from = 0;
  let open = text.indexOf("`");
  while (open >= 0) {
    const close = text.indexOf("`", open + 1);
    const inside = close < 0 ? "" : text.slice(open + 1, close);
    if (inside.trim() === "" || inside.includes("\n")) {
      open = close;
      continue;
    }
    yield { type: "text", text: text.slice(from, open) };
    yield { type: "code", text: inside };
    from = close + 1;
    open = text.indexOf("`", from);
  }
  yield { type: "text", text: text.slice(from) };
}

/**
 * Text and links in turn.
 *
 * @param {string} text
 * @returns {Generator<Text | Link>}
 */
function* linked(text) {
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const typed = withoutItsEnd(found);
    const link = linkTo(typed);
    if (link !== null) {
      yield { type: "text", text: text.slice(from, index) };
      yield link;
      from = index + typed.length;
    }
  }
  yield { type: "text", text: text.slice(from) };
}

/**
 * An address without what ends the sentence or closes the bracket around it.
 *
 * @param {string} typed
 */
function withoutItsEnd(typed) {
  const balance = { ")": count(typed, "(") - count(typed, ")"), "]": count(typed, "[") - count(typed, "]") };
  let end = typed.length;
  for (; end > 0; end -= 1) {
    const last = typed[end - 1];
    if ((last === ")" || last === "]") && balance[last] < 0) {
      balance[last] += 1;
    } else if (!AT_ITS_END.test(last)) {
      break;
    }
  }
  return typed.slice(0, end);
}

/**
 * @param {string} text
 * @param {string} character
 */
function count(text, character) {
  let number = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
    number += 1;
  }
  return number;
}

/**
 * @param {string} typed
 * @returns {Link | null}
 */
function linkTo(typed) {
  const url = URL.canParse(typed) ? new URL(typed) : null;
  const after = typed.indexOf("//") + 2;
  const rest = typed.slice(after).search(/[/?#]/);
  const authority = rest < 0 ? typed.slice(after) : typed.slice(after, after + rest);
  const named = url !== null && url.hostname !== "" && authority !== "";
  if (!named || authority.includes("@") || url.username !== "" || url.password !== "") {
    return null;
  }
  const asTyped = rest < 0 ? "" : typed.slice(after + rest);
  return { type: "link", href: url.href, text: url.origin + shown(asTyped, url) };
}

/**
 * What follows the host, as it was typed unless the browser will ask for something else.
 *
 * @param {string} typed
 * @param {URL} url
 */
function shown(typed, url) {
  const asked = url.pathname + url.search + url.hash;
  return same(typed, asked) || (asked === "/" && typed === "") ? typed : asked;
}

/**
 * Whether two differ in nothing but how their characters are written.
 *
 * @param {string} one
 * @param {string} other
 */
function same(one, other) {
  try {
    return one === other || encodeURI(one).replaceAll("%25", "%") === other;
  } catch {
    return false;
  }
}

/** @typedef {"**" | "*" | "_"} Mark */
/** @typedef {{mark: Mark, nodes: Inline[]}} Open A mark that may be closed later, and what came since. */

/** What is bold and what italic, taken in piece by piece. */
class Line {
  constructor() {
    /** @type {Inline[]} */
    this.nodes = [];
    /** @type {Open[]} */
    this.open = [];
    /** What came last. */
    this.before = "";
  }

  /**
   * @param {Text | Code | Link} piece
   * @param {boolean} more Whether something follows.
   */
  take(piece, more) {
    if (piece.type !== "text") {
      this.#add(piece);
      this.before = THING;
      return;
    }
    const { text } = piece;
    let from = 0;
    for (const { 0: run, index } of text.matchAll(MARK)) {
      this.#text(text.slice(from, index));
      from = index + run.length;
      this.#mark(run, text.slice(from, from + 2) || (more ? THING : ""));
    }
    this.#text(text.slice(from));
  }

  /** What is left open stands as it was typed. */
  end() {
    this.#abandon(0);
    return this.nodes;
  }

  /** @param {Inline} node */
  #add(node) {
    const nodes = this.open.at(-1)?.nodes ?? this.nodes;
    const last = nodes.at(-1);
    if (node.type === "text" && last?.type === "text") {
      last.text += node.text;
    } else {
      nodes.push(node);
    }
  }

  /** @param {string} text */
  #text(text) {
    if (text !== "") {
      this.#add({ type: "text", text });
      this.before = text;
    }
  }

  /**
   * @param {string} run
   * @param {string} after
   */
  #mark(run, after) {
    const marks = RUNS[run];
    const before = lastOf(this.before);
    if (run === "\n") {
      this.#abandon(0);
    }
    if (marks === undefined || !(this.#closes(marks, before, after) || this.#opens(marks, before, after))) {
      this.#text(run);
    }
    this.before = run;
  }

  /**
   * @param {Mark[]} marks
   * @param {string} before
   * @param {string} after
   */
  #closes(marks, before, after) {
    const places = marks.map((mark) => this.open.findIndex((each) => each.mark === mark));
    if (places.includes(-1) || BLANK.test(before) || WORD.test(after)) {
      return false;
    }
    for (const place of places.sort().reverse()) {
      this.#abandon(place + 1);
      const { mark, nodes } = /** @type {Open} */ (this.open.pop());
      this.#add({ type: mark === "**" ? "bold" : "italic", children: nodes });
    }
    return true;
  }

  /**
   * @param {Mark[]} marks
   * @param {string} before
   * @param {string} after
   */
  #opens(marks, before, after) {
    const taken = this.open.some(({ mark }) => marks.includes(mark));
    if (taken || after === "" || BLANK.test(after) || WORD.test(before)) {
      return false;
    }
    this.open.push(...marks.map((mark) => ({ mark, nodes: [] })));
    return true;
  }

  /** Those from `depth` on are no marks after all. @param {number} depth */
  #abandon(depth) {
    while (this.open.length > depth) {
      const { mark, nodes } = /** @type {Open} */ (this.open.pop());
      this.#add({ type: "text", text: mark });
      for (const node of nodes) {
        this.#add(node);
      }
    }
  }
}

/** @param {string} text */
function lastOf(text) {
  const low = text.at(-1) ?? "";
  return /[\uDC00-\uDFFF]/.test(low) ? text.slice(-2) : low;
}
